import { describe, expect, it } from 'vitest';
import { judgeSession } from '../../../src/rsync/exit.ts';
import { OUTCOMES } from '../../../src/shared/outcome.ts';
import fc from '../../support/properties.ts';

/** Every outcome but success. */
const FAULTS = Object.keys(OUTCOMES).filter((outcome) => outcome !== 'done');

const exited = (code: number, stderrTail = '') => judgeSession({ kind: 'exited', code, stderrTail });

describe('the end of an rsync session', () => {
  it.each([
    [1, 'internal-error'],
    [2, 'refused'],
    [3, 'refused'],
    [4, 'refused'],
    [5, 'connection-lost'],
    [10, 'connection-lost'],
    [11, 'incomplete'],
    [12, 'connection-lost'],
    [13, 'internal-error'],
    [14, 'internal-error'],
    [15, 'connection-lost'],
    [16, 'connection-lost'],
    [19, 'connection-lost'],
    [20, 'connection-lost'],
    [21, 'internal-error'],
    [22, 'internal-error'],
    [23, 'incomplete'],
    [24, 'incomplete'],
    [30, 'connection-lost'],
    [35, 'connection-lost'],
    [126, 'refused'],
    [127, 'refused'],
    [137, 'connection-lost'],
    [143, 'connection-lost'],
    [241, 'connection-lost'],
    [247, 'connection-lost'],
    [255, 'connection-lost'],
  ])('with exit %i is %s', (code, outcome) => {
    expect(exited(code)).toMatchObject({ kind: 'failed', outcome });
  });

  it('with exit 0 is well, and with any other code a failure that names it', () => {
    expect(exited(0, 'rsync: some warning')).toEqual({ kind: 'ok' });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 255 }), fc.string(), (code, stderr) => {
        const verdict = exited(code, stderr);
        expect(['failed', 'busy']).toContain(verdict.kind);
        if (verdict.kind === 'failed') expect(FAULTS).toContain(verdict.outcome);
      }),
    );
    expect(exited(99)).toEqual({
      kind: 'failed',
      outcome: 'internal-error',
      reason: 'rsync ended with the unknown exit code 99',
      left: 'perhaps',
    });
  });

  it.each([
    ['offsite-gate: refused: busy: another session', 'busy', undefined],
    ['Another instance of rrsync is already accessing this directory.', 'busy', undefined],
    ['offsite-gate: refused: secondary full: 3 MiB are free', 'failed', 'secondary-full'],
    ['offsite-gate: refused: this id exists', 'failed', 'refused'],
    ['offsite-gate: ended: the session took longer than 24.0 h (session_limit)', 'failed', 'refused'],
    ['offsite-gate: ended: no space: 3 MiB are free', 'failed', 'secondary-full'],
    ['offsite-gate: broke: rsync was ended by SIGKILL on the secondary', 'failed', 'connection-lost'],
    [
      'rsync error: error allocating core memory (code 22) at util2.c(81) [generator=3.5.0]',
      'failed',
      'connection-lost',
    ],
    ['rsync error: error in IPC code (code 14) at pipe.c(85) [Receiver=3.5.0]', 'failed', 'connection-lost'],
    [
      'Traceback (most recent call last):\n  File "/usr/bin/rrsync", line 9, in <module>\nOSError: [Errno 12] Cannot allocate memory',
      'failed',
      'connection-lost',
    ],
    ['sh: 0: Cannot fork', 'failed', 'connection-lost'],
    ['/usr/bin/rrsync error: option --delete has been disabled on this server.', 'failed', 'refused'],
    ['rsync: [receiver] write failed on "/j/x": No space left on device (28)', 'failed', 'secondary-full'],
    [
      'rsync: [receiver] set_xattr_acl: fsetxattr("/x/.a.Xy","user.rsync.%aacl") failed: No space left on device (28)',
      'failed',
      'incomplete',
    ],
    [
      'rsync: [receiver] set_xattr_acl: fsetxattr("/x/.a.Xy","user.rsync.%aacl") failed: No space left on device (28)\nrsync: [receiver] write failed on "/j/x": No space left on device (28)',
      'failed',
      'secondary-full',
    ],
    ['rsync: [receiver] mkstemp "/x" failed: Disk quota exceeded (122)', 'failed', 'secondary-full'],
    ['rsync: [receiver] write failed on "/proc/self/fd/5/zeros": File too large (27)', 'failed', 'secondary-full'],
    ['rsync: [generator] link "/proc/self/fd/5/a/54" => a/0 failed: Too many links (31)', 'failed', 'incomplete'],
    ['rsync: [generator] recv_generator: mkdir "/j/x" failed: Too many links (31)', 'failed', 'incomplete'],
    ['rsync: [Receiver] mkdir "/x" failed: Permission denied (13)', 'failed', 'refused'],
    ['rsync: [generator] recv_generator: mkdir "/x" failed: Read-only file system (30)', 'failed', 'refused'],
    [
      'rsync: [sender] change_dir "/data/" failed: No such file or directory (2)\nrsync error: received SIGUSR1 (code 19) at main.c(1660) [Receiver=3.5.0]\nrsync error: errors selecting input/output files, dirs (code 3) at flist.c(2791) [sender=3.5.0]',
      'failed',
      'incomplete',
    ],
    ['sh: 1: rrsync: not found', 'failed', 'refused'],
    ['bash: line 1: rrsync: command not found', 'failed', 'refused'],
    ['rsync: on remote machine: --mkpath: unknown option', 'failed', 'refused'],
    ['This account is currently not available.', 'failed', 'refused'],
    [
      'Traceback (most recent call last):\n  File "/usr/bin/rrsync", line 9, in <module>\nFileNotFoundError: no rsync',
      'failed',
      'refused',
    ],
  ])('is known by its words better than by its code: %j', (stderr, kind, outcome) => {
    for (const code of [1, 2, 11, 12, 23]) {
      expect(exited(code, stderr)).toMatchObject({ kind, ...(outcome === undefined ? {} : { outcome }) });
    }
  });

  it('brings advice of its own where that of the outcome is about something else', () => {
    const limits = ['generator] link "a" => b', 'generator] recv_generator: mkdir "/j/x"'].map(
      (what) => `rsync: [${what} failed: Too many links (31)`,
    );
    const acl =
      'rsync: [receiver] set_xattr_acl: fsetxattr("/a","user.rsync.%aacl") failed: No space left on device (28)';
    for (const stderr of [...limits, acl]) {
      const { advice } = exited(23, stderr) as { advice?: string };
      expect(advice).toMatch(/exclude/i);
      expect(advice).not.toMatch(/readable|stable/);
    }
    expect(exited(23, 'rsync: [sender] send_files failed to open "/a": Permission denied (13)')).not.toHaveProperty(
      'advice',
    );
  });

  it.each([
    [2, 'offsite-gate: refused: too often', 'nothing'],
    [2, 'offsite-gate: refused: no space: 3 MiB free', 'nothing'],
    [1, '/usr/bin/rrsync error: option --delete has been disabled on this server.', 'nothing'],
    [127, 'sh: 1: rrsync: not found', 'nothing'],
    [126, '', 'nothing'],
    [2, 'offsite-gate: ended: internal error; see gate.log on the secondary', 'perhaps'],
    [20, 'offsite-gate: broke: rsync was ended by SIGKILL on the secondary', 'perhaps'],
    [2, 'protocol version mismatch -- is your shell clean?', 'perhaps'],
    [11, 'rsync: [Receiver] mkdir "/x" failed: Read-only file system (30)', 'perhaps'],
    [12, '', 'perhaps'],
    [247, '', 'perhaps'],
  ])('with exit %i and %j has left %s on the secondary', (code, stderr, left) => {
    expect(exited(code, stderr)).toMatchObject({ kind: 'failed', left });
  });

  it('names the files of the source that made trouble, and counts those beyond five', () => {
    const line = (n: number) => `rsync: [sender] send_files failed to open "/src/${n}": Permission denied (13)`;
    const stderr = Array.from({ length: 8 }, (_, n) => line(n)).join('\n');
    const verdict = exited(23, `${stderr}\nrsync error: some files/attrs were not transferred (code 23) at main.c`);
    expect(verdict).toMatchObject({ outcome: 'incomplete' });
    const { reason } = verdict as { reason: string };
    expect(reason).toContain('"/src/4"');
    expect(reason).not.toContain('"/src/5"');
    expect(reason).toContain('and 3 more');
    expect(exited(24, 'file has vanished: "/src/x"')).toMatchObject({
      outcome: 'incomplete',
      reason: expect.stringContaining('file has vanished: "/src/x"') as string,
    });
  });

  it('is told with its cause, however long the name before it', () => {
    const path = `/src/${'d/'.repeat(1000)}a name with blanks`;
    for (const name of [`"${path}"`, path.replaceAll(' ', '_')]) {
      const { reason } = exited(23, `rsync: [sender] opendir ${name} failed: File name too long (36)`) as {
        reason: string;
      };
      expect(reason).toMatch(/opendir "?\/src\/d\/d\/.*….*blanks"? failed: File name too long \(36\)$/);
      expect(reason.length).toBeLessThan(350);
    }
    const { trouble } = judgeSession({
      kind: 'aborted',
      stderrTail: `rsync: [sender] send_files failed to open "${path}": Permission denied (13)`,
    }) as { trouble: string };
    expect(trouble.length).toBeLessThan(350);
  });

  it('that we caused is told apart from one that came from outside', () => {
    expect(judgeSession({ kind: 'aborted', stderrTail: '' })).toEqual({ kind: 'aborted' });
    expect(judgeSession({ kind: 'signalled', signal: 'SIGKILL', stderrTail: '' })).toMatchObject({
      outcome: 'connection-lost',
      reason: 'rsync was ended by SIGKILL from outside',
    });
    expect(judgeSession({ kind: 'timed-out', stderrTail: '' })).toMatchObject({ outcome: 'connection-lost' });
  });

  it('because nothing moved names the last file, and blames files that could not be read before it blames the line', () => {
    const stalled = (stderrTail: string) => ({ kind: 'stalled', afterMs: 900_000, stderrTail }) as const;
    expect(judgeSession(stalled(''), 'sub/caf\\#303\\#251')).toMatchObject({
      outcome: 'connection-lost',
      left: 'perhaps',
      reason: 'nothing moved for 15 min; the last file named was sub/café',
    });
    expect(judgeSession(stalled(''))).toMatchObject({
      reason: expect.stringMatching(/no file had been named$/) as string,
    });
    const unreadable = 'rsync: [sender] send_files failed to open "/src/x": Permission denied (13)';
    expect(judgeSession(stalled(unreadable), 'y')).toMatchObject({
      outcome: 'incomplete',
      reason: expect.stringMatching(
        /^send_files failed to open "\/src\/x": Permission denied \(13\) .*last file named was y/,
      ) as string,
    });
    // The deadline may come first: what is known is told all the same.
    expect(judgeSession({ kind: 'aborted', stderrTail: unreadable })).toMatchObject({
      kind: 'aborted',
      trouble: expect.stringMatching(/\/src\/x/) as string,
    });
  });

  it('that never began says what to install', () => {
    expect(judgeSession({ kind: 'not-started', cause: new Error('ENOENT') })).toMatchObject({
      outcome: 'usage',
      reason: expect.stringContaining('apt-get install rsync') as string,
    });
  });
});
