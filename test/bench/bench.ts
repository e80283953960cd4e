import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { arch, cpus, totalmem } from 'node:os';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { formatSize, parseSize } from '../../src/shared/units.ts';
import { renderReport, type Report } from './report.ts';
import { startBench } from './secondary.ts';
import { dumpsSection } from './sections/dumps.ts';
import { gateSection } from './sections/gate.ts';
import { gateBuildsSection } from './sections/gate-builds.ts';
import { growthSection } from './sections/growth.ts';
import { limitsSection, othersSection } from './sections/others.ts';
import { pruneSection } from './sections/prune.ts';
import { modesSection } from './sections/modes.ts';
import { namesSection } from './sections/names.ts';
import { runSection } from './sections/run.ts';
import type { Section, Sizes } from './sections/section.ts';
import { scrubSection } from './sections/scrub.ts';
import { planningSection, startUpSection } from './sections/start-up.ts';

const SECTIONS: Readonly<Record<string, Section>> = {
  'start-up': startUpSection,
  planning: planningSection,
  gate: gateSection,
  'gate-builds': gateBuildsSection,
  run: runSection,
  modes: modesSection,
  dumps: dumpsSection,
  names: namesSection,
  others: othersSection,
  limits: limitsSection,
  growth: growthSection,
  scrub: scrubSection,
  prune: pruneSection, // last: it deletes (see putAside)
};

const HELP = `Usage: npm run bench [-- OPTIONS]

  --quick        small data set, no long sections: some three minutes
  --files N      small files in the data set (default: 50000; quick: 3000)
  --bytes SIZE   its size, such as 600MiB (default: 600MiB; quick: 48MiB)
  --repeats N    how often each thing is measured (default: 3; run beside the bare commands: 7; quick: 3)
  --only NAME    only this section; may be repeated: ${Object.keys(SECTIONS).join(', ')}
  --json FILE    where the figures are written (default: bench-results.json in the temporary directory)

Exit code 1 when a budget is broken.
`;

const [dist = '', packageFile = '', ...argv] = process.argv.slice(2);
process.exitCode = await main();

async function main(): Promise<number> {
  const { values } = parseArgs({
    args: argv,
    options: {
      quick: { type: 'boolean', default: false },
      files: { type: 'string' },
      bytes: { type: 'string' },
      repeats: { type: 'string' },
      only: { type: 'string', multiple: true, default: [] },
      json: { type: 'string', default: join(process.env.TMPDIR ?? '/tmp', 'bench-results.json') },
      help: { type: 'boolean', default: false },
    },
  });
  const unknown = values.only.filter((name) => !(name in SECTIONS));
  if (values.help || unknown.length > 0) {
    process.stderr.write(`${unknown.map((name) => `There is no section ${name}.\n`).join('')}${HELP}`);
    return unknown.length > 0 ? 2 : 0;
  }
  const { quick } = values;
  const sizes: Sizes = {
    quick,
    files: Number(values.files ?? (quick ? 3000 : 50_000)),
    bytes: parseSize(values.bytes ?? '') ?? (quick ? 48 : 600) * 2 ** 20,
    repeats: Number(values.repeats ?? 3),
    runRepeats: Number(values.repeats ?? (quick ? 3 : 7)),
  };
  const report: Report = { rows: [], budgets: [], skipped: [], notes: [] };
  const say = (text: string) => process.stderr.write(`bench: ${text}\n`);
  const began = performance.now();
  const bench = await startBench(dist);
  try {
    for (const [name, section] of Object.entries(SECTIONS)) {
      if (values.only.length === 0 || values.only.includes(name)) await section({ bench, sizes, report, say });
      else report.skipped.push(`${name} (--only)`);
    }
  } finally {
    await bench.stop();
  }
  const about = {
    version: (JSON.parse(readFileSync(packageFile, 'utf8')) as { version: string }).version,
    at: new Date().toISOString(),
    node: process.version,
    rsync: firstLine('rsync', '--version'),
    machine: `${arch()}, ${cpus().length} processors, ${formatSize(totalmem())} of memory`,
    sizes,
    seconds: Math.round((performance.now() - began) / 1000),
  };
  mkdirSync(dirname(values.json), { recursive: true });
  writeFileSync(values.json, `${JSON.stringify({ about, ...report }, null, 2)}\n`);
  process.stdout.write(`${renderReport(report)}\n`);
  say(`${about.rsync}, node ${about.node}, ${about.machine}; ${about.seconds} s; figures in ${values.json}`);
  const broken = report.budgets.filter(({ held }) => !held);
  for (const { name, limit, found } of broken) say(`BROKEN: ${name}: ${found}, allowed ${limit}`);
  return broken.length > 0 ? 1 : 0;
}

function firstLine(program: string, ...args: string[]): string {
  return spawnSync(program, args, { encoding: 'utf8' }).stdout.split('\n')[0] ?? '';
}
