import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  readOptionalSecret,
  readSecret,
  readSecretsFile,
  SecretError,
  type Secret,
  type SecretSources,
} from '../platform/secrets.ts';
import type { NamedSecret } from '../shared/redaction.ts';
import type { SecretReference } from '../shared/secret-reference.ts';
import { identityProblem, type Identity } from './identity.ts';
import type { Settings, TargetSettings } from './settings.ts';

/** The endpoint of one target, in the clear. Only ssh's private configuration and the redactor may see it. */
export interface TargetSecrets {
  readonly host: string;
  /** Undefined: ssh's own, 22. */
  readonly port: number | undefined;
  readonly user: string;
  readonly identity: Secret;
  readonly knownHosts: Secret;
  /** For the redactor. */
  readonly named: readonly NamedSecret[];
}

/**
 * Where this configuration's references are looked up.
 * @throws SecretError when the secrets file is missing or readable by others
 */
export function secretSources(
  secretsFile: Settings['secretsFile'],
  environment: Readonly<Record<string, string | undefined>>,
): SecretSources {
  return secretsFile === undefined ? { environment } : { environment, fileValues: readSecretsFile(secretsFile) };
}

/** The settings of a target that are references, and whether a run needs them; to forget one is a compiler error. */
type ReferenceKey = {
  [K in keyof TargetSettings]: SecretReference extends TargetSettings[K] ? K : never;
}[keyof TargetSettings];
const REFERENCES: Readonly<Record<ReferenceKey, boolean>> = {
  host: true,
  port: true,
  user: true,
  identity: true,
  knownHosts: true,
  readIdentity: false, // it is away until something is restored
};

/** All references of a target that a run needs: endpoint, key and known_hosts. */
export function targetReferences(target: TargetSettings): SecretReference[] {
  const keys = (Object.keys(REFERENCES) as ReferenceKey[]).filter((key) => REFERENCES[key]);
  return keys.map((key) => target[key]).filter((reference) => reference !== undefined);
}

/**
 * Reads the secrets of one target.
 * @throws SecretError that names every secret that cannot be read, not only the first
 */
export function readTargetSecrets(target: TargetSettings, sources: SecretSources): TargetSecrets {
  const problems: string[] = [];
  const attempt = <T>(key: string, reading: () => T): T | undefined => {
    try {
      return reading();
    } catch (error) {
      if (!(error instanceof SecretError)) throw error;
      problems.push(`target ${target.name}, ${key}: ${error.message}`);
      return undefined;
    }
  };
  const read = (key: string, reference: SecretReference): Secret =>
    attempt(key, () => readSecret(reference, sources)) ?? { value: '' };
  const host = read('host', target.host).value.trim();
  const { port: portReference } = target;
  const port = portReference && attempt('port', () => readOptionalSecret(portReference, sources))?.value.trim();
  const user = read('user', target.user).value.trim();
  const identity = read('identity', target.identity);
  const knownHosts = read('known_hosts', target.knownHosts);
  if (port !== undefined && !(/^\d{1,5}$/.test(port) && Number(port) >= 1 && Number(port) <= 65_535)) {
    problems.push(`target ${target.name}, port: the value is not a port number from 1 to 65535`);
  }
  if (/^-|[\s@/]/.test(host)) {
    problems.push(
      `target ${target.name}, host: the value is not a host name or address alone (user and port have keys of their own)`,
    );
  }
  if (/^-|[\s@/]/.test(user)) problems.push(`target ${target.name}, user: the value is not an account name`);
  const wrongKey = identity.value === '' ? undefined : identityProblem(identityOf(identity));
  if (wrongKey !== undefined) problems.push(`target ${target.name}, identity: ${wrongKey}`);
  if (problems.length > 0) throw new SecretError(problems.join('\n'));
  return {
    host,
    port: port === undefined ? undefined : Number(port),
    user,
    identity,
    knownHosts,
    named: namedSecrets(target.name, { host, port, user, identity: identity.value }),
  };
}

/** The key as ssh reads it. A secret's value has lost its last line end, but a key may need it. */
function identityOf({ value, path }: Secret): Identity {
  if (path === undefined) return { path, text: value };
  const publicText = readIfPresent(`${path}.pub`);
  return { path, text: readIfPresent(path) ?? value, ...(publicText === undefined ? {} : { publicText }) };
}

function readIfPresent(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined; // ssh does not need it, or reports it itself
  }
}

/**
 * Paths of the key and of known_hosts that ssh can read. Files stay where they are; what comes from an environment
 * variable is written to the run's private directory.
 */
export function materialise(
  secrets: TargetSecrets,
  directory: string,
): { readonly identityFile: string; readonly knownHostsFile: string } {
  const place = (secret: Secret, name: string): string => {
    if (secret.path !== undefined) return secret.path;
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    const path = join(directory, name);
    writeFileSync(path, `${secret.value}\n`, { mode: 0o600 });
    chmodSync(path, 0o600); // an existing file keeps its mode otherwise
    return path;
  };
  return { identityFile: place(secrets.identity, 'key'), knownHostsFile: place(secrets.knownHosts, 'known_hosts') };
}

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

function namedSecrets(
  target: string,
  values: { host: string; port: string | undefined; user: string; identity: string },
): NamedSecret[] {
  const name = (key: string) => `${target}.${key}`;
  const named: NamedSecret[] = [
    { name: name('host'), value: values.host },
    { name: name('identity'), value: values.identity },
  ];
  // Replacing the bare number would garble counts and sizes, so a port is replaced only where it is written as one.
  for (const form of values.port === undefined
    ? []
    : [`port ${values.port}`, `${values.host}:${values.port}`, `]:${values.port}`]) {
    named.push({ name: name('port'), value: form });
  }
  if (ORDINARY_WORDS.has(values.user)) named.push({ name: name('user'), value: `${values.user}@` });
  else named.push({ name: name('user'), value: values.user });
  return named;
}
