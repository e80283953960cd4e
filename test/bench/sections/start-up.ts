import { join } from 'node:path';
import { decideRetention } from '../../../src/shared/retention.ts';
import { snapshotIdOf } from '../../../src/shared/snapshot-id.ts';
import { measure, median, medianOf, type Command, type Measured } from '../measure.ts';
import type { Section } from './section.ts';

const ROUNDS = 15;

/** Start-up of the programs beside `node -e 0`, taking turns. */
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
  // A limit in milliseconds is about the program: what else the machine was doing shows least in the best of them.
  const best = Math.min(...(found.get('offsite-rsync --version') ?? []).map(({ wallMs }) => wallMs));
  report.budgets.push({
    name: 'offsite-rsync --version',
    limit: '120 ms (at best) and 2 × node -e 0 (in the middle)',
    found: `${best.toFixed(0)} ms, ${(version / standard).toFixed(2)} ×`,
    held: best < 120 && version <= 2 * standard,
  });
};

/** Planning what to keep of 10,000 snapshots, in this process. */
export const planningSection: Section = ({ report, say }) => {
  say('planning');
  const now = new Date('2026-11-23T12:00:00Z');
  const snapshots = Array.from({ length: 10_000 }, (_, index) => {
    const received = new Date(now.getTime() - index * 3_600_000);
    return { id: snapshotIdOf(received), received };
  });
  const policy = {
    last: 3,
    within: 2 * 86_400_000,
    minAge: 0,
    hourly: 24,
    daily: 14,
    weekly: 8,
    monthly: 12,
    yearly: 3,
  };
  const setting = { timezone: 'Europe/Berlin', clockSkew: 600_000, longestAttempt: 86_400_000 };
  const times = Array.from({ length: 7 }, () => {
    const before = process.cpuUsage();
    decideRetention(snapshots, policy, setting, now);
    const { user, system } = process.cpuUsage(before);
    return (user + system) / 1000;
  });
  const [first = 0] = times;
  report.budgets.push({
    name: 'planning the retention of 10,000 snapshots',
    limit: '100 ms of processor time',
    found: `${first.toFixed(0)} ms the first time, ${median(times).toFixed(0)} ms in the middle`,
    held: median(times) < 100,
  });
  return Promise.resolve();
};
