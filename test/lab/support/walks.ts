import { expect } from 'vitest';
import { parse, stringify } from 'yaml';
import { ADDRESS, SOURCE } from './newcomer-lab.ts';
import {
  backsUp,
  backUp,
  bringArchive,
  copySealed,
  isAccepted,
  isGoneWithTheNextPrune,
  isInstalled,
  isRestored,
  isTheKeyLine,
  merge,
  mountTheNewDisk,
  nothingIsLeft,
  runAndVerifyAnOldOne,
  runByHand,
  sameFingerprint,
  isTriedOut,
  sealedAndTold,
  standInForTheRestore,
  tellsOfAMissingJob,
  write,
} from './outcomes.ts';
import { newestSealed, type Step } from './walk.ts';

/** Blocks that nobody types: a line of each, and the reason. */
export const NOT_TYPED: Readonly<Record<string, string>> = {
  'npm test       # all tests but the long ones, on a real sshd, rsync and rrsync':
    'it runs beside this test, and takes minutes',
  'apt install ./offsite-rsync-secondary_VERSION_all.deb    # the secondary (likewise)':
    'test/lab/packages installs them',
  'npm install --global ./offsite-rsync-VERSION.tgz         # the primary':
    'it asks a registry for a dependency; test/lab/release starts what is in the package',
  'offsite-rsync selftest --target vault': 'test/ssh/selftest runs it, on both kinds of secondary',
  'ON HOLD (removals): the plan would remove 57 snapshots of 74; 50 are allowed. …': 'what a dry run prints of a hold',
  'db1/postgres': 'what the block before it prints (SIMULATED)',
};

const CONFIG = '/etc/offsite-rsync/config.yaml';
const POLICY = '/etc/offsite-rsync/secondary.yaml';
const CONNECT = 'VAULT_USER=offsite-db1';
const INIT =
  'VAULT_HOST=… NTFY_URL=… offsite-rsync init --yes --source /var/backups/postgres --backup-unit pg-backup.service \\';
const ON_A_NAS = 'tar -xzf offsite-rsync-secondary-VERSION.tar.gz';
const INSTALLER = 'remote-scripts/install.sh';
const FIRST_HOST =
  "echo 'ssh-ed25519 AAAA… offsite-rsync-db1' > /root/db1.pub && offsite-secondary add-host db1 --key /root/db1.pub --job postgres";
const FIRST_RUN = 'offsite-rsync run postgres --dry-run';
const FIRST_RUN_BY_HAND = 'offsite-rsync config validate --secrets';
const PROGRAM = 'ln -s /opt/offsite-rsync/dist/cli.js /usr/local/bin/offsite-rsync';
const KEY = 'install -d -m 0755 /etc/offsite-rsync';

/** The read key, which the secondary accepts, and its host key. */
const KEPT_AWAY = `ssh-keygen -q -t ed25519 -N '' -C restore@db1 -f /root/offsite-read.key
offsite-secondary add-host db1 --read-key /root/offsite-read.key.pub
printf '%s %s\\n' ${ADDRESS.secondary} "$(cat /etc/ssh/ssh_host_ed25519_key.pub)" >/root/vault.known_hosts`;

/** Ids as in the page's examples: of a day of rubbish, and of a clock that was once wrong. */
const RUBBISH = ['2026-11-23T100000Z', '2026-11-23T110000Z'];
const QUARANTINED = '2031-01-01T000000Z';

/** The head of what a simulation prints, as docs/operations.md shows it. */
const SIMULATED = /^db1\/postgres$\n^simulated: .*$\n^day +date +arrived +removed +held +oldest *$/m;

/** A plain rrsync, the smallest configuration, and a secondary that is also a primary. */
export const RRSYNC_WALK: readonly Step[] = [
  { block: PROGRAM, on: 'primary' },
  { block: KEY, on: 'primary' },
  { block: 'systemctl reload ssh', on: 'secondary' },
  {
    block: '    secondary: rrsync # leave this line out if the gate is installed there',
    on: 'primary',
    put: ({ primary }, text) => write(primary, CONFIG, text),
  },
  { block: CONNECT, on: 'primary', after: sameFingerprint },
  { block: FIRST_RUN_BY_HAND, on: 'primary', after: sealedAndTold },
];

