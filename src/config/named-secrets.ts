import type { NamedSecret } from '../shared/redaction.ts';
import type { Jump } from './endpoint-values.ts';

/** Account names that do not reveal the secondary, and that are common words in our own messages. */
const ORDINARY_WORDS = new Set([
  'root',
  'backup',
  'backups',
  'offsite',
  'rsync',
  'ssh',
  'admin',
  'data',
  'user',
  'vault',
]);

/** What may be seen of no target, as it is read. */
interface Values {
  readonly host: string;
  readonly port: string | undefined;
  readonly user: string;
  readonly identity: string;
  readonly passphrase: string | undefined;
  readonly jump: Jump | undefined;
}

/** The secrets of a target, each with the name that stands in its place. What the target itself is called is none: it is in every message. */
export function namedSecrets(target: string, values: Values): NamedSecret[] {
  const { host, port, user, identity, passphrase, jump } = values;
  const all = [
    ...named(target, 'host', host),
    ...named(target, 'identity', identity),
    ...portForms(host, port).map((value) => ({ name: `${target}.port`, value })),
    account(`${target}.user`, user),
    ...(passphrase === undefined ? [] : named(target, 'passphrase', passphrase)),
    ...(jump === undefined
      ? []
      : [
          ...[jump.host, ...portForms(jump.host, jump.port)].flatMap((value) => named(target, 'proxy_jump', value)),
          account(`${target}.proxy_jump`, jump.user),
        ]),
  ];
  return all.filter(({ value }) => value !== target);
}

function named(target: string, key: string, value: string): NamedSecret[] {
  return [{ name: `${target}.${key}`, value }];
}

/** Replacing the bare number would garble counts and sizes, so a port is replaced only where it is written as one. */
function portForms(host: string, port: string | number | undefined): string[] {
  return port === undefined ? [] : [`port ${port}`, `${host}:${port}`, `]:${port}`];
}

function account(name: string, user: string): NamedSecret {
  return { name, value: ORDINARY_WORDS.has(user) ? `${user}@` : user };
}
