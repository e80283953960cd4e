import { PassThrough } from 'node:stream';
import { beforeEach, expect, it } from 'vitest';
import { eachLine } from '../../../src/platform/lines.ts';
import { runProcess } from '../../../src/platform/process.ts';

let waits: number[];
beforeEach(() => (waits = []));

/** Sends pieces one by one; returns the lines that came of them. */
async function linesOf(pieces: readonly string[]): Promise<string[]> {
  const stream = new PassThrough();
  const lines: string[] = [];
  eachLine(
    stream,
    (line) => lines.push(line),
    'text',
    (ms) => waits.push(ms),
  );
  for (const piece of pieces) {
    stream.write(piece);
    await new Promise(setImmediate);
  }
  stream.end();
  await new Promise((resolve) => stream.once('end', resolve));
  return lines;
}

it('takes what little a program says as it comes', async () => {
  expect(await linesOf(Array<string>(50).fill('line\n'))).toHaveLength(50);
  expect(waits).toEqual([]);
});

it('lets the short pieces gather of one that says much', async () => {
  expect(await linesOf(Array<string>(80).fill('line\n'))).toHaveLength(80);
  expect(waits).toEqual(Array(30).fill(0.5));
});

it('does not wait where pieces are long: there its reader is late already', async () => {
  expect(await linesOf(Array<string>(80).fill(`${'x'.repeat(5000)}\n`))).toHaveLength(80);
  expect(waits).toEqual([]);
});

it('loses and mixes nothing of 20,000 lines that a program writes one by one', async () => {
  const lines: string[] = [];
  const script = 'for n in range(20000): print(n, flush=True)';
  const end = await runProcess({ program: 'python3', args: ['-c', script], onStdoutLine: (line) => lines.push(line) });
  expect(end).toMatchObject({ kind: 'exited', code: 0 });
  expect(lines).toEqual(Array.from({ length: 20_000 }, (_, n) => `${n}`));
});
