import { expect, test } from 'vitest';
import { ended, failure } from '../../../remote-scripts/gate/session-end.ts';

const log = 'gate.log';
const error = (code: string, errno = 0) => Object.assign(new Error(code), { code, errno });

test('what rsync ended itself goes on as it is, and what a signal ended broke off', () => {
  expect(ended({ kind: 'exited', code: 23 }, 0)).toEqual({ kind: 'exit', code: 23 });
  expect(ended({ kind: 'signalled', signal: 'SIGKILL' }, 0)).toMatchObject({
    kind: 'broke',
    reason: expect.stringContaining('SIGKILL') as string,
  });
  expect(ended({ kind: 'stopped' }, 0)).toMatchObject({ kind: 'broke' });
  expect(ended({ kind: 'too-long' }, 60_000)).toMatchObject({ kind: 'ended' });
});

test.each(['EAGAIN', 'ENOMEM', 'EMFILE', 'EIO'])('%s is worth another try', (code) => {
  expect(failure(error(code), { letIn: false, log })).toMatchObject({ kind: 'broke' });
});

test.each([
  [false, 'refused'],
  [true, 'ended'],
])('a full disk says so, whether its session was let in (%s) or not', (letIn, kind) => {
  for (const full of [error('ENOSPC', -28), error('Unknown system error -122', -122)]) {
    expect(failure(full, { letIn, log })).toEqual({ kind, reason: 'no space: this machine is full' });
  }
  expect(failure(error('EROFS'), { letIn, log })).toEqual({
    kind,
    reason: 'a disk of the secondary is read-only (after errors?); see the kernel log there',
  });
  expect(failure(error('EISDIR'), { letIn, log })).toEqual({
    kind,
    reason: 'internal error; see gate.log on the secondary',
  });
});
