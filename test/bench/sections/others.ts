import { cpSync, mkdirSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import { join } from 'node:path';
import { makeDataSet } from '../data-set.ts';
import { measure, medianOf, run, type Measured } from '../measure.ts';
import { seconds } from '../report.ts';
import { RIVALS, type Rival } from '../rivals.ts';
import type { Scene, Section } from './section.ts';

const SCENARIOS = ['first', 'nothing changed', '1 % changed', 'a new dated dump', 'verify all', 'restore'] as const;
type Scenario = (typeof SCENARIOS)[number];

/** The same data set with our program and with others, taking turns step by step. */
export const othersSection: Section = async (scene) => {
  const { bench, sizes, report, say } = scene;
  const source = join(bench.directory, 'source-others');
  const section = `Beside other programs${sizes.quick ? ', once each' : ''} (ratio: to ours)`;
  const found = new Map<string, Measured[]>();
  const note = (key: string, measured: Measured) => found.set(key, [...(found.get(key) ?? []), measured]);
  const rounds = sizes.quick ? 1 : sizes.repeats;
  for (let round = 0; round < rounds; round += 1) {
    const data = makeDataSet(source, { ...sizes, seed: 10 + round });
    const rivals = makeRivals(scene, source, `all${round}`, `job${20 + round}`);
    for (const rival of rivals) for (const command of rival.init) await run(command);
    for (const scenario of SCENARIOS) {
      if (scenario === '1 % changed') data.changeOnePercent();
      if (scenario === 'a new dated dump') data.addDump();
      // The first one warms the cache for the others, so each begins once.
      const turn = rivals.map((_, index) => rivals[(index + round) % rivals.length]);
      for (const rival of turn) {
        if (rival === undefined) continue;
        await delay(rival.pause ?? 0);
        const measured = await step(scene, rival, scenario);
        if (measured === undefined) continue;
        note(`${scenario}\n${rival.name}`, measured);
        say(`others ${round + 1}/${rounds}: ${scenario}, ${rival.name}: ${seconds(measured.wallMs)}`);
      }
    }
    for (const rival of rivals) bench.putAside(rival.place);
    bench.putAside(source);
  }
  await removeOld(scene, note);
  for (const scenario of [...SCENARIOS, REMOVAL]) {
    const standard = medianOf(found.get(`${scenario}\noffsite-rsync (gate)`) ?? []).wallMs;
    for (const [key, all] of found) {
      const [which, what = ''] = key.split('\n');
      if (which !== scenario) continue;
      const measured = medianOf(all);
      const ratio = what.startsWith('offsite-rsync') ? {} : { ratio: measured.wallMs / standard };
      report.rows.push({ section, scenario, what, measured, ...ratio });
    }
  }
};

function makeRivals({ bench, report }: Scene, source: string, label: string, job: string): Rival[] {
  return Object.entries(RIVALS).flatMap(([name, make]) => {
    const rival = make(bench, source, label, job);
    const missing = `${name} beside ours: it is not installed (apt-get install ${name})`;
    if (rival === undefined && !report.skipped.includes(missing)) report.skipped.push(missing);
    return rival ?? [];
  });
}

async function step({ bench, report }: Scene, rival: Rival, scenario: Scenario): Promise<Measured | undefined> {
  switch (scenario) {
    case 'first':
    case 'nothing changed':
    case '1 % changed':
    case 'a new dated dump':
      return measure([rival.backup], bench.ends);
    case 'verify all': {
      const missing = `verification by ${rival.name}: it has none`;
      if (rival.verify !== undefined) return measure([rival.verify], bench.ends);
      if (!report.skipped.includes(missing)) report.skipped.push(missing);
      return undefined;
    }
    case 'restore': {
      const to = join(bench.directory, 'restored');
      mkdirSync(to);
      const measured = await measure([rival.restore(to)], bench.ends);
      bench.putAside(to);
      return measured;
    }
    default:
      return scenario satisfies never;
  }
}

const GOING = 30;
const REMOVAL = `remove ${GOING} old snapshots of a smaller set`;

/**
 * Thirty-one real backups of each, with one per cent changed before each; then all but the newest are removed. Measured
 * once.
 */
async function removeOld(scene: Scene, note: (key: string, measured: Measured) => void): Promise<void> {
  const { bench, sizes, say } = scene;
  if (sizes.quick) {
    scene.report.skipped.push('removal of 30 old snapshots beside other programs (--quick)');
    return;
  }
  const source = join(bench.directory, 'source-removal');
  const data = makeDataSet(source, { files: 1000, bytes: 8 << 20, seed: 20 });
  const rivals = makeRivals(scene, source, 'removal', 'job34');
  for (const rival of rivals) for (const command of rival.init) await run(command);
  for (let number = 0; number <= GOING; number += 1) {
    data.changeOnePercent();
    for (const rival of rivals) {
      await delay(rival.pause ?? 0);
      await run(rival.backup);
    }
    if (number % 10 === 0) say(`others: ${number} of ${GOING + 1} snapshots to remove are made`);
  }
  for (const rival of rivals) {
    rival.age?.();
    note(`${REMOVAL}\n${rival.name}`, await measure(rival.removeOld, bench.ends));
    const left = await rival.snapshots();
    if (left !== 1) throw new Error(`${rival.name} was to leave one snapshot, and left ${left}`);
  }
  for (const rival of rivals) bench.putAside(rival.place);
  bench.putAside(source);
}

const PARTS = [2, 4];

/** What would help if rsync itself is the limit: nothing has changed, and every file is linked again. */
export const limitsSection: Section = async ({ bench, sizes, report, say }) => {
  const source = join(bench.directory, 'source-limits');
  const root = join(bench.directory, 'limits');
  makeDataSet(source, { files: sizes.files, bytes: sizes.files * 1000, seed: 30 });
  mkdirSync(root);
  cpSync(source, join(root, 'base'), { recursive: true, preserveTimestamps: true });
  const lists = PARTS.map((parts) => partition(source, parts));
  const rsync = (...words: string[]) => `rsync -a --link-dest=${root}/base/ ${words.join(' ')}`;
  const ways: Readonly<Record<string, string>> = {
    'one rsync --link-dest': rsync(`${source}/`, `${root}/new/`),
    ...Object.fromEntries(
      lists.map((names, index) => [
        `${PARTS[index] ?? 0} rsyncs --link-dest, each on a part`,
        `mkdir ${root}/new; ${names
          .map((part) => rsync('--relative', ...part.map((name) => `${source}/./${name}`), `${root}/new/`))
          .join(' & ')} & wait`,
      ]),
    ),
    'cp -al, then rsync': `cp -al ${root}/base ${root}/new && rsync -a --delete ${source}/ ${root}/new/`,
    'cp -al alone': `cp -al ${root}/base ${root}/new`,
  };
  const found = new Map<string, Measured[]>();
  for (let round = 0; round < sizes.repeats; round += 1) {
    for (const [what, script] of Object.entries(ways)) {
      const measured = await measure([{ argv: ['sh', '-c', script] }]);
      found.set(what, [...(found.get(what) ?? []), measured]);
      say(`limits ${round + 1}/${sizes.repeats}: ${what}: ${seconds(measured.wallMs)}`);
      spawnSync('rm', ['-rf', `${root}/new`]);
    }
  }
  const standard = medianOf(found.get('one rsync --link-dest') ?? []).wallMs;
  for (const [what, all] of found) {
    const measured = medianOf(all);
    const ratio = what.startsWith('one') ? {} : { ratio: measured.wallMs / standard };
    report.rows.push({
      section: `What would help rsync: ${sizes.files} unchanged files, without ssh`,
      scenario: 'link all',
      what,
      measured,
      ...ratio,
    });
  }
  bench.putAside(source);
  bench.putAside(root);
};

/** Directories of the second level, dealt out in turn. */
function partition(source: string, parts: number): string[][] {
  const { stdout } = spawnSync('find', ['.', '-mindepth', '3', '-maxdepth', '3', '-type', 'd', '-printf', '%P\n'], {
    cwd: source,
    encoding: 'utf8',
  });
  const names = stdout.trim().split('\n');
  return Array.from({ length: parts }, (_, part) => names.filter((_, index) => index % parts === part));
}
