import { cpSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { prepareGateSessions } from '../gate-session.ts';
import { median } from '../measure.ts';
import type { Section } from './section.ts';

const ROUNDS = 50;

/**
 * What the start of the gate saves by its parts, compared with one file (test/bench/start.mjs), and would save by a cache of
 * compiled code, taking turns: until it starts rrsync, with the settings remembered and after a change of them, and all of `--check`.
 */
export const gateBuildsSection: Section = async ({ bench, sizes, report, say }) => {
  say('gate-builds');
  cpSync(join(dirname(process.argv[1] ?? ''), 'one-file'), join(bench.directory, 'one-file'), { recursive: true });
  const { gate } = bench.programs;
  const builds = {
    'in parts': { path: gate },
    'one file': { path: join(bench.directory, 'one-file/offsite-gate.mjs') },
    'in parts, node keeps compiled code': {
      path: gate,
      env: { NODE_COMPILE_CACHE: join(bench.directory, 'state/bench/compiled') },
    },
  };
  const sessions = await prepareGateSessions(bench, 'job46');
  const found = Object.entries(builds).map(([build, program]) => ({ build, program, ...noTimes() }));
  for (let round = 0; round < (sizes.quick ? 5 : ROUNDS); round += 1) {
    for (const times of [...found.slice(round % found.length), ...found.slice(0, round % found.length)]) {
      await sessions.forgetSettings();
      times.changed.push((await sessions.session(times.program)).untilRrsyncMs);
      const { untilRrsyncMs, measured } = await sessions.session(times.program);
      times.plain.push(untilRrsyncMs);
      times.cpu.push(measured.cpuMs);
      times.check.push((await sessions.check(times.program)).wallMs);
    }
  }
  for (const { build, plain, cpu, changed, check } of found) {
    const [session, afterChange, whole] = [plain, changed, check].map((times) => `${median(times).toFixed(1)} ms`);
    // The kernel counts in steps of 10 ms, so the mean says more than the median.
    const processor = `${(cpu.reduce((a, b) => a + b, 0) / cpu.length).toFixed(1)} ms`;
    report.notes.push(
      `gate, ${build}: a session ${session} (processor, rrsync included: ${processor}), ` +
        `the first after a change of the settings ${afterChange}, --check ${whole}`,
    );
  }
};

interface Times {
  readonly plain: number[];
  readonly cpu: number[];
  readonly changed: number[];
  readonly check: number[];
}

function noTimes(): Times {
  return { plain: [], cpu: [], changed: [], check: [] };
}
