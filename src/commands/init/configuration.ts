import { YAMLMap, parseDocument, type Document } from 'yaml';
import type { SecretReference } from '../../shared/secret-reference.ts';

/** What a new target says of its secondary. */
export interface NewTarget {
  readonly secondary: string;
  readonly host: SecretReference;
  readonly port: SecretReference;
  readonly user: SecretReference;
  readonly identity: SecretReference;
  readonly known_hosts: SecretReference;
  readonly proxy_jump?: SecretReference | undefined;
}

/** What a new job says. */
export interface NewJob {
  readonly source: string;
  readonly targets?: readonly string[];
  readonly expect?: { readonly schedule: string; readonly timezone: string; readonly grace: string };
}

/** What is to be in the configuration besides what is there. */
export interface Additions {
  readonly secretsFile: string | undefined;
  readonly stateDirectory: string | undefined;
  readonly target: readonly [string, NewTarget] | undefined;
  readonly job: readonly [string, NewJob] | undefined;
  /** Name and options of an alert channel. */
  readonly channel: readonly [string, Readonly<Record<string, unknown>>] | undefined;
}

const HEAD = `# yaml-language-server: $schema=config.schema.json
# offsite-rsync: what this host sends off-site. All keys: config.example.yaml. Check with: offsite-rsync config validate --secrets
# An editor completes keys once this has been called here: offsite-rsync config schema > config.schema.json
version: 1
`;

/**
 * Puts additions into the text of a configuration; what it says and its comments stay.
 * @param text undefined when there is no configuration yet
 */
export function extendConfig(
  text: string | undefined,
  { secretsFile, stateDirectory, target, job, channel }: Additions,
): string {
  const document = parseDocument(text ?? HEAD);
  const put = (path: readonly string[], value: unknown) => document.setIn(path, value);
  if (secretsFile !== undefined) put(['secrets_file'], secretsFile);
  if (stateDirectory !== undefined) put(['state_dir'], stateDirectory);
  if (target) put(['targets', target[0]], readable(document, target[1]));
  if (job) put(['jobs', job[0]], readable(document, job[1]));
  if (channel) put(['alerts', 'channels', channel[0]], readable(document, channel[1]));
  return document.toString({ lineWidth: 0, flowCollectionPadding: true });
}

/** A map with a line for each key, and on it what the key has. */
function readable(document: Document, value: object): YAMLMap {
  const map = new YAMLMap();
  for (const [key, inner] of Object.entries(value)) {
    if (inner !== undefined) map.set(key, document.createNode(inner, { flow: typeof inner === 'object' }));
  }
  return map;
}
