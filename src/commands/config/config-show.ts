import { isScalar, isSeq, visit, Document, type YAMLMap } from 'yaml';
import { loadWholeConfig } from '../../config/load.ts';
import { createSecretReader, SecretError } from '../../platform/secrets.ts';
import type { SecretReference } from '../../shared/secret-reference.ts';
import type { Context } from '../context.ts';
import { printJson } from '../json-output.ts';

/** Options of `offsite-rsync config show`. */
export interface ShowOptions {
  readonly config: string;
  readonly json?: boolean;
}

/**
 * `offsite-rsync config show`: the configuration as a run sees it, with every default filled in. Of a secret it has the reference, and whether it
 * can be read here.
 * @returns 0
 * @throws ConfigError that lists every problem
 */
export async function showConfig(options: ShowOptions, context: Context): Promise<number> {
  const whole = await loadWholeConfig(options.config);
  if (options.json === true) {
    printJson(context, 'config show --json', whole);
    return 0;
  }
  const read = createSecretReader(whole.secrets_file, context.environment);
  const document = new Document(whole);
  visit(document, {
    Map: (_, map) => {
      const reference = referenceIn(map);
      if (reference === undefined) return undefined;
      map.flow = true;
      map.comment = ` ${canBeRead(reference, read) ? 'is set' : 'cannot be read here'}`;
      return visit.SKIP;
    },
    Seq: (_, list) => {
      list.flow = true;
    },
  });
  context.out(document.toString({ lineWidth: 0 }));
  return 0;
}

/** A reference is a map with this one key; what an alert command gets in its environment is under a key of that name too, but is a map. */
function referenceIn(map: YAMLMap): SecretReference | undefined {
  const [pair, ...others] = map.items;
  if (!pair || others.length > 0 || !isScalar(pair.key)) return undefined;
  if (!['env', 'file', 'credential', 'command'].includes(String(pair.key.value))) return undefined;
  return isScalar(pair.value) || isSeq(pair.value) ? (map.toJSON() as SecretReference) : undefined;
}

function canBeRead(reference: SecretReference, read: (reference: SecretReference) => string): boolean {
  try {
    read(reference);
    return true;
  } catch (error) {
    if (error instanceof SecretError) return false;
    throw error;
  }
}
