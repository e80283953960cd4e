import { expect } from 'vitest';
import type { Primary, ProgramEnd } from './primary.ts';
import { processesNaming } from '../../support/processes.ts';
import type { Secondary } from './secondary.ts';

/** A fault, and what has to result from it. */
export interface Fault {
  /** Causes the fault. */
  readonly provoke: () => unknown;
  /** Removes the fault; the program gets no other help. */
  readonly undo: () => unknown;
  readonly code: number;
  /** The words that say what is wrong. */
  readonly says: RegExp;
  /** The words that say what to do. */
  readonly advises: RegExp;
  /** How the run is made; default: simply called. */
  readonly run?: () => Promise<ProgramEnd>;
}

/**
 * Provokes a fault in a run and expects: its exit code, a message that says what is wrong and what to do, a record, an
 * alert, no process left, no sealed snapshot changed, none sealed; and that the next run succeeds without help, and
 * leaves the sealed ones unchanged too.
 * @returns the end of the faulty run, and the id that the next run sealed
 */
export async function expectFault(
  primary: Primary,
  secondary: Secondary,
  { provoke, undo, code, says, advises, run = () => primary.call('run', primary.job) }: Fault,
): Promise<{ readonly end: ProgramEnd; readonly next: string }> {
  const before = await secondary.record(primary.job);
  let end: ProgramEnd;
  try {
    await provoke();
    end = await run();
  } finally {
    await undo();
  }
  const told = `${end.stderr}${end.stdout}`;
  expect(end.code, told).toBe(code);
  expect(end.stderr).toMatch(says);
  expect(end.stderr).toMatch(/What to do: /);
  expect(end.stderr).toMatch(advises);
  expect(end.stdout).toContain(`not secured (exit ${code})`);
  expect(end.alerts).toMatchObject([{ event: 'failure', exit_code: code }]);
  expect(end.alerts[0]?.body).toMatch(says);
  expect((await primary.history()).at(-1)).toMatchObject({ exitCode: code, snapshot: null });
  expect(processesNaming(`${primary.directory}/`)).toEqual([]);
  expect(await secondary.record(primary.job)).toEqual(before);

  const next = await primary.secure();
  const after = await secondary.record(primary.job);
  for (const [id, record] of before) expect(after.get(id), `snapshot ${id}`).toEqual(record);
  expect([...after.keys()].at(-1)).toBe(next);
  expect((await primary.jobState()).failing).toBe(null);
  return { end, next };
}
