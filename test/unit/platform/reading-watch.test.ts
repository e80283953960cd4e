import { expect, it } from 'vitest';
import { runProcess } from '../../../src/platform/process.ts';

const MIB = 2 ** 20;

const SCRIPT = `
import time
with open('/dev/zero', 'rb', buffering=0) as zero:
  for _ in range(4):
    zero.read(1 << 20)
    time.sleep(0.6)
`;

it('how much a program has read is told while it reads', async () => {
  const told: number[] = [];
  const end = await runProcess({ program: 'python3', args: ['-c', SCRIPT], onRead: (bytes) => told.push(bytes) });
  expect(end.kind).toBe('exited');
  expect(told.length).toBeGreaterThanOrEqual(2);
  expect(told).toEqual([...new Set(told)].sort((a, b) => a - b));
  expect(told.at(-1)).toBeGreaterThanOrEqual(3 * MIB);
  expect(told.at(-1)).toBeLessThan(8 * MIB);
});
