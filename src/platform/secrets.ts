import { closeSync, constants, fstatSync, openSync, readFileSync, type Stats } from 'node:fs';
import { join } from 'node:path';
import { encodingProblem } from '../shared/encoding.ts';
import { ownValue } from '../shared/lookup.ts';
import { describeReference, type SecretReference } from '../shared/secret-reference.ts';
import { isMissing, whyUnread } from './files.ts';
import { kindOf } from './regular-file.ts';
import { outputOf } from './secret-command.ts';

/** A secret could not be read. The message says which, why, and what to do; it never contains the value. */
export class SecretError extends Error {
  override readonly name = 'SecretError';
}

/** Where references are looked up. */
export interface SecretSources {
  /** The process environment. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Pairs from the secrets file; the environment takes precedence. */
  readonly fileValues?: ReadonlyMap<string, string>;
}

/** A secret's value and, if it is a file of its own, the path under which another program can read it. */
export interface Secret {
  /** The value without trailing newlines. */
  readonly value: string;
  readonly path?: string;
}

/**
 * Reads one secret.
 * @throws SecretError when it is missing, empty, or a file that group or others can read
 */
export function readSecret(reference: SecretReference, sources: SecretSources): Secret {
  return filled(reference, locate(reference, sources, assertPrivate));
}

/**
 * Reads what everybody may know, but nobody may replace: host keys, a certificate, a public key.
 * @throws SecretError when it is missing, empty, or a file that others can write to
 */
export function readPublicText(reference: SecretReference, sources: SecretSources): Secret {
  return filled(reference, locate(reference, sources, assertOwn));
}

function filled(reference: SecretReference, secret: Secret): Secret {
  if (secret.value === '') throw new SecretError(`The ${describeReference(reference)} is empty.`);
  return secret;
}

/**
 * Reads secrets one by one as they are needed, and the secrets file only when a reference needs it. So a secrets file that is
 * missing or readable by others does not affect secrets kept elsewhere.
 * @param secretsFile the file that the configuration names
 * @returns a reader of values, which throws SecretError as {@link readSecret} and {@link readSecretsFile} do
 */
export function createSecretReader(
  secretsFile: string | undefined,
  environment: SecretSources['environment'],
): (reference: SecretReference) => string {
  let fileValues: ReadonlyMap<string, string> | undefined;
  return (reference) => {
    if (secretsFile !== undefined && needsSecretsFile(reference, environment)) {
      fileValues ??= readSecretsFile(secretsFile);
    }
    return readSecret(reference, { environment, ...(fileValues ? { fileValues } : {}) }).value;
  };
}

/** Whether a reference needs the secrets file, because the environment, which takes precedence, does not have it. */
export function needsSecretsFile(reference: SecretReference, environment: SecretSources['environment']): boolean {
  return 'env' in reference && ownValue(environment, reference.env) === undefined;
}

/**
 * Reads a secret that has a default: a variable that is unset, empty or blank counts as absent. A file or credential must exist
 * nevertheless, because somebody who names one expects it to be used.
 * @throws SecretError as {@link readSecret} does, except for such a variable
 */
export function readOptionalSecret(reference: SecretReference, sources: SecretSources): Secret | undefined {
  if ('env' in reference && (variable(reference.env, sources) ?? '').trim() === '') return undefined;
  return readSecret(reference, sources);
}

function variable(name: string, sources: SecretSources): string | undefined {
  return ownValue(sources.environment, name) ?? sources.fileValues?.get(name);
}

