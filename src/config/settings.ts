import type { AlertSettings } from '../notify/settings.ts';
import type { SecretReference } from '../shared/secret-reference.ts';

/** The whole configuration, checked and converted: durations in milliseconds, sizes in bytes, shares from 0 to 1. */
export interface Settings {
  readonly secretsFile: string | undefined;
  readonly stateDirectory: string;
  /** Where private files of a run live; undefined: chosen at start (see runtime-directory.ts). */
  readonly runtimeDirectory: string | undefined;
  readonly targets: ReadonlyMap<string, TargetSettings>;
  readonly jobs: ReadonlyMap<string, JobSettings>;
  readonly alerts: AlertSettings;
  /** The text file for node_exporter's collector; undefined: none is written. */
  readonly metricsFile: string | undefined;
}

/** One named secondary. Its endpoint is known by reference only. */
export interface TargetSettings {
  readonly name: string;
  readonly secondary: 'gate' | 'rrsync';
  readonly metadata: 'fake_super' | 'plain';
  readonly host: SecretReference;
  readonly port: SecretReference | undefined;
  readonly user: SecretReference;
  readonly identity: SecretReference;
  readonly knownHosts: SecretReference;
  readonly compress: boolean;
  /** Bytes a second. */
  readonly bandwidthLimit: number | undefined;
  readonly connectTimeoutMs: number;
  readonly ioTimeoutMs: number;
  /** How long nothing may move before a session, or the walk of the source, is ended; never less than `ioTimeoutMs`. */
  readonly stallTimeoutMs: number;
  /** How long a secondary that serves another session is waited for. */
  readonly busyTimeoutMs: number;
  readonly keepalive: { readonly intervalMs: number; readonly count: number };
}

/** One source directory that is sent off-site. */
export interface JobSettings {
  readonly name: string;
  readonly source: string;
  readonly targets: readonly string[];
  readonly exclude: readonly string[];
  /** Whether other file systems that are mounted below the source are left out. */
  readonly oneFileSystem: boolean;
  /** Whether rsync looks for a basis under another name; `auto`: unless there are too many new names for that. */
  readonly fuzzy: 'auto' | 'always' | 'never';
  readonly deadlineMs: number;
  /** Bytes a second; the stricter of this and the target's counts. */
  readonly bandwidthLimit: number | undefined;
  readonly retry: RetrySettings;
  readonly guard: GuardSettings;
  readonly verify: VerifySettings;
  readonly expect: ExpectSettings | undefined;
}

export interface RetrySettings {
  readonly attempts: number;
  /** Wait before the second attempt; it doubles for each further one, up to `maxDelayMs`. */
  readonly delayMs: number;
  readonly maxDelayMs: number;
}

export interface GuardSettings {
  /** Greatest age of the newest file; undefined: not checked. */
  readonly maxAgeMs: number | undefined;
  /** Greatest share by which the total size may fall since the last sealed snapshot; undefined: not checked. */
  readonly maxShrink: number | undefined;
  /** Whether a source without any content is sent. */
  readonly allowEmpty: boolean;
}

export interface VerifySettings {
  readonly mode: 'full' | 'changed';
  /** With `changed`: when a full pass is due (cron expression and its time zone). */
  readonly fullSchedule: string;
  /** When a timer verifies the newest snapshot (cron expression, same time zone); undefined: `units` writes none. */
  readonly schedule: string | undefined;
  readonly timezone: string;
}

/** When a sealed snapshot is due. */
export interface ExpectSettings {
  readonly schedule: string;
  readonly timezone: string;
  readonly graceMs: number;
}
