import { spawnSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { errorMessage, isMissing } from '../../../src/platform/files.ts';
import { bad, good, hint, unseen, type Finding } from './finding.ts';

/** The system account of a host. */
export interface Account {
  readonly name: string;
  readonly uid: number;
  readonly authorizedKeys: string;
  readonly shell: string;
}

/** Looks at what sshd lets the account do, as far as this user can see it. */
export async function checkAccess(host: string, account: Account): Promise<Finding[]> {
  return [checkShell(account), ...(await checkKeys(host, account)), ...checkSshd(account)];
}

/** The line of authorized_keys that belongs to a host. */
export function authorizedKeysLine(host: string): string {
  return `command="/usr/local/bin/offsite-gate ${host}",restrict ssh-ed25519 AAAA… `.trimEnd();
}

function checkShell({ name, shell }: Account): Finding {
  return /\/(nologin|false|true|sync)$/.test(shell)
    ? bad(
        `the shell of ${name} is ${shell}, and sshd starts the forced command with it`,
        `usermod --shell /bin/sh ${name}; the forced command and \`restrict\` are what shuts the account`,
      )
    : good(`the shell of ${name} can start the forced command`);
}

async function checkKeys(host: string, { name, authorizedKeys }: Account): Promise<Finding[]> {
  let text: string;
  try {
    text = await readFile(authorizedKeys, 'utf8');
  } catch (error) {
    if (!isMissing(error)) return [unseen(`${authorizedKeys} cannot be read by this user: ${errorMessage(error)}`)];
    return [
      unseen(
        `${authorizedKeys} does not exist; if the keys of ${name} lie elsewhere, each needs: ${authorizedKeysLine(host)}`,
      ),
    ];
  }
  return judgeKeys(text, host, authorizedKeys);
}

/** Judges the lines of an authorized_keys file: every key must lead to the gate and to nothing else. */
export function judgeKeys(text: string, host: string, path: string): Finding[] {
  const findings = text.split('\n').flatMap((line, index): Finding[] => {
    if (/^\s*(#|$)/.test(line)) return [];
    const at = `${path}, line ${index + 1}`;
    const fix = `Write: ${authorizedKeysLine(host)}`;
    const options = optionsOf(line);
    const command = /(?:^|,)command="((?:[^"\\]|\\.)*)"/.exec(options)?.[1] ?? '';
    const words = command.split(' ');
    if (!/(^|\/)offsite-gate(\.mjs)?( --config \S+)? \S+$/.test(command)) {
      return [bad(`${at}: this key does not lead to offsite-gate`, fix)];
    }
    if (words.at(-1) !== host) return [bad(`${at}: this key leads to host ${words.at(-1) ?? ''}, not to ${host}`, fix)];
    const bare = options.replace(/"(?:[^"\\]|\\.)*"/g, '""').split(',');
    if (!bare.includes('restrict')) return [bad(`${at}: \`restrict\` is missing`, fix)];
    const opened = bare.filter((option) => /^(pty|(port|agent|X11)-forwarding|user-rc)$/i.test(option));
    if (opened.length > 0) return [bad(`${at}: ${opened.join(', ')} gives back what \`restrict\` took`, fix)];
    return [good(`${at}: leads to the gate and to nothing else`)];
  });
  return findings.length > 0 ? findings : [bad(`${path} has no key`, `Add: ${authorizedKeysLine(host)}`)];
}

/** The options in front of the key type; blanks inside of quotes belong to them. */
function optionsOf(line: string): string {
  const match = /^((?:[^\s"]|"(?:[^"\\]|\\.)*")+)\s+\S/.exec(line.trim());
  const first = match?.[1] ?? '';
  return /^(ssh-|ecdsa-|sk-)/.test(first) ? '' : first;
}

function checkSshd({ name }: Account): Finding[] {
  const { stdout, status } = spawnSync('sshd', ['-T', '-C', `user=${name},host=localhost,addr=127.0.0.1`], {
    encoding: 'utf8',
    env: { PATH: '/usr/sbin:/sbin:/usr/bin:/bin', LC_ALL: 'C' },
  });
  if (status !== 0) return [unseen('the settings of sshd can be seen by root only')];
  return judgeSshd(stdout, name);
}

/** Judges what `sshd -T` says about the account. */
export function judgeSshd(text: string, name: string): Finding[] {
  const settings = new Map(
    text.split('\n').map((line): [string, string] => {
      const [key = '', ...rest] = line.split(' ');
      return [key, rest.join(' ')];
    }),
  );
  const snippet = `Install the sshd_config.d snippet of install.sh (Match User ${name}).`;
  const environment = settings.get('permituserenvironment') ?? 'no';
  return [
    environment === 'no'
      ? good('sshd takes no environment from the account')
      : bad(`sshd takes environment from the account (PermitUserEnvironment ${environment})`, snippet),
    settings.get('clientaliveinterval') === '0'
      ? hint('sshd does not notice a client that has gone (ClientAliveInterval 0)', snippet)
      : good('sshd notices a client that has gone'),
    ['passwordauthentication', 'kbdinteractiveauthentication'].some((key) => settings.get(key) === 'yes')
      ? hint(`sshd asks for passwords of ${name} too`, snippet)
      : good('sshd lets in keys alone'),
  ];
}
