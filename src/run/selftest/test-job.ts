import { join } from 'node:path';
import { parseConfig } from '../../config/load.ts';
import type { JobSettings, Settings, TargetSettings } from '../../config/settings.ts';
import { SELFTEST_JOB } from '../../shared/names.ts';
import type { RunRequest } from '../request.ts';

/** What a test is made with. */
export interface TestPlace {
  readonly settings: Settings;
  readonly target: TargetSettings;
  /** A private directory with the source in it. */
  readonly directory: string;
  readonly signal: AbortSignal;
}

/** Where {@link makeTestSource} puts the source. */
export function sourceIn(directory: string): string {
  return join(directory, 'source');
}

/**
 * A run of a job that no configuration has, with the defaults of one. Its state is below the directory of the test, so that state, history
 * and metrics of this host stay as they are.
 */
export function testRequest({ settings, target, directory, signal }: TestPlace, bandwidthLimit?: number): RunRequest {
  const job: JobSettings = {
    ...defaultJob(sourceIn(directory)),
    name: SELFTEST_JOB,
    targets: [target.name],
    bandwidthLimit,
  };
  const own: Settings = {
    ...settings,
    stateDirectory: join(directory, 'state'),
    metricsFile: undefined,
    jobs: new Map([...settings.jobs, [job.name, job]]),
  };
  return { settings: own, job, target, force: false, signal };
}

function defaultJob(source: string): JobSettings {
  const at = { env: 'NONE' };
  const targets = { none: { host: at, user: at, identity: at, known_hosts: at } };
  const jobs = { test: { source, verify: { mode: 'full' }, retry: { attempts: 1 } } };
  const job = parseConfig('selftest', JSON.stringify({ version: 1, targets, jobs })).jobs.get('test');
  if (job === undefined) throw new Error('The job of the test is not there.');
  return job;
}
