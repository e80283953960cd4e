import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { checkKeys } from './authorized-keys.ts';
import { bad, good, hint, unseen, type Finding } from './finding.ts';

/** The system account of a host. */
export interface Account {
  readonly name: string;
  readonly uid: number;
  readonly home: string;
  readonly shell: string;
}

/** Where install.sh puts keys, and where sshd looks when nobody tells it (sshd_config(5)). */
const USUAL_KEYS = '/etc/offsite-rsync/authorized_keys.d/%u .ssh/authorized_keys .ssh/authorized_keys2';

/** Looks at what sshd lets the account do, as far as this user can see it. */
export async function checkAccess(host: string, account: Account): Promise<Finding[]> {
  const settings = readSshd(account);
  const keys = keyFiles(settings?.get('authorizedkeysfile') ?? USUAL_KEYS, account);
  return [
    checkShell(account),
    ...(await checkKeys(host, keys)),
    ...(settings === undefined
      ? [unseen('the settings of sshd can be seen by root only')]
      : judgeSshd(settings, host, account.name)),
  ];
}

function checkShell({ name, shell }: Account): Finding {
  return /\/(nologin|false|true|sync)$/.test(shell)
    ? bad(
        `the shell of ${name} is ${shell}, and sshd starts the forced command with it`,
        `usermod --shell /bin/sh ${name}; the forced command and \`restrict\` are what shuts the account`,
      )
    : good(`the shell of ${name} can start the forced command`);
}

/** What sshd would do for the account, by key in small letters; undefined when it does not tell this user. */
function readSshd({ name }: Account): ReadonlyMap<string, string> | undefined {
  const { stdout, status } = spawnSync('sshd', ['-T', '-C', `user=${name},host=localhost,addr=127.0.0.1`], {
    encoding: 'utf8',
    env: { PATH: '/usr/sbin:/sbin:/usr/bin:/bin', LC_ALL: 'C' },
  });
  return status === 0 ? parseSshd(stdout) : undefined;
}

/** Reads what `sshd -T` prints: a key and its value a line. The values of a key that comes more than once are joined. */
export function parseSshd(text: string): ReadonlyMap<string, string> {
  const settings = new Map<string, string>();
  for (const line of text.split('\n')) {
    const [key = '', ...rest] = line.split(' ');
    const before = settings.get(key);
    settings.set(key, [...(before === undefined ? [] : [before]), ...rest].join(' '));
  }
  return settings;
}

/** The files that `AuthorizedKeysFile` stands for; a relative one lies in the account's home. */
export function keyFiles(setting: string, { name, uid, home }: Account): string[] {
  return setting
    .split(' ')
    .filter((word) => word !== '' && word !== 'none')
    .map((word) => word.replaceAll('%u', name).replaceAll('%U', `${uid}`).replaceAll('%h', home).replaceAll('%%', '%'))
    .map((path) => (path.startsWith('/') ? path : join(home, path)));
}

/** Variables that a client may set, as far as nothing that we start takes orders from them. */
const HARMLESS_VARIABLES = /^(LANG|LANGUAGE|LC_[A-Z_*]*|TERM|COLORTERM|NO_COLOR)$/;

/** Those among them that every program started in the session begins with. */
const LOCALE_VARIABLES = /^(LANG|LC_)/;

/** Judges what sshd would do for the account. */
export function judgeSshd(settings: ReadonlyMap<string, string>, host: string, name: string): Finding[] {
  const snippet = `Install the sshd_config.d snippet of install.sh (Match User ${name}).`;
  const environment = settings.get('permituserenvironment') ?? 'no';
  const forced = settings.get('forcecommand') ?? 'none';
  const variables = (settings.get('acceptenv') ?? '').split(' ').filter((name) => name !== '');
  const strange = variables.filter((name) => !HARMLESS_VARIABLES.test(name));
  return [
    ...(forced === 'none' || forced.endsWith(`offsite-gate ${host}`)
      ? []
      : [bad(`sshd starts another command for ${name}: ${forced}`, snippet)]),
    environment === 'no'
      ? good('sshd takes no environment from the account')
      : bad(`sshd takes environment from the account (PermitUserEnvironment ${environment})`, snippet),
    // NODE_OPTIONS alone would let a client load code into the gate.
    ...(strange.length === 0
      ? []
      : [
          bad(
            `sshd takes variables from clients that programs obey (AcceptEnv ${strange.join(' ')})`,
            'Take them out of AcceptEnv in /etc/ssh/sshd_config and sshd_config.d.',
          ),
        ]),
    // node dies of a locale with a very long name. Our first line sets one; this is for whatever starts node without it.
    variables.some((variable) => LOCALE_VARIABLES.test(variable)) &&
    !/(^| )LC_ALL=C( |$)/.test(settings.get('setenv') ?? '')
      ? hint('sshd takes the locale of the client (AcceptEnv LANG LC_*) and sets none of its own', snippet)
      : good('sshd lets no client choose the locale'),
    settings.get('clientaliveinterval') === '0'
      ? hint('sshd does not notice a client that has gone (ClientAliveInterval 0)', snippet)
      : good('sshd notices a client that has gone'),
    ['passwordauthentication', 'kbdinteractiveauthentication'].some((key) => settings.get(key) === 'yes')
      ? hint(`sshd asks for passwords of ${name} too`, snippet)
      : good('sshd lets in keys alone'),
  ];
}
