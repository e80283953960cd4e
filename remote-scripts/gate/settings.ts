import { join } from 'node:path';
import { isMissing, writeFileAtomic } from '../../src/platform/files.ts';
import { readRegularFile } from '../../src/platform/regular-file.ts';
import { hostPlaces, jobPaths, statePlaces, type JobPaths } from '../store/places.ts';
import { LARGEST_SETTINGS } from '../config/location.ts';
import type { GateLimits } from '../config/settings.ts';

/** What the gate must know about one host. */
export interface GateSettings {
  /** rrsync's world: `<root>/<host>`, with a directory for each job. */
  readonly hostRoot: string;
  /** `<state_dir>/<host>`. */
  readonly hostState: string;
  readonly account: string;
  readonly metadata: 'fake_super' | 'plain';
  readonly limits: GateLimits;
  readonly jobs: readonly string[];
}

/** Where everything of a configured job lies. */
export function jobPathsOf({ hostRoot, hostState }: GateSettings, job: string): JobPaths {
  return jobPaths({ root: hostRoot, state: hostState }, job);
}

/** The settings cannot be loaded. The message is for the administrator, not for the sender. */
export class GateSettingsError extends Error {
  override readonly name = 'GateSettingsError';
}

/** Validated settings of one host, kept beside its state; good for exactly the text they were made from. */
interface Remembered {
  readonly gate: string;
  readonly host: string;
  readonly text: string;
  readonly settings: GateSettings;
}

/**
 * Loads one host's part of the secondary's settings.
 *
 * To load and read YAML takes 20 ms, as long as all else that the gate does until rrsync starts, so the result is kept
 * in the host's state directory. It is used only while the text of the YAML file and the gate's version are the same to
 * the letter.
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

// A guess at where the remembered settings lie, before the YAML is parsed. A wrong guess finds nothing.
function rememberedPath(text: string, host: string): string {
  const stateDir = /^\s*["']?state_dir["']?\s*:\s*["']?(\/[^\s"',#]*)/m.exec(text)?.[1] ?? '/var/lib/offsite-rsync';
  return statePlaces(join(stateDir, host)).remembered;
}

/** What the limits are made of. The compiler holds it against them; the limit of bytes alone may be missing. */
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
