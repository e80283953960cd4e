import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { formatSeal } from '../../../src/shared/seal.ts';
import { snapshotIdOf } from '../../../src/shared/snapshot-id.ts';
import { formatSize } from '../../../src/shared/units.ts';
import { makeDataSet } from '../data-set.ts';
import { measure, medianOf, settleDisk, type Measured } from '../measure.ts';
import { seconds } from '../report.ts';
import type { Bench } from '../secondary.ts';
import type { Section } from './section.ts';

/** Snapshots that go. */
export const GOING = 30;
const DAY = 86_400_000;

/** Prune compared with `rm -rf` of the same trees: thirty snapshots that share all files with the one that stays. */
export const pruneSection: Section = async ({ bench, sizes, report, say }) => {
  const { files } = sizes;
  const pruned: Measured[] = [];
  const removed: Measured[] = [];
  for (let round = 0; round < sizes.repeats; round += 1) {
    const steps = [
      async () => {
        makeSnapshots(bench, 'job38', files);
        settleDisk();
        pruned.push(await measure([pruneCommand(bench)]));
        const left = readdirSync(join(bench.roots.gate, 'job38')).length;
        if (left !== 2) throw new Error(`prune left ${left} entries instead of one snapshot and its seal`);
      },
      async () => {
        const ids = makeSnapshots(bench, 'job37', files);
        const job = join(bench.roots.gate, 'job37');
        const going = ids.slice(0, -1).flatMap((id) => [join(job, id), join(job, `${id}.sealed`)]);
        settleDisk();
        removed.push(await measure([{ argv: [...bench.asAccount, 'rm', '-rf', '--', ...going] }]));
        const left = readdirSync(job).length;
        if (left !== 2) throw new Error(`rm left ${left} entries instead of two`);
      },
    ];
    for (const step of round % 2 === 0 ? steps : steps.reverse()) await step();
    for (const job of ['job37', 'job38']) spawnSync('rm', ['-rf', join(bench.roots.gate, job)]);
    say(`prune ${round + 1}/${sizes.repeats}`);
  }
  const [prune, rm] = [medianOf(pruned), medianOf(removed)];
  const section = `Prune: ${GOING} snapshots of ${files} files, all linked`;
  report.rows.push({ section, scenario: 'remove', what: 'rm -rf', measured: rm });
  const ratio = prune.wallMs / rm.wallMs;
  report.rows.push({ section, scenario: 'remove', what: 'offsite-prune', measured: prune, ratio });
  const peak = Math.max(...Object.values(prune.peaks));
  const limit = 1.1 * rm.wallMs;
  report.budgets.push({
    name: 'prune, time',
    limit: `1.1 × rm -rf = ${seconds(limit)}`,
    found: `${seconds(prune.wallMs)}, ${ratio.toFixed(2)} ×`,
    held: prune.wallMs <= limit,
  });
  report.budgets.push({ name: 'prune, memory', limit: '100 MB', found: formatSize(peak), held: peak < 100e6 });
};

/** The command line of prune for the host of the benchmark. */
export function pruneCommand(bench: Bench) {
  return {
    argv: [...bench.asAccount, process.execPath, bench.programs.prune, 'bench', '--config', bench.gateConfig],
    cwd: '/',
  };
}

/** Makes one tree and {@link GOING} snapshots before it that share all of its files. Returns the ids, oldest first. */
function makeSnapshots(bench: Bench, job: string, files: number): string[] {
  const directory = join(bench.roots.gate, job);
  mkdirSync(directory, { mode: 0o700 });
  const now = Date.now();
  const ids = Array.from({ length: GOING + 1 }, (_, index) => snapshotIdOf(new Date(now - (GOING - index) * 2 * DAY)));
  const newest = ids.at(-1) ?? '';
  makeDataSet(join(directory, newest), { files, bytes: files * 500, seed: 2 });
  for (const id of ids.slice(0, -1)) spawnSync('cp', ['-al', newest, id], { cwd: directory });
  for (const id of ids) sealFor(directory, job, id);
  const { uid, gid } = bench.account;
  if (process.getuid?.() === 0) {
    spawnSync('chown', ['-R', `${uid}:${gid}`, newest, '.'], { cwd: directory });
  }
  return ids;
}

/** Writes a seal, as the gate would have. */
export function sealFor(directory: string, job: string, id: string): void {
  const time = new Date(`${id.slice(0, 13)}:${id.slice(13, 15)}:${id.slice(15)}`).toISOString();
  writeFileSync(
    join(directory, `${id}.sealed`),
    formatSeal({
      version: 1,
      id: snapshotIdOf(new Date(time)),
      job,
      started: time,
      finished: time,
      files: 1,
      bytes: 1000,
      verification: { mode: 'full', algorithm: 'xxh128', extras: 'checked', canary: 'checksum' },
      rsync: { version: '3.5.0', remoteProtocol: 32 },
      basis: null,
      receipt: { received: time, gate: 'bench' },
    }),
  );
}