function locate(reference: SecretReference, sources: SecretSources, check: Check): Secret {
  if ('env' in reference) {
    const value = variable(reference.env, sources);
    if (value === undefined) {
      throw new SecretError(
        `The environment variable ${reference.env} is not set. Set it, or put a line ${reference.env}=… into the file that secrets_file names.`,
      );
    }
    return { value: trimEnd(value) };
  }
  if ('credential' in reference) {
    const directory = sources.environment.CREDENTIALS_DIRECTORY;
    if (directory === undefined) {
      throw new SecretError(
        `The systemd credential ${reference.credential} cannot be read: $CREDENTIALS_DIRECTORY is not set. Start this from a unit with LoadCredential=${reference.credential}:PATH.`,
      );
    }
    const path = join(directory, reference.credential);
    // No permission check: systemd grants a non-root User= by an ACL, which shows as a group bit (systemd 252).
    return { value: trimEnd(readSecretFile(path)), path };
  }
  if ('command' in reference) {
    const { command } = reference;
    const answer = outputOf(command);
    if (answer.kind === 'printed') return { value: trimEnd(answer.text) };
    throw new SecretError(`The ${describeReference(reference)} ${answer.why}. Try it as the user who runs this.`);
  }
  return { value: trimEnd(readSecretFile(reference.file, check)), path: reference.file };
}

/**
 * Reads the secrets file: one `KEY=value` per line; `#` starts a comment line; a value may be quoted.
 * @throws SecretError as for a secret in its own file, for bytes outside comments that are not UTF-8, and for a line that is no pair
 *   (the message contains its number, never its text)
 */
export function readSecretsFile(path: string): Map<string, string> {
  const values = new Map<string, string>();
  const text = readSecretFile(path, assertPrivate).replace(/^\uFEFF/, '');
  const whole = encodingProblem(text);
  if (whole !== undefined && whole.line === undefined) throw new SecretError(`Secrets file ${path} ${whole.message}`);
  text.split('\n').forEach((raw, index) => {
    const line = raw.trim();
    if (line === '' || line.startsWith('#')) return;
    const foreign = encodingProblem(line);
    if (foreign !== undefined) throw new SecretError(`Secrets file ${path}, line ${index + 1}: ${foreign.message}`);
    const match = /^(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)\s*=\s*(.*)$/.exec(line);
    if (!match) throw new SecretError(`Secrets file ${path}, line ${index + 1}: not of the form KEY=value.`);
    const [, key = '', value = ''] = match;
    values.set(key, unquote(value));
  });
  return values;
}

/** Refuses a file by its owner and mode. */
type Check = (path: string, stats: Stats) => void;

function assertPrivate(path: string, { mode }: Stats): void {
  if ((mode & 0o077) === 0) return;
  throw new SecretError(
    `Secrets file ${path} is readable by ${(mode & 0o007) === 0 ? 'its group' : 'others'} (${octal(mode)}). It is for its owner alone: chmod 600 ${path}`,
  );
}

function assertOwn(path: string, { mode }: Stats): void {
  if ((mode & 0o022) === 0) return;
  throw new SecretError(
    `${path} can be changed by ${(mode & 0o002) === 0 ? 'its group' : 'others'} (${octal(mode)}), who could put something else there: chmod go-w ${path}`,
  );
}

function octal(mode: number): string {
  return (mode & 0o777).toString(8).padStart(4, '0');
}

/** Opens without waiting: at a named pipe without a writer, a plain open would never return, and no run would ever end. */
function readSecretFile(path: string, check?: Check): string {
  try {
    const file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      const stats = fstatSync(file);
      if (!stats.isFile()) {
        throw new SecretError(`Secrets file ${path} ${kindOf(stats)}. Write the secrets into a file, with mode 0600.`);
      }
      check?.(path, stats);
      return readFileSync(file, 'utf8');
    } finally {
      closeSync(file);
    }
  } catch (error) {
    if (error instanceof SecretError) throw error;
    const remedy = isMissing(error) ? ' Create it with mode 0600, readable by the user who runs this.' : '';
    throw new SecretError(`Secrets file ${path} ${whyUnread(error)}.${remedy}`);
  }
}

function unquote(value: string): string {
  const quoted = /^(["'])(.*)\1$/.exec(value);
  return quoted ? (quoted[2] ?? '') : value;
}

function trimEnd(value: string): string {
  return value.replace(/[\r\n]+$/, '');
}
