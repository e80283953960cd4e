import { join } from 'node:path';
import { verifyModes, type VerifyMode } from '../../../src/shared/verify-mode.ts';
import { bareCommands } from '../bare.ts';
import { setUpController } from '../controller.ts';
import { makeDataSet } from '../data-set.ts';
import { measure, median, medianOf, run, type Command, type Measured } from '../measure.ts';
import { seconds } from '../report.ts';
import { RIVALS } from '../rivals.ts';
import type { Section } from './section.ts';

const SCENARIOS = ['nothing changed', '1 % changed'] as const;

/** What is promised: one thing as a share of others, measured in the same rounds. */
const BUDGETS: readonly (readonly [(typeof SCENARIOS)[number], VerifyMode, readonly string[], number])[] = [
  ['nothing changed', 'full', ['bare'], 0.65],
  ['nothing changed', 'content', ['bare'], 0.5],
  ['nothing changed', 'changed', ['restic backup'], 1.3],
  ['1 % changed', 'changed', ['restic backup'], 1.5],
  ['nothing changed', 'content', ['restic backup', 'restic check'], 0.7],
];

/** A run through the gate with each `verify.mode`, beside the bare commands (push and verification, plain rrsync) and restic, by turns. */
export const modesSection: Section = async ({ bench, sizes, report, say }) => {
  const found = new Map<string, Measured[]>();
  const note = (key: string, measured: Measured) => {
    found.set(key, [...(found.get(key) ?? []), measured]);
    say(`${key}: ${seconds(measured.wallMs)}`);
  };
  for (let round = 0; round < sizes.repeats; round += 1) {
    const source = join(bench.directory, `source-modes${round}`);
    const data = makeDataSet(source, { ...sizes, seed: 50 + round });
    const jobs = verifyModes.map((mode, index) => [mode, `job${48 + round * 4 + index}`] as const);
    const job = `job${48 + round * 4 + 3}`;
    const bare = bareCommands(bench, data, job);
    const restic = RIVALS.restic?.(bench, source, `modes${round}`, job);
    const commands = new Map<string, () => readonly Command[]>();
    for (const [mode, name] of jobs) {
      const controller = setUpController(bench, source, `${mode}${round}`, [name], { verify: { mode } });
      commands.set(mode, () => [controller.run('gate', name)]);
    }
    commands.set('bare', () => bare.next());
    if (restic !== undefined) {
      for (const command of restic.init) await run(command);
      commands.set('restic backup', () => [restic.backup]);
      if (restic.verify !== undefined) commands.set('restic check', () => [restic.verify ?? restic.backup]);
    }
    for (const [what, command] of commands) if (what !== 'restic check') for (const one of command()) await run(one);
    for (const scenario of SCENARIOS) {
      if (scenario === '1 % changed') data.changeOnePercent();
      const turn = [...commands];
      for (const [what, command] of [...turn.slice(round % turn.length), ...turn.slice(0, round % turn.length)]) {
        note(`${scenario}\n${what}`, await measure(command(), bench.ends));
      }
    }
    for (const [, name] of jobs) bench.putAside(join(bench.roots.gate, name));
    bench.putAside(join(bench.roots.rrsync, job));
    if (restic !== undefined) bench.putAside(restic.place);
    bench.putAside(source);
  }
  const section = 'Through the gate, by verify.mode, beside the bare commands and restic';
  for (const [key, all] of found) {
    const [scenario = '', what = ''] = key.split('\n');
    report.rows.push({ section, scenario, what, measured: medianOf(all) });
  }
  const wall = (scenario: string, what: string, round: number) =>
    found.get(`${scenario}\n${what}`)?.[round]?.wallMs ?? NaN;
  for (const [scenario, mode, others, limit] of BUDGETS) {
    const ratios = Array.from({ length: sizes.repeats }, (_, round) => {
      return wall(scenario, mode, round) / others.reduce((sum, other) => sum + wall(scenario, other, round), 0);
    });
    const name = `${scenario}, ${mode} ÷ ${others.join(' + ')}`;
    if (ratios.some(Number.isNaN)) report.skipped.push(`${name}: restic is not installed`);
    else
      report.budgets.push({ name, limit: `${limit}`, found: median(ratios).toFixed(2), held: median(ratios) <= limit });
  }
};
