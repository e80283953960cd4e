import { chmod, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { statePlaces } from '../../remote-scripts/store/places.ts';
import { checkArguments } from '../../src/rsync/arguments.ts';
import { parseSnapshotId } from '../../src/shared/snapshot-id.ts';
import { setUpController } from './controller.ts';
import { measure, run, type Measured } from './measure.ts';
import { ALIAS, type Bench } from './secondary.ts';

/** A gate and how it is started. */
export interface GateProgram {
  readonly path: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** Sessions with a gate that is started as sshd would start it, with the words of a real verification. */
export interface GateSessions {
  /** One session, which rsync ends at once because there is no client. */
  session(gate: GateProgram): Promise<{ readonly measured: Measured; readonly untilRrsyncMs: number }>;
  /** `--check` of the host. */
  check(gate: GateProgram): Promise<Measured>;
  /** Makes the next session read the settings, as the first one after each change of them does. */
  forgetSettings(): Promise<void>;
}

/** @param job one of the gate's jobs; it gets a snapshot */
export async function prepareGateSessions(bench: Bench, job: string): Promise<GateSessions> {
  const at = (name: string) => join(bench.directory, `${name}-${job}`);
  const source = at('source');
  await mkdir(source);
  await writeFile(join(source, 'file'), 'content\n');
  const controller = setUpController(bench, source, `gate-${job}`, [job]);
  await run(controller.run('gate', job));
  const id = parseSnapshotId(controller.latest('gate', job));
  if (id === undefined) throw new Error('The run left no snapshot');

  await writeFile(at('recorder'), `#!/bin/sh\nshift\nprintf '%s' "$*" > ${at('recorded')}\nexit 1\n`);
  await chmod(at('recorder'), 0o755);
  const wire = {
    remoteShell: [at('recorder')],
    alias: ALIAS,
    secondary: 'gate',
    metadata: 'fake_super',
    hardLinks: true,
  } as const;
  const args = checkArguments(
    { ...wire, compress: true, timeoutSeconds: 300, stallMs: 900_000 },
    { source, job, id, exclude: [] },
    { extras: true },
  );
  await run({ argv: ['rsync', ...args], done: [12] });
  const words = await readFile(at('recorded'), 'utf8');

  // The clock starts when sshd's shell would start the gate, not when we switch to the account.
  const stamp = join(bench.directory, 'open/stamp');
  const started = [...bench.asAccount, 'sh', '-c', `date +%s.%N > ${stamp}; exec "$@"`, 'sh'];
  const argv = (path: string) => [...started, process.execPath, path, '--config', bench.gateConfig, 'bench'];
  const client = { SSH_ORIGINAL_COMMAND: words, SSH_CONNECTION: '127.0.0.1 1 127.0.0.1 2' };
  const state = join(bench.directory, 'state/bench');
  return {
    session: async ({ path, env }) => {
      const measured = await measure([{ argv: argv(path), env: { ...client, ...env }, done: [12] }]);
      const began = Number(await readFile(stamp, 'utf8')) * 1000;
      return { measured, untilRrsyncMs: (await lastAccepted(join(state, 'gate.log'))) - began };
    },
    check: ({ path, env = {} }) => measure([{ argv: [...argv(path), '--check'], env, done: [0, 1] }]),
    forgetSettings: () => rm(statePlaces(state).remembered, { force: true }),
  };
}

/** When the gate last noted that it is about to start rrsync. */
async function lastAccepted(log: string): Promise<number> {
  const accepted = (await readFile(log, 'utf8'))
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as { event: string; time: string })
    .findLast(({ event }) => event === 'accepted');
  return new Date(accepted?.time ?? Number.NaN).getTime();
}
