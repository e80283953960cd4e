/** An id of the grammar's tests, and one of a snapshot before it. */
export const ID = '2026-11-23T021500Z';
export const PREVIOUS = '2026-11-22T021500Z';

/**
 * Options that must never be let in, in any form (facts.md#options-that-reach-shared-inodes and rsync(1)); written by hand,
 * not derived from the grammar.
 */
export const FORBIDDEN_OPTIONS = [
  '--sender', '--daemon', '--config=/x', '--inplace', '--append', '--append-verify', '--delay-updates', '--backup',
  '--backup-dir=x', '--suffix=x', '--temp-dir=x', '--partial-dir=x', '--copy-dest=/db/x/', '--link-dest=/db/x/', `--link-dest=/db/${PREVIOUS}/`, `--copy-dest=/db/${PREVIOUS}/`,
  '--log-file=/x', '--files-from=-', '--from0', '--usermap=*:root', '--groupmap=*:root', '--chown=root:root', '--chmod=777',
  '--super', '--no-fake-super', '--no-numeric-ids', '--write-devices', '--copy-devices', '--copy-links', '--copy-unsafe-links',
  '--keep-dirlinks', '--copy-dirlinks', '--relative', '--no-relative', '--no-implied-dirs', '--xattrs', '--atimes', '--crtimes',
  '--open-noatime', '--delete-before', '--delete-during', '--delete-after', '--delete-delay', '--delete-excluded',
  '--delete-missing-args', '--ignore-missing-args', '--force', '--ignore-errors', '--max-delete=-1', '--remove-source-files',
  '--remove-sent-files', '--existing', '--ignore-existing', '--ignore-times', '--size-only', '--modify-window=9', '--max-alloc=1G',
  '--iconv=utf8,latin1', '--one-file-system', '--no-munge-links', '--munge-links', '--safe-links', '--only-write-batch=x',
  '--write-batch=x', '--read-batch=x', '--debug=ALL', '--info=ALL', '--list-only', '--dirs', '--protocol=27', '--rsh=sh',
  '--rsync-path=sh', '--secluded-args', '--protect-args', '--old-args', '--trust-sender', '--early-input=x', '--preallocate',
  '--block-size=1', '--checksum-seed=1', '--no-whole-file', '--sparse', '--filter=x', '--exclude-from=/x', '--include-from=/x',
  '--password-file=/x', '--stop-after=1', '--msgs2stderr', '--stderr=all', '--drop-D', '--confine-root=/',
  '-X', '-U', '-N', '-b', '-B1', '-K', '-k', '-L', '-m', '-x', '-s', '-I', '-J', '-O', '-S', '-u', '-d', '-E', '-F', '-C', '-q', '-v', '-W', '-@1',
]; // prettier-ignore

/** Places that are none of a snapshot, notes or seal of a job. */
export const FORBIDDEN_PATHS = [
  '/', '..', '../', '/..', 'db/..', 'db/../files', '/etc/passwd', '/db/', 'db/', '~', '~root', 'db/.ssh/', '.trash/', 'db',
  `db/${ID}.partial/`, `db/${ID}.frozen/`, `db/${ID}/sub/`, `./db/${ID}/`, `//db/${ID}/`, `db//${ID}/`, `db/${ID}/.`, `db/${ID}/..`,
  `db/${ID}`, `/db/${ID}.sealed`, `db/${ID}.sealed/`, `db/${ID}.sealed.sealed`, `files/../db/${ID}/`, `../web2/db/${ID}/`,
]; // prettier-ignore
