import { readFileSync, statSync } from 'node:fs';
import {
  readOptionalSecret,
  readPublicText,
  readSecret,
  readSecretsFile,
  SecretError,
  type Secret,
  type SecretSources,
} from '../platform/secrets.ts';
import type { NamedSecret } from '../shared/redaction.ts';
import type { SecretReference } from '../shared/secret-reference.ts';
import { identityProblem, isPublicKey, type Identity } from './identity.ts';
import { hostProblem, parseJump, parsePort, userProblem, type Jump } from './endpoint-values.ts';
import { namedSecrets } from './named-secrets.ts';
import type { Settings, TargetSettings } from './settings.ts';

/** The endpoint of one target, in the clear. Only ssh's private configuration and the redactor may see it. */
export interface TargetSecrets {
  readonly host: string;
  /** Undefined: ssh's own, 22. */
  readonly port: number | undefined;
  readonly user: string;
  /** A private key; or the public key of one that the agent holds. */
  readonly identity: Secret;
  readonly passphrase: string | undefined;
  readonly certificate: Secret | undefined;
  /** Path of the agent's socket. */
  readonly agent: string | undefined;
  readonly jump: Jump | undefined;
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
  passphrase: true,
  certificate: true,
  agent: true,
  proxyJump: true,
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
  const wrong = (key: string, problem: string | undefined): void => {
    if (problem !== undefined) problems.push(`target ${target.name}, ${key}: ${problem}`);
  };
  const attempt = <T>(key: string, reading: () => T): T | undefined => {
    try {
      return reading();
    } catch (error) {
      if (!(error instanceof SecretError)) throw error;
      wrong(key, error.message);
      return undefined;
    }
  };
  const read = (key: string, reference: SecretReference, reader = readSecret): Secret =>
    attempt(key, () => reader(reference, sources)) ?? { value: '' };
  const ifGiven = (key: string, reference: SecretReference | undefined, reader = readSecret): Secret | undefined =>
    reference && attempt(key, () => reader(reference, sources));

  const host = read('host', target.host).value.trim();
  const { port: portReference } = target;
  const portText = portReference && attempt('port', () => readOptionalSecret(portReference, sources))?.value.trim();
  const port = portText === undefined ? undefined : parsePort(portText);
  const user = read('user', target.user).value.trim();
  const passphrase = ifGiven('passphrase', target.passphrase)?.value;
  const certificate = ifGiven('certificate', target.certificate, readPublicText);
  const agent = ifGiven('agent', target.agent)?.value.trim();
  const identity = read('identity', target.identity, target.agent === undefined ? readSecret : readEitherKey);
  const jumpText = ifGiven('proxy_jump', target.proxyJump)?.value.trim();
  const jump = jumpText === undefined ? undefined : parseJump(jumpText, user);
  const knownHosts = read('known_hosts', target.knownHosts, readPublicText);

  if (portText !== undefined && port === undefined) wrong('port', 'the value is not a port number from 1 to 65535');
  wrong('host', hostProblem(host));
  wrong('user', userProblem(user));
  if (jumpText !== undefined && jump === undefined) {
    wrong('proxy_jump', 'the value is not one host on the way, [USER@]HOST[:PORT] (an IPv6 address in brackets)');
  }
  if (agent !== undefined) wrong('agent', agentProblem(agent));
  if (identity.value !== '') {
    const help = { passphrase: passphrase !== undefined, agent: target.agent !== undefined };
    wrong('identity', identityProblem(identityOf(identity), help));
  }
  if (problems.length > 0) throw new SecretError(problems.join('\n'));
  return {
    ...{ host, port, user, identity, passphrase, certificate, agent, jump, knownHosts },
    named: namedSecrets(target.name, { host, port: portText, user, identity: identity.value, passphrase, jump }),
  };
}

/** A key that may be the public one, which everybody may read. */
function readEitherKey(reference: SecretReference, sources: SecretSources): Secret {
  const key = readPublicText(reference, sources);
  return isPublicKey(key.value) ? key : readSecret(reference, sources);
}

/** The value itself is not told: a path below a home directory says who runs this. */
function agentProblem(socket: string): string | undefined {
  try {
    if (socket.startsWith('/') && statSync(socket).isSocket()) return undefined;
  } catch {
    // not there, or behind a directory that this user may not enter
  }
  return 'there is no socket at the path that it gives: start the agent (ssh-agent -a PATH), or correct the path';
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
