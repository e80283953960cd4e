import { spawnSync } from 'node:child_process';
import { mkdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { snapshotIdOf } from '../../../src/shared/snapshot-id.ts';
import { formatSize } from '../../../src/shared/units.ts';
import { makeDataSet } from '../data-set.ts';
import { measure, medianOf, settleDisk, type Measured } from '../measure.ts';
import { seconds } from '../report.ts';
import type { Bench } from '../secondary.ts';
import { sealFor } from './prune.ts';
import type { Section } from './section.ts';

const JOB = 'job36';
const DAY = 86_400_000;

/** The times of the first manifest are compared with sha256sum over the same files. */
const MOST = 1.2;

/** Snapshots of the last cycle, which shows how memory grows with their number. */
const MANY = 32;

type Figure = 'sums' | 'first' | 'find' | 'next' | 'cycle' | 'many';

/** What anybody would type to make such a manifest. */
const SUMS = 'cd "$0" && find . -type f -print0 | LC_ALL=C sort -z | xargs -0 sha256sum > /dev/null';

/** The first manifest compared with sha256sum, that of a snapshot with nothing new with `find -printf`, and a whole cycle. */
export const scrubSection: Section = async ({ bench, sizes, report, say }) => {
  const job = join(bench.roots.gate, JOB);
  const [first, second] = makeSnapshots(bench, job, sizes.files, sizes.bytes);
  const seal = join(job, `${second}.sealed`);
  const aside = join(bench.directory, 'aside', `${second}.sealed`);
  const figures: Record<Figure, Measured[]> = { sums: [], first: [], find: [], next: [], cycle: [], many: [] };
  for (let round = 0; round < sizes.repeats; round += 1) {
    forget(bench, job);
    renameSync(seal, aside);
    settleDisk();
    figures.sums.push(await measure([{ argv: [...bench.asAccount, 'sh', '-c', SUMS, join(job, first)] }]));
    figures.first.push(await measure([scrubCommand(bench, 'manifests', 'bench', '--job', JOB)]));
    renameSync(aside, seal);
    const find = ['find', join(job, second), '-printf', '%i %p\\n'];
    figures.find.push(await measure([{ argv: [...bench.asAccount, ...find] }]));
    figures.next.push(await measure([scrubCommand(bench, 'manifests', 'bench', '--job', JOB)]));
    figures.cycle.push(await measure([scrubCommand(bench, 'bench', '--all', '--job', JOB)]));
    say(`scrub ${round + 1}/${sizes.repeats}`);
  }
  addSnapshots(bench, job, first, MANY - 2);
  figures.many.push(await measure([scrubCommand(bench, 'bench', '--all', '--job', JOB)]));
  say(`scrub of ${MANY} snapshots`);
  const of = (what: Figure) => medianOf(figures[what]);
  const section = `Scrub: two snapshots of ${sizes.files} files, all linked, read from memory`;
  const row = (scenario: string, what: string, measured: Measured, beside?: Measured) => {
    const ratio = beside === undefined ? {} : { ratio: measured.wallMs / beside.wallMs };
    report.rows.push({ section, scenario, what, measured, ...ratio });
  };
  row('first manifest', 'find, sort, sha256sum', of('sums'));
  row('first manifest', 'offsite-scrub manifests', of('first'), of('sums'));
  row('manifest with nothing new', 'find -printf', of('find'));
  row('manifest with nothing new', 'offsite-scrub manifests', of('next'), of('find'));
  row('a whole cycle', 'offsite-scrub --all', of('cycle'), of('sums'));
  row(`${MANY} snapshots: their manifests, and a whole cycle`, 'offsite-scrub --all', of('many'), of('cycle'));
  const limit = MOST * of('sums').wallMs;
  report.budgets.push({
    name: 'first manifest, time',
    limit: `${MOST} × sha256sum = ${seconds(limit)}`,
    found: seconds(of('first').wallMs),
    held: of('first').wallMs <= limit,
  });
  const peak = Math.max(
    ...Object.values(figures)
      .flat()
      .flatMap(({ peaks }) => peaks['offsite-scrub'] ?? 0),
  );
  report.budgets.push({ name: 'scrub, memory', limit: '100 MB', found: formatSize(peak), held: peak < 100e6 });
};

/** A command line of the scrub. Its first line says how node is started. */
function scrubCommand(bench: Bench, ...args: string[]) {
  const path = `PATH=${process.execPath.replace(/\/[^/]*$/, '')}:${process.env.PATH ?? ''}`;
  return {
    argv: [...bench.asAccount, 'env', path, bench.programs.scrub, ...args, '--config', bench.gateConfig],
    cwd: '/',
  };
}

/** More snapshots that share all files with the first, older than that. */
function addSnapshots(bench: Bench, job: string, first: string, more: number): void {
  const { uid, gid } = bench.account;
  for (let age = 2; age < 2 + more; age += 1) {
    const id = snapshotIdOf(new Date(Date.now() - age * DAY));
    spawnSync('cp', ['-al', first, id], { cwd: job });
    sealFor(job, JOB, id);
    if (process.getuid?.() === 0) spawnSync('chown', [`${uid}:${gid}`, `${id}.sealed`], { cwd: job });
  }
}

/** Two sealed snapshots that share all files; yields their ids, the older first. */
function makeSnapshots(bench: Bench, job: string, files: number, bytes: number): [string, string] {
  mkdirSync(job, { mode: 0o700 });
  const ids: [string, string] = [snapshotIdOf(new Date(Date.now() - DAY)), snapshotIdOf(new Date())];
  makeDataSet(join(job, ids[0]), { files, bytes, seed: 3 });
  spawnSync('cp', ['-al', ids[0], ids[1]], { cwd: job });
  for (const id of ids) sealFor(job, JOB, id);
  const { uid, gid } = bench.account;
  if (process.getuid?.() === 0) spawnSync('chown', ['-R', `${uid}:${gid}`, job]);
  return ids;
}

function forget(bench: Bench, job: string): void {
  const state = join(bench.directory, 'state/bench');
  rmSync(join(state, 'manifests'), { recursive: true, force: true });
  spawnSync('find', [job, '-maxdepth', '1', '-name', '*.sha256', '-delete']);
}
