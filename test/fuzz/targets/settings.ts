import { Document } from 'yaml';
import { parseSecondaryConfig } from '../../../remote-scripts/config/load.ts';
import type { SecondaryYaml } from '../../../remote-scripts/config/options.ts';
import { secondaryRules } from '../../../remote-scripts/config/rules.ts';
import { toSettings } from '../../../remote-scripts/config/settings.ts';
import { secondaryValidator } from '../../../remote-scripts/config/validator.ts';
import { checkRules } from '../../../src/config/rules.ts';
import type { RawConfig } from '../../../src/config/options.ts';
import { configValidator } from '../../../src/config/validator.ts';
import { parseConfig } from '../../../src/config/load.ts';
import { parseYamlConfig, formatProblems, type ParsedConfig } from '../../../src/settings/yaml-config.ts';
import { cronProblem } from '../../../src/shared/schedule.ts';
import { must, mustBeSame, type Target } from '../target.ts';

/** A configuration of the primary: accepted as `config show` prints it, and by the run. */
export const primarySettings: Target = {
  name: 'primary-settings',
  check: (text) =>
    comesBack(text, (each) => parseYamlConfig<RawConfig>(each, configValidator, checkRules), readPrimary),
};

/** A `secondary.yaml`, with every check that prune and the gate's `--check` make. */
export const secondarySettings: Target = {
  name: 'secondary-settings',
  check: (text) => {
    parseSecondaryConfig(text);
    return comesBack(text, readSecondary, (_, yaml) => mustBeNumbers(toSettings(yaml)));
  },
};

function readPrimary(text: string): void {
  mustBeNumbers(parseConfig('config.yaml', text));
}

function readSecondary(text: string): ParsedConfig<SecondaryYaml> {
  return parseYamlConfig<SecondaryYaml>(text, secondaryValidator, (yaml, locate) =>
    secondaryRules(yaml, locate, { checkSchedule: cronProblem, reach: true }),
  );
}

function comesBack<T>(
  text: string,
  parse: (text: string) => ParsedConfig<T>,
  read: (text: string, value: T) => void,
): boolean {
  const parsed = parse(text);
  if (!parsed.ok) {
    must(parsed.problems.length > 0, 'refused without a reason');
    formatProblems('c.yaml', parsed.problems);
    return false;
  }
  mustBePlain(parsed.value);
  read(text, parsed.value);
  const again = parse(new Document(parsed.value).toString({ lineWidth: 0 }));
  must(again.ok, `is refused as it is shown: ${again.ok ? '' : formatProblems('shown', again.problems)}`);
  mustBeSame(again.ok ? again.value : undefined, parsed.value, 'comes back as other settings');
  return true;
}

/** Limits that are no numbers limit nothing. */
function mustBeNumbers(settings: unknown, path = ''): void {
  if (typeof settings === 'number') must(Math.abs(settings) <= Number.MAX_SAFE_INTEGER, `${path} is ${settings}`);
  else if (settings instanceof Map) for (const [key, value] of settings) mustBeNumbers(value, `${path}.${String(key)}`);
  else if (typeof settings === 'object' && settings !== null)
    for (const [key, value] of Object.entries(settings)) mustBeNumbers(value, `${path}.${key}`);
}

/** Of any other object, neither the schema nor a rule sees what is in it. */
function mustBePlain(value: unknown): void {
  if (typeof value !== 'object' || value === null) return;
  must(Array.isArray(value) || Object.getPrototypeOf(value) === Object.prototype, `took ${value.constructor.name}`);
  for (const each of Object.values(value)) mustBePlain(each);
}
