import { prepareGateSessions } from '../gate-session.ts';
import { measure, median, medianOf, type Measured } from '../measure.ts';
import type { Section } from './section.ts';

const ROUNDS = 15;

/**
 * How long the gate takes until it starts rrsync. The gate notes the time itself (`accepted` in its log) just before it
 * starts rrsync.
 */
export const gateSection: Section = async ({ bench, report, say }) => {
  say('gate');
  const sessions = await prepareGateSessions(bench, 'job39');
  const untilStart: number[] = [];
  const all: Measured[] = [];
  const bare: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    bare.push((await measure([{ argv: [process.execPath, '-e', '0'] }])).wallMs);
    const { measured, untilRrsyncMs } = await sessions.session({ path: bench.programs.gate });
    all.push(measured);
    untilStart.push(untilRrsyncMs);
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
