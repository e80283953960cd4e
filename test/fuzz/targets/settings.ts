import { Document, parse } from 'yaml';
import type { SecondaryYaml } from '../../../remote-scripts/config/options.ts';
import { secondaryRules } from '../../../remote-scripts/config/rules.ts';
import { toSettings } from '../../../remote-scripts/config/settings.ts';
import { secondaryValidator } from '../../../remote-scripts/config/validator.ts';
import { checkRules } from '../../../src/config/rules.ts';
import { CONFIG, type RawConfig } from '../../../src/config/options.ts';
import { configValidator } from '../../../src/config/validator.ts';
import { readAll } from '../../../src/settings/option.ts';
import type { Validator } from '../../../src/settings/schema-compiler.ts';
import {
  parseYamlConfig,
  formatProblems,
  type ConfigProblem,
  type Locate,
  type ParsedConfig,
} from '../../../src/settings/yaml-config.ts';
import { cronProblem } from '../../../src/shared/schedule.ts';
import { must, mustBeSame, type Target } from '../target.ts';
import { mustBePrimary, mustBeSecondary } from './settings-facts.ts';

/*
 * Both configurations, as texts and as values. What is accepted is ready for use, fits settings-facts.ts, and comes back the same after it was
 * printed as YAML. The values come without the parser of YAML, which takes ten times as long as everything after it.
 */

/** How one kind of configuration is read. */
interface Side<T> {
  readonly validator: Validator;
  readonly rules: (value: T, locate: Locate) => readonly ConfigProblem[];
  /** What else must hold for one that was accepted. */
  readonly accepted: (value: T) => void;
}

const PRIMARY: Side<RawConfig> = {
  validator: configValidator,
  rules: checkRules,
  accepted: (config) => {
    mustBePrimary(config);
    mustBeNumbers(readAll(CONFIG, config));
  },
};

/** With every check that prune and the gate's `--check` make, and before it those of a session of the gate. */
const SECONDARY: Side<SecondaryYaml> = {
  validator: secondaryValidator,
  rules: (yaml, locate) => {
    const problems = secondaryRules(yaml, locate);
    const all = secondaryRules(yaml, locate, { checkSchedule: cronProblem, reach: true });
    must(all.length >= problems.length, 'a session of the gate refuses more than its check');
    return all;
  },
  accepted: (yaml) => {
    mustBeSecondary(yaml);
    mustBeNumbers(toSettings(yaml));
  },
};

/** A configuration of the primary: accepted as `config show` prints it. */
export const primarySettings: Target = {
  name: 'primary-settings',
  check: (text) => readText(text, PRIMARY).ok,
};

/** A `secondary.yaml`. */
export const secondarySettings: Target = {
  name: 'secondary-settings',
  check: (text) => {
    const { ok, value } = readText(text, SECONDARY);
    // What a session of the gate takes although its check does not, it must be able to use.
    if (!ok && secondaryValidator(value) && secondaryRules(value as SecondaryYaml, nowhere).length === 0)
      mustBeNumbers(toSettings(value as SecondaryYaml));
    return ok;
  },
};

export const primaryValues = valuesOf('primary', PRIMARY);
export const secondaryValues = valuesOf('secondary', SECONDARY);

function valuesOf<T>(name: string, side: Side<T>): Target {
  return {
    name: `${name}-values`,
    corpus: `${name}-settings`,
    seed: (yaml) => JSON.stringify(parse(yaml)),
    check: (text) => {
      // The sign for what is no UTF-8.
      const value = text.includes('\ufffd') ? undefined : parseJson(text);
      if (!side.validator(value) || side.rules(value as T, nowhere).length > 0) return false;
      side.accepted(value as T);
      mustComeBack(value as T, side);
      return true;
    },
  };
}

function readText<T>(text: string, side: Side<T>): ParsedConfig<T> {
  const parsed = parseYamlConfig<T>(text, side.validator, side.rules);
  if (parsed.ok) {
    mustBePlain(parsed.value);
    side.accepted(parsed.value);
    mustComeBack(parsed.value, side);
    return parsed;
  }
  must(parsed.problems.length > 0, 'refused without a reason');
  formatProblems('c.yaml', parsed.problems);
  return parsed;
}

function mustComeBack<T>(value: T, { validator, rules }: Side<T>): void {
  const again = parseYamlConfig<T>(new Document(value).toString({ lineWidth: 0 }), validator, rules);
  must(again.ok, `is refused as it is shown: ${again.ok ? '' : formatProblems('shown', again.problems)}`);
  mustBeSame(again.value, value, 'comes back as other settings');
}

function nowhere(): undefined {
  return undefined;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
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
