import { copyFile, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { makePrimary, type Primary } from '../ssh/support/primary.ts';
import { fillSampleTree } from '../ssh/support/sample-tree.ts';
import { startSecondary, type Secondary } from '../ssh/support/secondary.ts';

let vault: Secondary;
let attic: Secondary;
let primary: Primary;

beforeEach(async () => {
  vault = await startSecondary();
  attic = await startSecondary();
  primary = await makePrimary(vault, 'postgres');
  await fillSampleTree(primary.source);
});
afterEach(async () => {
  await primary.stop();
  await vault.stop();
  await attic.stop();
});

/** Gives the job a second target, and changes its options. */
async function configure(job: object): Promise<void> {
  await primary.configure({ job: { targets: ['vault', 'attic'], ...job } });
  const { sshd, line } = attic;
  const at = (name: string) => join(primary.directory, name);
  await copyFile(sshd.clientKey, at('attic-key'));
  await writeFile(at('attic-known'), sshd.knownHosts(line.host, line.port), { mode: 0o600 });
  const port = String(line.port);
  Object.assign(primary.environment, { ATTIC_HOST: line.host, ATTIC_PORT: port, ATTIC_USER: sshd.account.name });
  const config = JSON.parse(await readFile(primary.config, 'utf8')) as { targets: Record<string, object> };
  config.targets.attic = {
    ...config.targets.vault,
    ...{ host: { env: 'ATTIC_HOST' }, port: { env: 'ATTIC_PORT' }, user: { env: 'ATTIC_USER' } },
    ...{ identity: { file: at('attic-key') }, known_hosts: { file: at('attic-known') } },
  };
  await writeFile(primary.config, JSON.stringify(config));
}

interface Event {
  readonly event: string;
  readonly target: string;
}

const eventsOf = (stdout: string) =>
  stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Event);
const startsAndEnds = (events: readonly Event[]) =>
  events.flatMap(({ event, target }) => (event.startsWith('run-') ? [`${event.slice(4)} ${target}`] : []));

describe('a job with two targets', () => {
  it('is sent to one after the other', async () => {
    await configure({});
    const { code, stdout } = await primary.call('run', 'postgres', '--json');
    expect(code).toBe(0);
    expect(startsAndEnds(eventsOf(stdout))).toEqual([
      'started vault',
      'finished vault',
      'started attic',
      'finished attic',
    ]);
    for (const secondary of [vault, attic]) expect(await secondary.sealed('postgres')).toHaveLength(1);
  });

  it('is sent to both at the same time with parallel: true', async () => {
    await configure({ parallel: true });
    const { code, stdout } = await primary.call('run', 'postgres', '--json');
    expect(code).toBe(0);
    const events = startsAndEnds(eventsOf(stdout));
    expect(events.slice(0, 2)).toEqual(['started vault', 'started attic']);
    expect(events.slice(2).sort()).toEqual(['finished attic', 'finished vault']);
    for (const secondary of [vault, attic]) expect(await secondary.sealed('postgres')).toHaveLength(1);
    expect((await primary.history()).map(({ target }) => target).sort()).toEqual(['attic', 'vault']);
  });

  it.each([false, true])(
    'that fails on one is secured on the other, and fails as a whole (parallel: %s)',
    async (parallel) => {
      await configure({ parallel, retry: { attempts: 1 } });
      await vault.line.hangUp();
      const { code, stdout, stderr } = await primary.call('run', 'postgres');
      await vault.line.listen();
      expect(code).toBe(10);
      expect(stdout).toContain('postgres → vault: not secured (exit 10)');
      expect(stdout).toContain('postgres → attic: secured as ');
      expect(stderr).toContain('postgres → vault: ');
      expect(await attic.sealed('postgres')).toHaveLength(1);
      const outcomes = (await primary.history()).map(({ target, outcome }) => `${String(target)} ${String(outcome)}`);
      expect(outcomes.sort()).toEqual(['attic done', 'vault could-not-connect']);
    },
  );
});
