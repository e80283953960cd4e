import { spawnSync } from 'node:child_process';
import { existsSync, linkSync, mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CHILD_ENVIRONMENT } from '../../store/environment.ts';
import { bad, good, type Finding } from './finding.ts';

// What ssh does for a real session, without ssh: the command line that the client sends goes to rrsync.
const REMOTE_SHELL = `sh -c 'shift; SSH_ORIGINAL_COMMAND="$*" exec rrsync -wo -no-del -munge -no-lock "$OFFSITE_TRIAL"' sh`;

/** Time limit of the trial, in milliseconds. */
const LIMIT = 30_000;

/**
 * Tries what every push relies on with the rrsync and rsync of this machine: an unchanged file is left out, and can be linked. A
 * version number says little, since distributions patch their packages. rrsync 3.4.2 to 3.4.4 accept a basis and ignore it, with
 * exit code 0; older ones refuse it.
 * @param path where to look for programs
 */
export function tryLinking(path = CHILD_ENVIRONMENT.PATH): Finding {
  const directory = mkdtempSync(join(tmpdir(), 'offsite-gate-check-'));
  try {
    const root = join(directory, 'root');
    const source = join(directory, 'source');
    for (const place of [source, join(root, 'basis')]) {
      mkdirSync(place, { recursive: true });
      writeFileSync(join(place, 'file'), 'the same\n', { mode: 0o600 });
      utimesSync(join(place, 'file'), 1_000_000_000, 1_000_000_000);
    }
    const words = ['-rltp', '--compare-dest=/basis/', '-e', REMOTE_SHELL, `${source}/`, 'trial:new/'];
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
    if (existsSync(join(root, 'new/file'))) {
      return bad(
        'a trial push sent what is unchanged: this rrsync accepts --compare-dest but ignores it, so every push would send everything',
        'Install the security updates of your distribution.',
      );
    }
    linkSync(join(root, 'basis/file'), join(root, 'new/file'));
    return good('a trial push leaves out what is unchanged, and it can be linked');
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
