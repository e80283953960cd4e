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

/** Where offsite-secondary puts keys, and where sshd looks by default (sshd_config(5)). */
const USUAL_KEYS = '/etc/offsite-rsync/authorized_keys.d/%u .ssh/authorized_keys .ssh/authorized_keys2';

/** Checks what sshd lets the account do, as far as this user can see it. */
export async function checkAccess(host: string, account: Account, gate: string): Promise<Finding[]> {
  const settings = readSshd(account);
  const files = keyFiles(settings?.get('authorizedkeysfile') ?? USUAL_KEYS, account);
  const keys = await checkKeys(host, files, gate);
  return [
    checkShell(account),
    ...keys.findings,
    ...(settings === undefined
      ? [unseen('only root can see the settings of sshd')]
      : judgeSshd(settings, host, account.name, keys.reads)),
  ];
}

function checkShell({ name, shell }: Account): Finding {
  return /\/(nologin|false|true|sync)$/.test(shell)
    ? bad(
        `the shell of ${name} is ${shell}, and sshd starts the forced command with it`,
        `usermod --shell /bin/sh ${name}; the forced command and \`restrict\` are what closes the account`,
      )
    : good(`the shell of ${name} can start the forced command`);
}

/** The settings of sshd for the account, by key in lower case; undefined when this user may not ask. */
function readSshd({ name }: Account): ReadonlyMap<string, string> | undefined {
  const { stdout, status } = spawnSync('sshd', ['-T', '-C', `user=${name},host=localhost,addr=127.0.0.1`], {
    encoding: 'utf8',
    env: { PATH: '/usr/sbin:/sbin:/usr/bin:/bin', LC_ALL: 'C' },
  });
  return status === 0 ? parseSshd(stdout) : undefined;
}

/** Reads the output of `sshd -T`: a key and its value per line. The values of a repeated key are joined. */
export function parseSshd(text: string): ReadonlyMap<string, string> {
  const settings = new Map<string, string>();
  for (const line of text.split('\n')) {
    const [key = '', ...rest] = line.split(' ');
    const before = settings.get(key);
    settings.set(key, [...(before === undefined ? [] : [before]), ...rest].join(' '));
  }
  return settings;
}

/** The files that `AuthorizedKeysFile` names; a relative one is in the account's home. */
export function keyFiles(setting: string, { name, uid, home }: Account): string[] {
  return setting
    .split(' ')
    .filter((word) => word !== '' && word !== 'none')
    .map((word) => word.replaceAll('%u', name).replaceAll('%U', `${uid}`).replaceAll('%h', home).replaceAll('%%', '%'))
    .map((path) => (path.startsWith('/') ? path : join(home, path)));
}

/** Variables that a client may set, because none of the programs that we start obeys them. */
const HARMLESS_VARIABLES = /^(LANG|LANGUAGE|LC_[A-Z_*]*|TERM|COLORTERM|NO_COLOR)$/;

/** Those of them that affect every program at its start. */
const LOCALE_VARIABLES = /^(LANG|LC_)/;

/** Judges the settings of sshd for the account. @param reads whether one of its keys is a read key */
export function judgeSshd(settings: ReadonlyMap<string, string>, host: string, name: string, reads = false): Finding[] {
  const snippet = `Write the sshd_config.d snippet (Match User ${name}): offsite-secondary add-host ${host}`;
  const environment = settings.get('permituserenvironment') ?? 'no';
  const forced = settings.get('forcecommand') ?? 'none';
  const variables = (settings.get('acceptenv') ?? '').split(' ').filter((name) => name !== '');
  const strange = variables.filter((name) => !HARMLESS_VARIABLES.test(name));
  return [
    // It takes precedence over what a key's line says (facts.md#forced-commands).
    ...(reads && forced !== 'none'
      ? [
          bad(
            `sshd starts the same command for every key of ${name} (ForceCommand), so its read key cannot read`,
            `Write the snippet anew: offsite-secondary add-host ${host} --read-key FILE.pub`,
          ),
        ]
      : []),
    ...(forced === 'none' || forced.endsWith(`offsite-gate ${host}`)
      ? []
      : [bad(`sshd starts another command for ${name}: ${forced}`, snippet)]),
    environment === 'no'
      ? good('sshd accepts no environment from the account')
      : bad(`sshd accepts environment from the account (PermitUserEnvironment ${environment})`, snippet),
    // NODE_OPTIONS alone would let a client load code into the gate.
    ...(strange.length === 0
      ? []
      : [
          bad(
            `sshd accepts variables from clients that change what programs do (AcceptEnv ${strange.join(' ')})`,
            'Remove them from AcceptEnv in /etc/ssh/sshd_config and sshd_config.d.',
          ),
        ]),
    // A locale with a very long name crashes node. Our first line sets one; this is for whatever starts node without
    // it.
    variables.some((variable) => LOCALE_VARIABLES.test(variable)) &&
    !/(^| )LC_ALL=C( |$)/.test(settings.get('setenv') ?? '')
      ? hint('sshd accepts the locale of the client (AcceptEnv LANG LC_*) and sets none of its own', snippet)
      : good('sshd lets no client choose the locale'),
    settings.get('clientaliveinterval') === '0'
      ? hint('sshd does not notice a client that has gone (ClientAliveInterval 0)', snippet)
      : good('sshd notices a client that has gone'),
    ['passwordauthentication', 'kbdinteractiveauthentication'].some((key) => settings.get(key) === 'yes')
      ? hint(`sshd also accepts passwords for ${name}`, snippet)
      : good('sshd accepts keys only'),
  ];
}
