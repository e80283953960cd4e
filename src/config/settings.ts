import type { SettingsOf } from '../settings/option.ts';
import type { CONFIG, JOB, TARGET } from './options.ts';

/**
 * One named secondary, ready for use: durations in milliseconds, sizes in bytes. Its endpoint is given by reference
 * only.
 */
export interface TargetSettings extends SettingsOf<typeof TARGET> {
  readonly name: string;
}

/** One source directory that is sent off-site, ready for use: durations in milliseconds, shares from 0 to 1. */
export interface JobSettings extends Omit<SettingsOf<typeof JOB>, 'targets'> {
  readonly name: string;
  /** All targets of the configuration if the job names none. */
  readonly targets: readonly string[];
}

type Read = SettingsOf<typeof CONFIG>;

/** The whole configuration, checked and ready for use. */
export interface Settings extends Pick<Read, 'secretsFile' | 'alerts'> {
  readonly stateDirectory: string;
  /** Where private files of a run live; undefined: chosen at start (see private-directory.ts). */
  readonly runtimeDirectory: Read['runtimeDir'];
  readonly targets: ReadonlyMap<string, TargetSettings>;
  readonly jobs: ReadonlyMap<string, JobSettings>;
  /** The text file for node_exporter's collector; undefined: none is written. */
  readonly metricsFile: Read['metrics']['textfile'];
}

/** When a sealed snapshot is due. */
export type ExpectSettings = NonNullable<JobSettings['expect']>;
export type RetrySettings = JobSettings['retry'];
export type GuardSettings = JobSettings['guard'];
