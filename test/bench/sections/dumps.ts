import { join } from 'node:path';
import { formatSize } from '../../../src/shared/units.ts';
import { setUpController } from '../controller.ts';
import { createRandom } from '../../support/seed.ts';
import { makeDatedDumps } from '../data-set.ts';
import { measure, medianOf, run, type Measured } from '../measure.ts';
import type { Section } from './section.ts';

/** A new dump with a new name beside the earlier ones: what goes over the line, all sessions of the run together. */
export const dumpsSection: Section = async ({ bench, sizes, report, say }) => {
  const source = join(bench.directory, 'source-dumps');
  const bytes = sizes.quick ? 16 << 20 : 64 << 20;
  const dumps = makeDatedDumps(source, bytes, createRandom(3));
  const controller = setUpController(bench, source, 'dumps', ['job36']);
  await run(controller.run('gate', 'job36'));
  const all: Measured[] = [];
  let size = 0;
  for (let round = 0; round < sizes.repeats; round += 1) {
    size = dumps.addDump();
    all.push(await measure([controller.run('gate', 'job36')], bench.ends));
    say(`dumps ${round + 1}/${sizes.repeats}`);
  }
  const measured = medianOf(all);
  const share = (measured.up + measured.down) / size;
  const scenario = `a new dump of ${formatSize(size)}`;
  report.rows.push({ section: 'Dated dumps, through the gate', scenario, what: 'offsite-rsync run', measured });
  report.budgets.push({
    name: 'new dated dump on the wire, both directions, ssh and verification included',
    limit: '2 % of its size',
    found: `${(share * 100).toFixed(2)} %`,
    held: share < 0.02,
  });
  bench.putAside(source);
  bench.putAside(join(bench.roots.gate, 'job36'));
};
