import { isMissing, whyUnread } from '../../src/platform/files.ts';
import { readRegularFile } from '../../src/platform/regular-file.ts';
import { formatProblems, parseYamlConfig, type ConfigProblem } from '../../src/settings/yaml-config.ts';
import { LARGEST_SETTINGS } from './location.ts';
import { secondaryRules, type Scrutiny } from './rules.ts';
import { toSettings, type SecondarySettings } from './settings.ts';
import { secondaryValidator } from './validator.ts';
import type { SecondaryYaml } from './options.ts';

export { SECONDARY_CONFIG } from './location.ts';

/** The settings cannot be used. The message lists every problem with its line and the fix. */
export class SecondaryConfigError extends Error {
  override readonly name = 'SecondaryConfigError';
}

/** The settings, or every problem the text has. */
export type ParsedSecondary =
  | { readonly ok: true; readonly settings: SecondarySettings }
  | { readonly ok: false; readonly problems: readonly ConfigProblem[] };

/**
 * Reads the text of a `secondary.yaml`.
 * @param scrutiny what to check beyond what a session of the gate needs
 */
export function parseSecondaryConfig(text: string, scrutiny?: Scrutiny): ParsedSecondary {
  const parsed = parseYamlConfig<SecondaryYaml>(text, secondaryValidator, (yaml, locate) =>
    secondaryRules(yaml, locate, scrutiny),
  );
  return parsed.ok ? { ok: true, settings: toSettings(parsed.value) } : { ok: false, problems: parsed.problems };
}

/**
 * Loads the secondary's settings.
 * @throws SecondaryConfigError when the file is missing, unreadable or has problems
 */
export async function loadSecondaryConfig(path: string, scrutiny?: Scrutiny): Promise<SecondarySettings> {
  const parsed = parseSecondaryConfig(await read(path), scrutiny);
  if (!parsed.ok) throw new SecondaryConfigError(formatProblems(path, parsed.problems));
  return parsed.settings;
}

async function read(path: string): Promise<string> {
  try {
    return await readRegularFile(path, LARGEST_SETTINGS);
  } catch (error) {
    const remedy = isMissing(error) ? ' Copy secondary.example.yaml there and adapt it.' : '';
    throw new SecondaryConfigError(`${path} ${whyUnread(error)}.${remedy}`);
  }
}
