import { authorizedKeysLine, forcedCommand } from '../../shared/forced-command.ts';

/** What the lines for the secondary and for systemd are made from. */
export interface Facts {
  /** This host's name on the secondary. */
  readonly host: string;
  /** The account there. */
  readonly account: string;
  readonly secondary: 'gate' | 'rrsync';
  readonly job: string;
  /** Type and base64. */
  readonly publicKey: string;
  readonly backupUnit: string | undefined;
  /** Whether there is an alert channel. */
  readonly tells: boolean;
  /** Words that name the configuration, if it is not in the default place. */
  readonly configWords: string;
  /** Whether the units are those of an ordinary user. */
  readonly user: boolean;
}

/** What is to be typed on the secondary. */
export function linesForSecondary({ host, account, secondary, job, publicKey }: Facts): string {
  const label = `offsite-rsync-${host}`;
  const file = `/root/${host}.pub`;
  const line = authorizedKeysLine(forcedCommand(secondary, 'push', { host }), `${publicKey} ${label}`);
  return `On the secondary, as root, once our programs are there (the package offsite-rsync-secondary, or install.sh of the archive that
"offsite-rsync secondary-bundle" writes here):

  echo '${publicKey} ${label}' > ${file} && offsite-secondary add-host ${hostWords({ host, account, secondary })} --key ${file} --job ${job}

That makes the account and puts this line into its authorized_keys. ${
    secondary === 'gate'
      ? 'Where the account is already, the same line adds a key. (A package has the gate in /usr/bin.)'
      : 'Without our programs, put it there yourself:'
  }

  ${line}
`;
}

/** What the host on the way needs. */
export function linesForJump({ host, publicKey }: Pick<Facts, 'host' | 'publicKey'>): string {
  return `On the host on the way, in authorized_keys of the account there (ADDRESS:PORT: the sshd of the secondary, as you gave it here):

  restrict,port-forwarding,permitopen="ADDRESS:PORT",command="/bin/false" ${publicKey} offsite-rsync-${host}
`;
}

/** What is to be typed on this host when `doctor` is content. */
export function linesForSystemd({ job, backupUnit, tells, configWords, user }: Facts): string {
  const unit = backupUnit ?? 'UNIT.service';
  const what = backupUnit === undefined ? '   # UNIT: the service that makes the backup' : '';
  const own = user ? ' --user' : '';
  return `On this host, when doctor is content:

${tells ? `  offsite-rsync alert test${configWords}\n` : ''}  offsite-rsync run ${job}${configWords}
  offsite-rsync units ${job} --backup-unit ${unit}${own} --write${configWords}${what}
  systemctl${own} daemon-reload && systemctl${own} enable --now offsite-rsync-freshness.timer
`;
}

/** How the key for restores is made. */
export function linesForReading(facts: Facts): string {
  const { host, job } = facts;
  return `For the day on which this host is gone: a key that only reads, made and kept somewhere else (docs/restore.md).

  ssh-keygen -q -t ed25519 -N '' -C restore@${host} -f offsite-read.key

The secondary lets it in with offsite-secondary add-host ${hostWords(facts)} --read-key offsite-read.key.pub. Then, wherever the target is configured:
offsite-rsync restore ${job} --to DIR --identity offsite-read.key
`;
}

/** The words with which `offsite-secondary` knows this host. */
function hostWords({ host, account, secondary }: Pick<Facts, 'host' | 'account' | 'secondary'>): string {
  const named = account === `offsite-${host}` ? '' : ` --account ${account}`;
  return `${host}${named}${secondary === 'gate' ? '' : ' --rrsync'}`;
}
