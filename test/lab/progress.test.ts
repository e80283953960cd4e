import { randomBytes } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import width from 'string-width';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest';
import { makePrimary, type Primary } from '../ssh/support/primary.ts';
import { onTerminal } from '../support/terminal.ts';
import { startSecondary, type Secondary } from '../ssh/support/secondary.ts';

const MIB = 1024 * 1024;

let secondary: Secondary;
let primary: Primary;

beforeAll(async () => {
  secondary = await startSecondary();
});

beforeEach(async () => {
  primary = await makePrimary(secondary, 'postgres');
});

afterEach(() => primary.stop());

afterAll(() => secondary.stop());

interface Progress {
  readonly event: string;
  readonly files: number;
  readonly bytes: number;
}

async function progressOf(...words: string[]): Promise<Progress[]> {
  const { code, stdout } = await primary.call('run', 'postgres', '--json', ...words);
  expect(code).toBe(0);
  const events = stdout.split('\n').filter((line) => line !== '');
  return events.map((line) => JSON.parse(line) as Progress).filter(({ event }) => event === 'progress');
}

it('who reads the events is told how far a file is while it is sent', async () => {
  await writeFile(join(primary.source, 'big.dump'), randomBytes(4 * MIB));
  await primary.configure({ target: { bandwidth_limit: '1MiB' } });
  const told = await progressOf();
  const within = told.filter(({ bytes }) => bytes > 0 && bytes < 4 * MIB);
  expect(within.length).toBeGreaterThanOrEqual(2);
  expect(within.every(({ files }) => files === 0)).toBe(true);
  const bytes = told.map((one) => one.bytes);
  expect(bytes).toEqual([...bytes].sort((a, b) => a - b));
});

it('of many small files rsync says one line each where nobody watches, and how far it got is known all the same', async () => {
  const at = (name: string) => join(primary.source, name);
  await mkdir(at('many'));
  await mkdir(at('some'));
  for (let index = 0; index < 5000; index += 1) await writeFile(at(`many/${index}`), '');
  for (let index = 0; index < 24; index += 1) await writeFile(at(`some/${index}`), randomBytes(MIB / 8));
  await primary.configure({ target: { bandwidth_limit: '1MiB' } });
  const reached = new Promise<void>((resolve) => secondary.line.after(2 * MIB, resolve));
  const running = await primary.start('run', 'postgres');
  await Promise.race([reached, running.ended]);
  running.child.kill('SIGTERM');
  const { code, argv } = await running.ended;
  expect(code).toBe(143);
  const pushes = argv.filter((line) => line.includes('--stats'));
  expect(pushes).not.toEqual([]);
  for (const line of pushes) expect(line).not.toContain('--info');
  const { broken } = (await primary.jobState()) as { broken: { bytes: number } };
  expect(broken.bytes).toBeGreaterThan(MIB / 2);
  expect(broken.bytes).toBeLessThan(3 * MIB);
  expect(broken.bytes % (MIB / 8)).toBe(0); // whole files
});

it('files that are linked count as done, too', async () => {
  await writeFile(join(primary.source, 'dump'), 'a little\n');
  expect((await primary.call('run', 'postgres')).code).toBe(0);
  const told = await progressOf();
  expect(told.length).toBeGreaterThan(0);
  expect(told.at(-1)?.files).toBeGreaterThan(0);
});

it('a dry run tells of no progress: nothing is sent', async () => {
  await writeFile(join(primary.source, 'new.dump'), randomBytes(MIB));
  expect(await progressOf('--dry-run')).toEqual([]);
});

describe.each([80, 30])(
  'on a terminal of %i columns, the time that is left comes first, and each line fits',
  (columns) => {
    const env = () => ({ ...primary.environment, NO_COLOR: '1' });
    const call = async (...words: string[]) => {
      const program = [process.execPath, inject('cli'), ...words, '--config', primary.config];
      const { status, shown } = await onTerminal(program, { env: env(), columns });
      expect(status, shown).toBe(0);
      return linesOf(shown, columns);
    };

    it('of a run and of its verification, and of a restore and of its proof', async () => {
      await writeFile(join(primary.source, 'big.dump'), randomBytes(3 * MIB));
      await primary.configure({ target: { bandwidth_limit: '1MiB' } });
      // Its sessions begin late, so that a verification takes longer than its first look at how far it is.
      const slow = join(secondary.sshd.directory, 'slow');
      await writeFile(slow, `#!/bin/sh\nsleep 1.2\nexec ${secondary.forcedCommand}\n`, { mode: 0o755 });
      await secondary.force(slow);
      const run = await call('run', 'postgres');
      await secondary.force();
      expect(run.sending.length).toBeGreaterThan(1);
      expect(run.sending.some((line) => /^[\d.]+ s left/.test(line))).toBe(true);
      expect(run.verifying).not.toEqual([]);
      const to = ['--to', join(primary.directory, 'restored'), '--from', join(secondary.root, 'postgres')];
      const restored = await call('restore', 'postgres', ...to);
      expect(restored.fetching).not.toEqual([]);
    });
  },
);

/** The lines of progress in what a terminal has shown, by the step that was told before. */
function linesOf(shown: string, columns: number): Record<'sending' | 'verifying' | 'fetching', string[]> {
  const lines = { sending: [] as string[], verifying: [] as string[], fetching: [] as string[] };
  let step: keyof typeof lines | undefined;
  // eslint-disable-next-line no-control-regex -- each line is written over the one before
  for (const line of shown.split(/(?:\u001b\[[0-9;?]*[A-Za-z]|\u001b[78]|[\r\n])+/)) {
    const told = /: (sending|verifying|fetching)\b/.exec(line)?.[1];
    if (told !== undefined) step = told as keyof typeof lines;
    else if (/ left|nearly done/.test(line) && step !== undefined) {
      expect(line).toMatch(/^(… left|nearly done|[\d.]+ \w+( \d+ \w+)? left)/);
      expect(width(line)).toBeLessThan(columns);
      lines[step].push(line);
    }
  }
  return lines;
}
