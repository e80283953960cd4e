import { expect, it } from 'vitest';
import { runProcess, type ProcessEnd } from '../../../src/platform/process.ts';

const STALL = 1000;

/** Runs a script of Node's, which has a second to show some life. */
const node = (script: string): Promise<ProcessEnd> =>
  runProcess({ program: process.execPath, args: ['-e', script], stallMs: STALL });

const forAWhile = (what: string, every: number): string =>
  `const t = setInterval(() => { ${what} }, ${every}); setTimeout(() => clearInterval(t), 3000);`;

// All at once, since all of them wait.
it.concurrent('a process that does nothing is ended, and what it said last is told', async () => {
  const began = performance.now();
  const end = await node('console.error("last words"); setTimeout(() => {}, 60_000)');
  expect(end).toEqual({ kind: 'stalled', afterMs: STALL, stderrTail: 'last words' });
  expect(performance.now() - began).toBeLessThan(20_000);
});

it.concurrent('one that only keeps its line alive, with a few bytes now and then, is ended too', async () => {
  // Python's, for Node itself computes a little now and then.
  const script =
    'import os, time\nf = os.open("/dev/null", os.O_WRONLY)\nwhile True: os.write(f, b"abcd"); time.sleep(0.5)';
  const end = await runProcess({ program: 'python3', args: ['-c', script], stallMs: 2 * STALL });
  expect(end).toMatchObject({ kind: 'stalled' });
});

it.concurrent.each([
  ['says something', forAWhile('console.log("x")', 300)],
  ['complains', forAWhile('console.error("x")', 300)],
  [
    'writes',
    `const f = require('fs').openSync('/dev/null', 'w'); ${forAWhile("require('fs').writeSync(f, 'x'.repeat(4096))", 50)}`,
  ],
  ['reads', forAWhile("require('fs').readFileSync('/etc/services')", 50)],
  ['computes', 'const end = Date.now() + 3000; while (Date.now() < end);'],
  [
    'has a child that works',
    `require('child_process').spawn('sh', ['-c', 'for i in 1 2 3 4 5 6; do cat /etc/services >/dev/null; sleep 0.4; done']);`,
  ],
])('one that %s goes on', async (_what, script) => {
  expect(await node(script)).toMatchObject({ kind: 'exited', code: 0 });
});
