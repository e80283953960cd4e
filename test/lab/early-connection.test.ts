import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { chmod, mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { loadConfig } from '../../src/config/load.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { runProcess } from '../../src/platform/process.ts';
import { runJob } from '../../src/run/run-job.ts';
import { createLearningRedactor } from '../../src/shared/redaction.ts';
import { expectFault } from '../ssh/support/fault.ts';
import { type Primary, type Running } from '../ssh/support/primary.ts';
import { argumentsOf, descendants, processesNaming } from '../support/processes.ts';
import { startSecured } from '../ssh/support/secured.ts';
import type { Secondary } from '../ssh/support/secondary.ts';
import { until } from '../support/until.ts';

let secondary: Secondary;
let primary: Primary;
const at = (name: string) => join(primary.directory, name);

beforeAll(async () => {
  const secured = await startSecured();
  ({ secondary, primary } = secured);
  await standBeforeRsyncAndSsh();
  return () => secured.stop();
});

beforeEach(async () => {
  await rm(at('handshakes'), { force: true });
  await rm(at('hold'), { force: true });
});

/** The walk of the source lasts as long as the file `hold` is there, and each handshake leaves a line in `handshakes`. */
async function standBeforeRsyncAndSsh(): Promise<void> {
  const real = (program: string) => spawnSync('which', [program], { encoding: 'utf8' }).stdout.trim();
  await mkdir(at('bin'));
  await writeFile(
    at('bin/rsync'),
    `#!/bin/sh
case " $* " in *" --list-only "*) while [ -e ${at('hold')} ]; do sleep 0.02; done ;; esac
exec ${real('rsync')} "$@"
`,
    { mode: 0o755 },
  );
  await writeFile(
    at('bin/ssh'),
    `#!/bin/sh
case " $* " in *" ControlMaster=yes "*) echo handshake >> ${at('handshakes')} ;; esac
exec ${real('ssh')} "$@"
`,
    { mode: 0o755 },
  );
  primary.environment.PATH = `${at('bin')}:${primary.environment.PATH}`;
}

/** Begins a command whose walk does not end before {@link walkOn}. */
async function startHeld(...words: string[]): Promise<Running> {
  await writeFile(at('hold'), '');
  return primary.start(...words);
}

const walkOn = () => rm(at('hold'));
const handshakes = () =>
  existsSync(at('handshakes')) ? readFileSync(at('handshakes'), 'utf8').split('\n').length - 1 : 0;
const begun = () => until(() => handshakes() > 0);
const connected = () => until(() => readdirSync(at('run')).some((run) => existsSync(at(`run/${run}/c`))));

function master(running: Running): number | undefined {
  return descendants(running.pid).find((pid) => argumentsOf(pid)?.includes('ControlMaster=yes'));
}

/** Process id of the ssh that sessions reach. */
function behindTheSocket(): number | undefined {
  const config = readdirSync(at('run')).map((run) => at(`run/${run}/ssh_config`))[0] ?? '';
  const { stderr } = spawnSync('ssh', ['-F', config, '-O', 'check', 'vault'], { encoding: 'utf8' });
  const pid = /Master running \(pid=(\d+)\)/.exec(stderr)?.[1];
  return pid === undefined ? undefined : Number(pid);
}

/** The end of a walk in this very process, while the connection stands. */
interface Walk {
  /** Process id of the connection's ssh. */
  readonly ssh: number;
  /** Lets so many milliseconds pass. */
  readonly pass: (ms: number) => void;
}

/**
 * Runs the job in this very process.
 * @param meanwhile called when the source is walked and the connection open
 * @returns what was recorded, and the process ids of ssh at the end of the walk and at the beginning of the push
 */
async function runHere(meanwhile: (walk: Walk) => unknown) {
  const settings = await loadConfig(primary.config);
  const [job, target] = [settings.jobs.get('postgres'), settings.targets.get('vault')];
  if (!job || !target) throw new Error('the configuration has both');
  let passed = 0;
  let walked = false;
  let before: number[] = [];
  let after: number[] = [];
  let answers: number | undefined;
  const connections = () =>
    processesNaming('ControlMaster=yes').filter((pid) => processesNaming(at('run')).includes(pid));
  const record = await runJob(
    { settings, job, target, force: false, signal: new AbortController().signal },
    {
      runProcess: async (spec) => {
        const end = await runProcess(spec);
        // The walk is the first listing; the verification lists the source once more, to read it.
        if (walked || !spec.args.includes('--list-only')) return end;
        walked = true;
        await connected();
        // The look for the socket that is due by now comes before the end of this longer sleep.
        await systemClock.sleep(100);
        before = connections();
        await meanwhile({ ssh: before[0] ?? 0, pass: (ms) => (passed += ms) });
        return end;
      },
      clock: { ...systemClock, monotonic: () => systemClock.monotonic() + passed },
      log: () => undefined,
      redactor: createLearningRedactor(),
      watched: false,
      observe: (event) => {
        if (event.event !== 'step-started' || event.step !== 'push') return;
        after = connections();
        answers = behindTheSocket();
      },
      environment: primary.environment,
      host: 'db1',
    },
  );
  // What the sessions go through is that very process.
  expect(after).toEqual([answers]);
  return { record, before, after };
}

function expectNothingLeft(): void {
  expect(processesNaming(`${primary.directory}/`)).toEqual([]);
  expect(readdirSync(at('run'))).toEqual([]);
}

/** Silent from now on: a handshake that is begun gets no answer, and would wait for minutes. */
async function freeze(change: Record<string, unknown> = {}): Promise<void> {
  await primary.configure({ target: { connect_timeout: '5m' }, job: change });
  secondary.line.freeze();
}

async function mend(): Promise<void> {
  secondary.line.mend();
  await primary.configure();
}

describe('the connection that is begun while the source is walked', () => {
  it.each([
    ['run', ['run', 'postgres']],
    ['run --dry-run', ['run', 'postgres', '--dry-run']],
    ['verify', ['verify', 'postgres']],
  ])('is the only one: %s', async (_, words) => {
    const running = await startHeld(...words);
    await connected();
    await walkOn();
    const end = await running.ended;
    expect(end.code, end.stderr).toBe(0);
    expect(handshakes()).toBe(1);
    expectNothingLeft();
  });

  it.each([
    ['its ssh was killed', ({ ssh }: Walk) => process.kill(ssh, 'SIGKILL')],
    ['the line broke', () => secondary.line.cut()],
  ])('is replaced within the attempt when %s meanwhile', async (_, end) => {
    const { record, before, after } = await runHere(async (walk) => {
      end(walk);
      await until(() => !existsSync(`/proc/${walk.ssh}`));
    });
    expect(record, record.reason).toMatchObject({ exitCode: 0, attempts: 1 });
    expect(after).not.toEqual(before);
    expectNothingLeft();
  });

  it.each([
    ['is used when it was open for less than 20 s', 15_000, true],
    ['is replaced within the attempt, and ended, when it was open for longer', 25_000, false],
  ])('%s', async (_, age, same) => {
    const { record, before, after } = await runHere(({ pass }) => pass(age));
    expect(record, record.reason).toMatchObject({ exitCode: 0, attempts: 1 });
    expect(after[0] === before[0]).toBe(same);
    expectNothingLeft();
  });
});

describe('a guard that objects', () => {
  const guard = { code: 16, says: /holds no file/, advises: /Look at the local backup job first/ };
  const empty = async () => {
    await rename(primary.source, `${primary.source}-away`);
    await mkdir(primary.source);
  };
  const fill = async () => {
    await rm(primary.source, { recursive: true });
    await rename(`${primary.source}-away`, primary.source);
  };

  it('ends a connection that is open already', async () => {
    await expectFault(primary, secondary, {
      ...guard,
      provoke: empty,
      undo: fill,
      run: async () => {
        const running = await startHeld('run', 'postgres');
        await connected();
        await walkOn();
        const end = await running.ended;
        expect(handshakes()).toBe(1);
        expectNothingLeft();
        return end;
      },
    });
  });

  it('does not wait for a handshake that gets no answer', async () => {
    await expectFault(primary, secondary, {
      ...guard,
      provoke: async () => {
        await empty();
        await freeze();
      },
      undo: async () => {
        await fill();
        await mend();
      },
      run: async () => {
        const running = await startHeld('run', 'postgres');
        await begun();
        await walkOn();
        const end = await running.ended;
        expect(end.took).toBeLessThan(30_000); // of the five minutes that ssh would have waited
        expectNothingLeft();
        return end;
      },
    });
  });

  it('is what is told, also when nothing listens there', () =>
    expectFault(primary, secondary, {
      ...guard,
      provoke: async () => {
        await empty();
        await secondary.line.hangUp();
      },
      undo: async () => {
        await fill();
        await secondary.line.listen();
      },
    }));

  it('is what is told, also when the private directory cannot be made', () =>
    expectFault(primary, secondary, {
      ...guard,
      provoke: async () => {
        await empty();
        await chmod(at('run'), 0o777);
      },
      undo: async () => {
        await fill();
        await chmod(at('run'), 0o700);
      },
    }));
});

it('a private directory that cannot be made is told when the guards have passed', () =>
  expectFault(primary, secondary, {
    provoke: () => chmod(at('run'), 0o777),
    undo: () => chmod(at('run'), 0o700),
    code: 2,
    says: /The runtime directory \S+ can be written by others/,
    advises: /./,
  }));

it('a handshake that failed during the walk is told by the first attempt, and the next one makes its own', async () => {
  await primary.configure({ job: { retry: { attempts: 2, delay: '100ms' } } });
  await secondary.line.hangUp();
  const running = await startHeld('run', 'postgres', '--json');
  await begun();
  await until(() => master(running) === undefined);
  await walkOn();
  const end = await running.ended;
  await secondary.line.listen();
  expect(end.code).toBe(10);
  const events = end.stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  const attempt = (number: number) => [
    { event: 'attempt-started', attempt: number },
    { event: 'step-started', step: 'connect' },
    { event: 'attempt-failed', attempt: number, outcome: 'could-not-connect' },
  ];
  expect(events).toMatchObject([
    { event: 'run-started' },
    { event: 'source-read' },
    ...attempt(1),
    ...attempt(2),
    { event: 'run-finished' },
  ]);
  expect(handshakes()).toBe(2);
  expectNothingLeft();
  await primary.configure();
  await primary.secure();
});

describe('during the walk', () => {
  const signalled = { code: 143, says: /ended by SIGTERM/, advises: /Start it again/ };

  it.each([
    ['SIGTERM ends a connection that is open', () => undefined, connected],
    ['SIGTERM ends a handshake that gets no answer', freeze, begun],
  ] as const)('%s', async (_, provoke: () => unknown, ready) => {
    await expectFault(primary, secondary, {
      ...signalled,
      provoke,
      undo: mend,
      run: async () => {
        const running = await startHeld('run', 'postgres');
        await ready();
        running.child.kill('SIGTERM');
        const end = await running.ended;
        expect(end.took).toBeLessThan(30_000);
        expectNothingLeft();
        await walkOn();
        return end;
      },
    });
  });

  it('the deadline ends a handshake that gets no answer', () =>
    expectFault(primary, secondary, {
      code: 13,
      says: /not finished within the deadline of 2\.0 s/,
      advises: /Raise the deadline of the job/,
      provoke: () => freeze({ deadline: '2s' }),
      undo: mend,
      run: async () => {
        const running = await startHeld('run', 'postgres');
        const end = await running.ended;
        expect(handshakes()).toBe(1);
        expect(end.took).toBeLessThan(30_000);
        expectNothingLeft();
        await walkOn();
        return end;
      },
    }));

  it.each([
    ['verify', ['verify', 'postgres']],
    ['run --dry-run', ['run', 'postgres', '--dry-run']],
  ])('SIGTERM ends %s and its connection', async (_, words) => {
    const running = await startHeld(...words);
    await connected();
    running.child.kill('SIGTERM');
    const end = await running.ended;
    expect(end.code).toBe(143);
    expectNothingLeft();
    await walkOn();
  });

  it('KILL leaves no ssh, and the next run succeeds', async () => {
    const running = await startHeld('run', 'postgres');
    await connected();
    running.child.kill('SIGKILL');
    await running.ended;
    await until(() => processesNaming(`${primary.directory}/`).length === 0);
    await walkOn();
    await primary.secure();
    expectNothingLeft();
  });
});
