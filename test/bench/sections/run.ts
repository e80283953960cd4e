import { join } from 'node:path';
import { listArguments } from '../../../src/rsync/arguments.ts';
import { bareCommands } from '../bare.ts';
import { setUpController } from '../controller.ts';
import { makeDataSet } from '../data-set.ts';
import { measure, median, medianOf, type Measured } from '../measure.ts';
import { seconds } from '../report.ts';
import type { Section } from './section.ts';

const SCENARIOS = ['first', 'nothing changed', '1 % changed'] as const;

/** `run` (push, verify, canary, seal) compared with the bare commands, through plain rrsync and through the gate. */
export const runSection: Section = async ({ bench, sizes, report, say }) => {
  const source = join(bench.directory, 'source-run');
  const data = makeDataSet(source, { ...sizes, seed: 1 });
  const controller = setUpController(bench, source, 'run', oursOf(sizes.runRepeats));
  const found = new Map<string, Measured[]>();
  for (let round = 0; round < sizes.runRepeats; round += 1) {
    for (const way of ['rrsync', 'gate'] as const) {
      const jobs = { ours: oursOf(sizes.runRepeats)[round] ?? '', bare: `job${2 * round + 1}` };
      const bare = bareCommands(bench, data, jobs.bare);
      for (const scenario of SCENARIOS) {
        if (scenario === '1 % changed') data.changeOnePercent();
        // The second one finds the source in the cache, so they take turns.
        const order = round % 2 === 0 ? (['ours', 'bare'] as const) : (['bare', 'ours'] as const);
        for (const who of order) {
          const commands = who === 'ours' ? [controller.run(way, jobs.ours)] : bare.next();
          const measured = await measure(commands, bench.ends);
          const key = `${way} ${scenario} ${who}`;
          found.set(key, [...(found.get(key) ?? []), measured]);
          say(`run ${round + 1}/${sizes.runRepeats}: ${way}, ${scenario}, ${who}: ${seconds(measured.wallMs)}`);
        }
      }
      const list = ['rsync', ...listArguments({ source, exclude: [] })];
      const walk = await measure([{ argv: list }]);
      found.set(`${way} walk`, [...(found.get(`${way} walk`) ?? []), walk]);
      bench.putAside(join(bench.roots[way], jobs.ours));
      bench.putAside(join(bench.roots.rrsync, jobs.bare));
    }
  }
  for (const way of ['rrsync', 'gate'] as const) {
    for (const scenario of SCENARIOS) {
      const section = `run beside the bare commands, through ${way === 'gate' ? 'the gate' : 'plain rrsync'}`;
      const all = (who: string) => found.get(`${way} ${scenario} ${who}`) ?? [];
      const [ours, bare] = [medianOf(all('ours')), medianOf(all('bare'))];
      // Compared round by round, because the load of the machine changes between rounds, but hardly within one.
      const pairs = all('ours').map((one, round) => [one.wallMs, all('bare')[round]?.wallMs ?? Number.NaN] as const);
      const ratio = median(pairs.map(([one, other]) => one / other));
      report.rows.push({ section, scenario, what: 'rsync, twice', measured: bare });
      report.rows.push({ section, scenario, what: 'offsite-rsync run', measured: ours, ratio });
      const beyond = median(pairs.map(([one, other]) => one - 1.05 * other));
      report.budgets.push({
        name: `run, ${way}, ${scenario}`,
        limit: '1.05 × bare + 0.5 s',
        found: `1.05 × bare ${beyond < 0 ? '-' : '+'} ${seconds(Math.abs(beyond))}`,
        held: beyond <= 500,
      });
    }
    const section = 'Part of a run: the walk of the source for the guards';
    const scenario = `before a push through ${way === 'gate' ? 'the gate' : 'plain rrsync'}`;
    const measured = medianOf(found.get(`${way} walk`) ?? []);
    report.rows.push({ section, scenario, what: 'rsync --list-only', measured });
  }
};

function oursOf(rounds: number): string[] {
  return Array.from({ length: rounds }, (_, round) => `job${2 * round}`);
}
