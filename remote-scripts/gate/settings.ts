import { join } from 'node:path';
import { isMissing, writeFileAtomic } from '../../src/platform/files.ts';
import { readRegularFile } from '../../src/platform/regular-file.ts';
import { hostPlaces, jobPaths, statePlaces, type JobPaths } from '../store/places.ts';
import { LARGEST_SETTINGS } from '../config/location.ts';
import type { GateLimits } from '../config/settings.ts';

/** What the gate must know about one host. */
export interface GateSettings {
  /** The directory of the host, `<root>/<host>`, with a directory for each job. */
  readonly hostRoot: string;
  /** `<state_dir>/<host>`. */
  readonly hostState: string;
  readonly account: string;
  readonly metadata: 'fake_super' | 'plain';
  readonly limits: GateLimits;
  readonly jobs: readonly string[];
}

/** Where everything of a configured job is. */
export function jobPathsOf({ hostRoot, hostState }: GateSettings, job: string): JobPaths {
  return jobPaths({ root: hostRoot, state: hostState }, job);
}

/** The settings cannot be loaded. The message is for the administrator, not for the sender. */
export class GateSettingsError extends Error {
  override readonly name = 'GateSettingsError';
}

/** Validated settings of one host, kept beside its state, and valid only for the text that they were made from. */
interface Remembered {
  readonly gate: string;
  readonly host: string;
  readonly text: string;
  readonly settings: GateSettings;
}

/**
 * Loads one host's part of the secondary's settings.
 *
 * Loading the YAML library and reading the file takes 20 ms, as long as everything else until rrsync starts. So the
 * result is kept in the host's state directory, and used as long as the text of the YAML file and the version of the
 * gate are the same.
 * @param version the gate's own
 * @throws GateSettingsError when the file is missing, has problems, or does not know the host
 */
export async function loadGateSettings(configPath: string, host: string, version: string): Promise<GateSettings> {
  const text = await readText(configPath);
  const hint = rememberedPath(text, host);
  const remembered = await recall(hint);
  if (remembered?.text === text && remembered.gate === version && remembered.host === host) {
    if (isWhole(remembered.settings)) return remembered.settings;
  }

  const settings = await validate(configPath, text, host);
  const path = statePlaces(settings.hostState).remembered;
  const content: Remembered = { gate: version, host, text, settings };
  // Only a cache: if it cannot be written, the next session reads the YAML again.
  await writeFileAtomic(path, JSON.stringify(content)).catch(() => undefined);
  return settings;
}

async function validate(configPath: string, text: string, host: string): Promise<GateSettings> {
  // YAML and the schema are most of the gate's code, and few sessions run it: they are imported only here.
  const { parseSecondaryConfig } = await import('../config/load.ts');
  const parsed = parseSecondaryConfig(text);
  if (!parsed.ok) {
    const { formatProblems } = await import('../../src/settings/yaml-config.ts');
    throw new GateSettingsError(formatProblems(configPath, parsed.problems));
  }
  const own = parsed.settings.hosts.get(host);
  if (own === undefined) throw new GateSettingsError(`${configPath} has no host ${host}.`);
  if (own.secondary !== 'gate') {
    throw new GateSettingsError(`${configPath} says that host ${host} is served by ${own.secondary}, not by the gate.`);
  }
  const places = hostPlaces(parsed.settings, host);
  return {
    hostRoot: places.root,
    hostState: places.state,
    account: own.account,
    metadata: own.metadata,
    limits: own.gate,
    jobs: [...own.jobs.keys()],
  };
}

// Guesses where the remembered settings are, without parsing the YAML. A wrong guess finds nothing.
function rememberedPath(text: string, host: string): string {
  const stateDir = /^\s*["']?state_dir["']?\s*:\s*["']?(\/[^\s"',#]*)/m.exec(text)?.[1] ?? '/var/lib/offsite-rsync';
  return statePlaces(join(stateDir, host)).remembered;
}

/** The types of the limits. The compiler compares the keys with GateLimits. Only the limit of bytes may be missing. */
const LIMITS: Readonly<Record<keyof GateLimits, readonly string[]>> = {
  clockSkewMs: ['number'],
  minIntervalMs: ['number'],
  attemptsPerDay: ['number'],
  minFreeSpace: ['number'],
  minFreeInodes: ['number'],
  sessionLimitMs: ['number'],
  maxSessionBytes: ['number', 'undefined'],
  timeoutMs: ['number'],
  delta: ['boolean'],
  fuzzy: ['boolean'],
};

/** Whether remembered settings are complete: a missing limit would mean no limit. */
function isWhole(settings: unknown): settings is GateSettings {
  if (!isRecord(settings)) return false;
  const { hostRoot, hostState, account, metadata, limits, jobs } = settings;
  return (
    [hostRoot, hostState, account].every((text) => typeof text === 'string') &&
    (metadata === 'fake_super' || metadata === 'plain') &&
    isRecord(limits) &&
    Object.entries(LIMITS).every(([key, types]) => types.includes(typeof limits[key])) &&
    Array.isArray(jobs) &&
    jobs.every((job) => typeof job === 'string')
  );
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}

async function recall(path: string): Promise<Remembered | undefined> {
  try {
    return JSON.parse(await readRegularFile(path, 3 * LARGEST_SETTINGS)) as Remembered;
  } catch {
    return undefined;
  }
}

async function readText(path: string): Promise<string> {
  try {
    return await readRegularFile(path, LARGEST_SETTINGS);
  } catch (error) {
    throw new GateSettingsError(
      isMissing(error) ? `${path} does not exist.` : `${path} cannot be read: ${String(error)}`,
    );
  }
}
