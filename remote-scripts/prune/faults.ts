import { errorMessage } from '../../src/platform/files.ts';
import { EXIT } from './exit-codes.ts';
import type { Problem } from './problems.ts';
import { StoreRefusal } from '../store/refusal.ts';

/** A job that could not be looked at. Nothing of it is touched, and the others go on. */
export interface JobFault {
  readonly job: string;
  readonly reason: string;
  /** Whether its directory is not what it must be, rather than that something failed. */
  readonly refused: boolean;
}

/** What was thrown while a job was looked at, as a fault of that job. */
export function faultOf(job: string, error: unknown): JobFault {
  return { job, reason: errorMessage(error), refused: error instanceof StoreRefusal };
}

/** Faults as what a person must know. Pure. */
export function problemsOfFaults(host: string, faults: readonly JobFault[]): Problem[] {
  return faults.map(({ job, reason }) => ({
    key: `fault:${job}`,
    event: 'failure',
    problem: `${host}/${job} cannot be examined`,
    reason,
    advice:
      'Remove the cause named above. Until then it is not known whether its backups arrive, and nothing of it is removed.',
    fingerprint: reason,
    job,
  }));
}

/**
 * Whether a look with these faults could have seen a problem of this key: what it could not see is not over. Of the clock
 * every job may tell.
 */
export function isSeenBeside(faults: readonly JobFault[], key: string): boolean {
  if (key === 'clock') return faults.length === 0;
  return !faults.some(({ job }) => key.endsWith(`:${job}`) && key !== `fault:${job}`);
}

/** The exit code of a command whose look had faults; undefined where it had none. */
export function codeOfFaults(faults: readonly JobFault[]): number | undefined {
  if (faults.length === 0) return undefined;
  return faults.every(({ refused }) => refused) ? EXIT.usage.code : EXIT.failed.code;
}
