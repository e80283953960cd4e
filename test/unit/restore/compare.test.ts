import { afterEach, expect, it, vi } from 'vitest';
import type { RunProcess } from '../../../src/platform/process.ts';
import { compareWith } from '../../../src/restore/compare.ts';

afterEach(() => vi.restoreAllMocks());

const DENIED = 'rsync: [generator] readdir_dir "/back/closed": Permission denied (13)';

async function compareAfter(...lines: string[]) {
  vi.spyOn(process, 'getuid').mockReturnValue(1000);
  const runProcess: RunProcess = ({ onStderrLine }) => {
    for (const line of lines) onStderrLine?.(line);
    return Promise.resolve({ kind: 'exited', code: 23, stderrTail: lines.join('\n') });
  };
  const scope = { options: [], operand: 'disk:x/', only: undefined, exclude: [] };
  const options = { content: true, asItIs: false, onRead: () => undefined };
  const source = { environment: {}, stallMs: 1000 } as unknown as Parameters<typeof compareWith>[0];
  const deps = { runProcess, signal: new AbortController().signal, scratch: '/nowhere' };
  return compareWith(source, scope, '/back', options, deps);
}

it('counts what is closed to this user, and nothing else, as unread', async () => {
  expect(await compareAfter(DENIED)).toMatchObject({ failure: undefined, unread: 1 });
  expect(await compareAfter(DENIED, 'rsync: [sender] read errors mapping "/x": Input/output error (5)')).toMatchObject({
    failure: { outcome: 'incomplete' },
    unread: 0,
  });
});

it('fails where rsync says that something is missing, and not what', async () => {
  expect(await compareAfter()).toMatchObject({ failure: { outcome: 'incomplete' }, unread: 0 });
});
