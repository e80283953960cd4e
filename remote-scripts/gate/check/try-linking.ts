import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CHILD_ENVIRONMENT } from '../../store/environment.ts';
import { bad, good, type Finding } from './finding.ts';

// What ssh does for a real session, without ssh: the command line that the client sends goes to rrsync.
const REMOTE_SHELL = `sh -c 'shift; SSH_ORIGINAL_COMMAND="$*" exec rrsync -wo -no-del -munge -no-lock "$OFFSITE_TRIAL"' sh`;

/** Time limit of the trial, in milliseconds. */
const LIMIT = 30_000;

/**
 * Tries what every push relies on with the rrsync and rsync of this machine: an unchanged file becomes a hard link to
 * the basis. A version number says little, since distributions patch their packages. rrsync 3.4.2 to 3.4.4 accept
 * --link-dest and ignore it, with exit code 0; older ones refuse it.
 * @param path where to look for programs
 */
export function tryLinking(path = CHILD_ENVIRONMENT.PATH ?? ''): Finding {
  const directory = mkdtempSync(join(tmpdir(), 'offsite-gate-check-'));
  try {
    const root = join(directory, 'root');
    const source = join(directory, 'source');
    for (const place of [source, join(root, 'basis')]) {
      mkdirSync(place, { recursive: true });
      writeFileSync(join(place, 'file'), 'the same\n', { mode: 0o600 });
      utimesSync(join(place, 'file'), 1_000_000_000, 1_000_000_000);
    }
    const words = ['-rltpH', '--link-dest=/basis/', '-e', REMOTE_SHELL, `${source}/`, 'trial:new/'];
    const { status, stderr, error } = spawnSync('rsync', words, {
      encoding: 'utf8',
      timeout: LIMIT,
      env: { ...CHILD_ENVIRONMENT, PATH: path, OFFSITE_TRIAL: root },
    });
    if (status !== 0) {
      return bad(
        `a trial push through rrsync failed: ${error?.message ?? stderr.trim().split('\n')[0] ?? ''}`,
        'Install the security updates of your distribution; the gate needs rsync and rrsync 3.5.0 or newer.',
      );
    }
    const [one, other] = [join(root, 'basis/file'), join(root, 'new/file')].map((file) => statSync(file).ino);
    return one === other
      ? good('a trial push links what is unchanged')
      : bad(
          'a trial push copied what is unchanged: this rrsync accepts --link-dest but ignores it, so every push would be a full copy',
          'Install the security updates of your distribution.',
        );
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