/** The gate, everything else of the README, and both hosts day by day. */
export const GATE_WALK: readonly Step[] = [
  {
    block:
      'npm run demo   # the whole story on this machine: a private sshd, pushes, a flipped byte, a cut line; half a minute',
    on: 'primary',
  },
  // A secondary without npm. Then once more from source, as somebody may who has done that first.
  { block: ON_A_NAS, on: 'secondary', before: bringArchive, after: isInstalled },
  { block: PROGRAM, on: 'primary' },
  { block: INSTALLER, on: 'secondary', after: isInstalled },
  // Says doctor: the secondary does not know the key yet.
  { block: INIT, on: 'primary', failing: [/^11: .*offsite-rsync init/] },
  { block: FIRST_HOST, on: 'secondary' },
  { block: FIRST_RUN, on: 'primary', after: sealedAndTold },
  { block: 'systemctl start pg-backup.service                                      # try it', on: 'primary' },
  { block: 'offsite-rsync status', on: 'primary' },
  // The example takes the same key and secrets.
  { block: 'cp /opt/offsite-rsync/config.example.yaml /etc/offsite-rsync/config.yaml', on: 'primary' },

  // docs/restore.md, on a machine that has nothing but what was kept away from the primary
  { block: 'git clone … /root/offsite-rsync && cd /root/offsite-rsync && npm run setup', on: 'secondary' },
  {
    block: 'dist/cli.js restore postgres --to /restored',
    on: 'secondary',
    before: ({ secondary }) => secondary.must('sh', '-ec', KEPT_AWAY),
    after: (lab) => isRestored(lab, lab.secondary, '/restored'),
  },
  {
    block: 'dist/cli.js restore postgres --to /restored-from-disk --from /mnt/db1',
    on: 'secondary',
    after: (lab) => isRestored(lab, lab.secondary, '/restored-from-disk'),
  },
  {
    block: 'dist/cli.js cat postgres db.sql --from /mnt/db1 > /root/db.sql',
    on: 'secondary',
    after: ({ primary, secondary }) => expect(secondary.read('/root/db.sql')).toBe(primary.read(`${SOURCE}/db.sql`)),
  },
  {
    block: "echo 'admin ALL=(offsite-db1) NOPASSWD: /usr/bin/rsync' > /etc/sudoers.d/offsite-restore",
    on: 'secondary',
  },
  {
    block: "rsync --list-only --rsync-path='sudo -u offsite-db1 rsync' --include='*.sealed' --exclude='*' \\",
    on: 'primary',
    after: (lab, { output }) => expect(output).toContain(`${newestSealed(lab)}.sealed`),
  },
  {
    block: "rsync -aHAS --numeric-ids -M--fake-super -M--munge-links --rsync-path='sudo -u offsite-db1 rsync' \\",
    on: 'primary',
    after: (lab) => isRestored(lab, lab.primary, '/restore'),
  },
  {
    block: '  admin@vault:/srv/offsite/db1/postgres/2026-11-23T021500Z/db.sql /root/',
    on: 'primary',
    after: ({ primary }) => expect(primary.read('/root/db.sql')).toBe(primary.read(`${SOURCE}/db.sql`)),
  },
  {
    block: 'ls /srv/offsite/db1/postgres/*.sealed',
    on: 'secondary',
    after: (lab) => isRestored(lab, lab.secondary, '/restore'),
  },

  // docs/operations.md: the primary
  { block: 'offsite-rsync units postgres --backup-unit pg-backup.service', on: 'primary' },
  { block: 'offsite-rsync units postgres --style path --marker /var/backups/postgres.done --write', on: 'primary' },
  {
    block: 'ExecStartPost=/usr/local/bin/offsite-rsync run postgres',
    on: 'primary',
    put: runByHand,
    after: backsUp(({ primary }) => primary.must('systemctl', 'start', 'by-hand.service')),
  },
  {
    block: '    guard: { check: [ends] } # the default; [full] reads, [] turns it off',
    on: 'primary',
    put: ({ primary }, text) => merge(primary, CONFIG, text),
  },
  { block: '    source: /', on: 'primary', put: isAccepted },
  {
    block: '    host: { credential: vault-host }',
    on: 'primary',
    put: ({ primary }, text) => merge(primary, CONFIG, text),
  },
  { block: 'install -m 0600 ../vault.key vault-key', on: 'primary', after: backUp },
  { block: 'CREDENTIALS_DIRECTORY=/etc/offsite-rsync/credentials offsite-rsync verify postgres', on: 'primary' },
  {
    block: 'for unit in offsite-rsync@ offsite-rsync-alert@ offsite-rsync-freshness offsite-rsync-verify@; do',
    on: 'primary',
    before: ({ primary }) => primary.must('mkdir', '/var/spool/pager'), // the pager's own
    after: backUp,
  },
  {
    block: 'journalctl -u offsite-rsync@postgres.service          # why',
    on: 'primary',
    failing: [/^3: systemctl status offsite-rsync@postgres/], // a oneshot service that has ended is "inactive": 3
  },
  {
    block: 'rm -r /etc/systemd/system/offsite-rsync* /etc/systemd/system/*.service.d/offsite-rsync.conf',
    on: 'primary',
    after: nothingIsLeft,
  },

  // the secondary
  { block: 'offsite-secondary add-host db1 --key /root/db1.pub --job postgres', on: 'secondary' },
  {
    block: 'command="/usr/local/bin/offsite-gate db1",restrict ssh-ed25519 AAAA… offsite-rsync-db1',
    on: 'secondary',
    put: isTheKeyLine,
  },
  { block: 'runuser -u offsite-db1 -- offsite-prune db1 --dry-run', on: 'secondary' },
  {
    block:
      'jq -r \'select(.event == "refused") | [.time, .client, .job, .reason] | @tsv\' /var/lib/offsite-rsync/db1/gate.log',
    on: 'secondary',
  },
  {
    block: 'retention: { last: 3, within: 2d, daily: 14, weekly: 8, monthly: 12, min_age: 1d }',
    on: 'secondary',
    put: ({ secondary }, text) => merge(secondary, POLICY, stringify({ hosts: { db1: parse(text) as unknown } })),
  },
  {
    block: 'runuser -u offsite-db1 -- offsite-prune db1 --simulate 400',
    on: 'secondary',
    after: (_, { output }) => expect(output).toMatch(SIMULATED),
  },
  { block: 'systemctl start offsite-prune@db1.service                 # now', on: 'secondary' },
  {
    block: 'cd /srv/offsite/db1/postgres/2026-11-23T021500Z && sha256sum --check --quiet ../2026-11-23T021500Z.sha256',
    on: 'secondary',
    // The gate has begun it after the seal; the unit makes it otherwise.
    before: ({ secondary }) => secondary.must('systemctl', 'start', 'offsite-scrub@db1.service'),
  },
  {
    block:
      'runuser -u offsite-db1 -- offsite-scrub db1 --list                                # what is known to be damaged',
    on: 'secondary',
    after: (_, { output }) => expect(output).toContain('nothing is known to be damaged'),
  },
  {
    block: 'install -m 0600 /dev/stdin /etc/offsite-rsync/credentials/phone     # paste the URL, then Ctrl-D',
    on: 'secondary',
  },
  {
    block: '    phone: { type: ntfy, url: { credential: alert_phone }, priority: high }',
    on: 'secondary',
    put: ({ secondary }, text) => merge(secondary, POLICY, text),
    after: tellsOfAMissingJob,
  },
  {
    block: 'runuser -u offsite-db1 -- offsite-prune db1 --release postgres:3f2a9c41',
    on: 'secondary',
    failing: [/offsite-prune db1 --release/], // nothing is on hold here; unit/prune/holds releases what is
  },
  {
    block:
      'for id in 2026-11-23T1*Z; do runuser -u offsite-db1 -- mv "$id" "$id.sealed" ../.trash/; done     # what the dry run lists as theirs',
    on: 'secondary',
    before: (lab) => RUBBISH.forEach((id) => copySealed(lab, id)),
    after: isGoneWithTheNextPrune(RUBBISH),
  },
  {
    block: 'runuser -u offsite-db1 -- offsite-prune unpin db1 postgres 2026-11-23T021500Z',
    on: 'secondary',
    after: (_, { output }) => expect(output).toMatch(/is pinned until .*\n.* is no longer pinned/),
  },
  {
    block:
      'runuser -u offsite-db1 -- mv 2031-01-01T000000Z 2031-01-01T000000Z.sealed ../.trash/     # the next prune deletes it',
    on: 'secondary',
    before: (lab) => copySealed(lab, QUARANTINED),
    after: isGoneWithTheNextPrune([QUARANTINED]),
  },
  {
    block: 'rsync -aHAXX --numeric-ids --info=progress2 /srv/offsite/db1/ /mnt/new/db1/',
    on: 'secondary',
    // The disk that restore.md mounts there is another one.
    before: ({ secondary }) => secondary.must('sh', '-ec', 'umount /mnt; mkdir /mnt/new'),
    after: mountTheNewDisk,
  },
  { block: 'mv /root/offsite-db1 /etc/offsite-rsync/authorized_keys.d/', on: 'secondary', after: runAndVerifyAnOldOne },
  {
    block:
      "    drill: { every: 7d, checks: auto, command: [/usr/local/sbin/try-restore, '{snapshot}', '{scratch}'], timeout: 6h }",
    on: 'secondary',
    put: ({ secondary }, text) => merge(secondary, POLICY, stringify({ hosts: { db1: parse(text) as unknown } })),
  },
  {
    block: '# /usr/local/sbin/try-restore SNAPSHOT SCRATCH',
    on: 'secondary',
    put: standInForTheRestore, // lab/dump-drill starts it with a real dump
  },
  {
    block: 'systemctl start offsite-drill@db1.service                                              # what is due',
    on: 'secondary',
    after: isTriedOut,
  },
];
