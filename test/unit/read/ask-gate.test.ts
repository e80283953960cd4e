import { expect, it } from 'vitest';
import { askGate } from '../../../src/read/ask-gate.ts';
import type { Asking } from '../../../src/read/open-secondary.ts';
import type { RunProcess } from '../../../src/platform/process.ts';

it('an answer without an end is broken off', async () => {
  let said = 0;
  // A stand-in for an ssh behind which somebody never stops.
  const endless: RunProcess = ({ onStdoutLine, signal }) => {
    const line = 'x'.repeat(65_536);
    while (signal?.aborted !== true) {
      onStdoutLine?.(line);
      said += line.length;
      if (said > 2 ** 30) return Promise.resolve({ kind: 'exited', code: 0, stderrTail: '' });
    }
    return Promise.resolve({ kind: 'aborted', stderrTail: '' });
  };
  const asking = {
    alias: 'vault',
    wire: { remoteShell: ['ssh'] },
    signal: new AbortController().signal,
    environment: {},
    stallMs: 1000,
    runProcess: endless,
  } as unknown as Asking;
  await expect(askGate(asking)).rejects.toThrow('more than a list of snapshots can be');
  expect(said).toBeLessThan(2 ** 27);
});
