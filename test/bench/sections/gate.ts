import { readFileSync } from 'node:fs';
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { checkArguments } from '../../../src/rsync/arguments.ts';
import { parseSnapshotId } from '../../../src/shared/snapshot-id.ts';
import { setUpController } from '../controller.ts';
import { measure, median, medianOf, run, type Measured } from '../measure.ts';
import { ALIAS } from '../secondary.ts';
import type { Section } from './section.ts';

const ROUNDS = 15;

/**
 * How long the gate takes until it starts rrsync. The gate is started as sshd would start it, with the words of a real
 * verification, and notes the time itself (`accepted` in its log) just before it starts rrsync.
 */
export const gateSection: Section = async ({ bench, report, say }) => {
  say('gate');
  const source = join(bench.directory, 'source-gate');
  await mkdir(source);
  await writeFile(join(source, 'file'), 'content\n');
  const controller = setUpController(bench, source, 'gate', ['job39']);
  const job = 'job39';
  await run(controller.run('gate', job));
  const id = parseSnapshotId(controller.latest('gate', job));
  if (id === undefined) throw new Error('The run left no snapshot');

  const recorder = join(bench.directory, 'recorder');
  const recorded = join(bench.directory, 'recorded');
  await writeFile(recorder, `#!/bin/sh\nshift\nprintf '%s' "$*" > ${recorded}\nexit 1\n`);
  await chmod(recorder, 0o755);
  const wire = {
    remoteShell: [recorder],
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
  const words = await readFile(recorded, 'utf8');

  // The clock starts where sshd's shell would start the gate, not where we become the account.
  const stamp = join(bench.directory, 'open/stamp');
  const started = [...bench.asAccount, 'sh', '-c', `date +%s%3N > ${stamp}; exec "$@"`, 'sh'];
  const argv = [...started, process.execPath, bench.programs.gate, '--config', bench.gateConfig, 'bench'];
  const env = { SSH_ORIGINAL_COMMAND: words, SSH_CONNECTION: '127.0.0.1 1 127.0.0.1 2' };
  const log = join(bench.directory, 'state/bench/gate.log');
  const untilStart: number[] = [];
  const all: Measured[] = [];
  const bare: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    bare.push((await measure([{ argv: [process.execPath, '-e', '0'] }])).wallMs);
    all.push(await measure([{ argv, env, done: [12] }])); // rsync finds nobody to talk to
    const began = Number(readFileSync(stamp, 'utf8'));
    const accepted = readFileSync(log, 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { event: string; time: string })
      .findLast(({ event }) => event === 'accepted');
    untilStart.push(new Date(accepted?.time ?? Number.NaN).getTime() - began);
  }
  const found = median(untilStart);
  report.rows.push({
    section: 'Gate',
    scenario: 'a session that ends at once',
    what: 'offsite-gate, rrsync',
    measured: medianOf(all),
  });
  report.budgets.push({
    name: 'gate, until it starts rrsync',
    limit: '80 ms',
    found: `${found.toFixed(0)} ms, ${(found / median(bare)).toFixed(2)} × node -e 0`,
    held: found <= 80,
  });
};
