import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Primary, type ProgramEnd } from '../ssh/support/primary.ts';
import { startSecured } from '../ssh/support/secured.ts';
import type { Secondary } from '../ssh/support/secondary.ts';
import { until } from '../support/until.ts';

const UNIT = 'offsite-rsync@postgres.service';
let secondary: Secondary;
let primary: Primary;
let invocations = 0;

beforeAll(async () => {
  const secured = await startSecured();
  ({ secondary, primary } = secured);
  return () => secured.stop();
});

afterEach(async () => {
  primary.wrapper = [];
  const { environment } = primary;
  for (const name of Object.keys(environment)) {
    if (/^(MONITOR_|INVOCATION_ID)/.test(name)) Reflect.deleteProperty(environment, name);
  }
  await primary.configure();
});

/** What follows is started by systemd. */
function asUnit(): void {
  invocations += 1;
  primary.environment.INVOCATION_ID = invocations.toString(16).padStart(32, '0');
  primary.environment.RUNTIME_DIRECTORY = join(primary.directory, 'run');
}

/** What systemd does next when a unit has failed: it starts `OnFailure=`. */
function onFailure(status: string, code = 'exited'): Promise<ProgramEnd> {
  const { INVOCATION_ID: id = '' } = primary.environment;
  Object.assign(primary.environment, {
    MONITOR_SERVICE_RESULT: code === 'exited' ? 'exit-code' : 'signal',
    MONITOR_EXIT_CODE: code,
    MONITOR_EXIT_STATUS: status,
    MONITOR_INVOCATION_ID: id,
    INVOCATION_ID: 'f'.repeat(32),
  });
  return primary.call('alert', 'unit', UNIT);
}

const failing = async () => ((await primary.jobState()).failing as { count: number } | null)?.count ?? 0;

describe('a run that fails in a unit', () => {
  it('and has told it, is not told again', async () => {
    asUnit();
    await secondary.line.hangUp();
    const end = await primary.call('run', 'postgres');
    await secondary.line.listen();
    expect(end).toMatchObject({ code: 10, alerts: [{ event: 'failure' }] });
    expect((await onFailure('10')).alerts).toEqual([]);
    await primary.secure();
  });

  it('and reached nobody, because a second signal came, is told by its unit, and counted once', async () => {
    asUnit();
    const blocked = join(primary.directory, 'tell-slowly');
    await writeFile(blocked, '#!/bin/sh\necho begun >"$1"\nsleep 60\n', { mode: 0o755 });
    const begun = join(primary.directory, 'begun');
    const slow = { type: 'command', command: [blocked, begun], events: ['failure'], timeout: '60s' };
    await primary.configure({ top: { alerts: { channels: { slow } } } });
    await secondary.line.hangUp();
    const running = await primary.start('run', 'postgres');
    await until(() => readFile(begun, 'utf8').then(Boolean, () => false));
    running.child.kill('SIGTERM');
    running.child.kill('SIGTERM');
    await new Promise((resolve) => setTimeout(resolve, 200));
    running.child.kill('SIGTERM');
    const end = await running.ended;
    await secondary.line.listen();
    expect(end.alerts).toEqual([]);
    await primary.configure();
    const told = await onFailure(String(end.code));
    expect(told.alerts).toMatchObject([{ event: 'failure', job: 'postgres' }]);
    expect(told.alerts[0]?.body).toMatch(/Last sealed snapshot: 2/);
    expect(await failing()).toBe(1);
    await primary.secure();
  });

  it('and was killed after it had told of something, is told', async () => {
    asUnit();
    expect((await onFailure('KILL', 'killed')).alerts).toMatchObject([{ event: 'failure' }]);
    expect(await failing()).toBe(1);
    await primary.secure();
  });

  it('and did not come to its first line, is told', async () => {
    asUnit();
    const { alerts } = await onFailure('2');
    expect(alerts).toMatchObject([{ event: 'failure' }]);
    expect(alerts[0]?.body).toMatch(/exit code 2/);
    await primary.secure();
  });

  it('because its configuration is broken, is told once', async () => {
    asUnit();
    const text = await readFile(primary.config, 'utf8');
    await writeFile(primary.config, text.replace('"deadline":"2m"', '"deadline":"2 moons"'));
    expect(await primary.call('run', 'postgres')).toMatchObject({ code: 2, alerts: [{ event: 'failure' }] });
    expect((await onFailure('2')).alerts).toEqual([]);
  });
});

describe('a state directory that cannot be written', () => {
  it('is told once, with what is sealed', async () => {
    asUnit();
    const mapped = process.getuid?.() === 0 ? [] : ['--user', '--map-root-user'];
    const script = `mount --bind '${primary.state}' '${primary.state}'; mount -o remount,ro,bind '${primary.state}'; exec "$0" "$@"`;
    primary.wrapper = ['unshare', ...mapped, '--mount', '--propagation', 'private', 'sh', '-ec', script];
    const sealed = (await secondary.sealed('postgres')).at(-1);
    const end = await primary.call('run', 'postgres');
    expect(end).toMatchObject({ code: 2, alerts: [{ event: 'failure' }] });
    expect(end.alerts[0]?.body).toContain(`Last sealed snapshot: ${sealed}`);
    expect((await onFailure('2')).alerts).toEqual([]);
  });

  it('and cannot be read either, does not say that nothing was ever secured', async () => {
    await writeFile(join(primary.directory, 'no-directory'), '');
    await primary.configure({ top: { state_dir: join(primary.directory, 'no-directory') } });
    const end = await primary.call('run', 'postgres');
    expect(end.code).not.toBe(0);
    expect(end.alerts[0]?.body).not.toMatch(/nothing of it has been secured yet/);
    expect(end.alerts[0]?.body).toMatch(/Last sealed snapshot: not known/);
  });
});

describe('a second run at once', () => {
  it('is no failure of the backup: it warns that it did nothing, and says so', async () => {
    asUnit();
    await mkdir(join(primary.source, 'more'), { recursive: true });
    await writeFile(join(primary.source, 'more/big.dump'), Buffer.alloc(3 * 1024 * 1024, 'x'));
    await primary.configure({ target: { bandwidth_limit: '1MiB', compress: false } });
    const first = await primary.start('run', 'postgres');
    await until(() => first.said().includes('sending'));
    const second = await primary.call('run', 'postgres');
    expect(second.code).toBe(4);
    const alerts = second.alerts.filter(({ exit_code: code }) => code === 4);
    expect(alerts).toMatchObject([
      { event: 'warning', subject: expect.stringMatching(/another run .* is going on/) as string },
    ]);
    expect(alerts[0]?.body).toMatch(/^The backup postgres of \S+ was not sent to vault a second time: another run/);
    expect(alerts[0]?.body).not.toMatch(/NOT secured|nothing of it/);
    expect((await onFailure('4')).alerts).toEqual([]);
    expect(await first.ended).toMatchObject({ code: 0, alerts: expect.arrayContaining([]) as unknown });
    expect(await failing()).toBe(0);
  });
});
