import { spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { ENVIRONMENT, measure, median, medianOf, type Command, type Measured } from '../measure.ts';
import type { Section } from './section.ts';

const ROUNDS = 15;

/** Start-up of the programs compared with `node -e 0`, taking turns. */
export const startUpSection: Section = async ({ bench, report, say }) => {
  say('start-up');
  const { cli, gate, prune } = bench.programs;
  const node = process.execPath;
  const commands: Readonly<Record<string, Command>> = {
    'node -e 0': { argv: [node, '-e', '0'] },
    'offsite-rsync --version': { argv: [node, cli, '--version'] },
    'offsite-rsync --help': { argv: [node, cli, '--help'] },
    'offsite-rsync config validate': {
      argv: [node, cli, 'config', 'validate', '--config', join(bench.directory, 'missing.yaml')],
      done: [2],
    },
    'offsite-gate --version': { argv: [node, gate, '--version'] },
    'offsite-prune --version': { argv: [node, prune, '--version'] },
  };
  const found = new Map<string, Measured[]>();
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const [what, command] of Object.entries(commands)) {
      found.set(what, [...(found.get(what) ?? []), await measure([command])]);
    }
  }
  const wall = (what: string) => median((found.get(what) ?? []).map(({ wallMs }) => wallMs));
  const standard = wall('node -e 0');
  for (const [what, all] of found) {
    const measured = medianOf(all);
    const ratio = what === 'node -e 0' ? {} : { ratio: measured.wallMs / standard };
    report.rows.push({ section: 'Start-up', scenario: 'start', what, measured, ...ratio });
  }
  const version = wall('offsite-rsync --version');
  report.budgets.push({
    name: 'offsite-rsync --version',
    limit: '120 ms and 2 × node -e 0',
    found: `${version.toFixed(0)} ms, ${(version / standard).toFixed(2)} ×`,
    held: version < 120 && version <= 2 * standard,
  });
};

/** Planning the retention of 10,000 snapshots: the first plan of a fresh process, as in prune. */
export const planningSection: Section = ({ report, say }) => {
  say('planning');
  const program = join(dirname(process.argv[1] ?? ''), 'plan-once.mjs');
  const times = Array.from({ length: ROUNDS }, () => {
    const { stdout, stderr } = spawnSync(process.execPath, [program], { encoding: 'utf8', env: ENVIRONMENT });
    const [time = Number.NaN, going = 0] = stdout.trim().split(' ').map(Number);
    if (!(going > 9000)) throw new Error(`The plan of 10,000 snapshots is not what it must be: ${stdout}${stderr}`);
    return time;
  });
  report.budgets.push({
    name: 'planning the retention of 10,000 snapshots, the first plan of a process',
    limit: '100 ms of processor time',
    found: `${median(times).toFixed(0)} ms`,
    held: median(times) < 100,
  });
  return Promise.resolve();
};
