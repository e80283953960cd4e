import { afterEach, expect, it, vi } from 'vitest';
import { startProcess } from '../../../src/platform/process.ts';

afterEach(() => {
  vi.restoreAllMocks();
});

it('a child that has ended is sent no signal when it is stopped: its number may be somebody else’s by now', async () => {
  const abort = new AbortController();
  const child = startProcess({ program: 'true', args: [], signal: abort.signal });
  await child.ended;
  const kill = vi.spyOn(process, 'kill').mockReturnValue(true);
  await child.stop();
  abort.abort();
  expect(kill).not.toHaveBeenCalled();
});

it('a child that goes on is ended with all it started', async () => {
  const child = startProcess({ program: 'sh', args: ['-c', 'sleep 60 & sleep 60'] });
  await child.stop();
  expect(await child.ended).toMatchObject({ kind: 'aborted' });
  // The grandchild has closed its streams; the kernel may still have to take it away.
  await vi.waitFor(() => expect(() => process.kill(-(child.pid ?? 0), 0)).toThrow(/ESRCH/), { timeout: 5000 });
});
