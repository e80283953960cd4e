import { errorMessage } from '../../src/platform/files.ts';
import { EXIT } from './exit-codes.ts';
import type { Problem } from './problems.ts';
import { StoreRefusal } from '../store/refusal.ts';

/** A job that could not be examined. Nothing of it is touched, and the others are processed. */
export interface JobFault {
  readonly job: string;
  readonly reason: string;
  /** Whether its directory is not what it has to be. Otherwise something failed. */
  readonly refused: boolean;
}

/** Turns an error that was thrown while a job was examined into a fault of that job. */
export function faultOf(job: string, error: unknown): JobFault {
  return { job, reason: errorMessage(error), refused: error instanceof StoreRefusal };
}

/** Faults as problems that a person must know of. Pure. */
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
 * Whether a survey with these faults could have seen the problem with this key. What it could not see is not over.
 * Every job can show a wrong clock.
 */
export function isSeenBeside(faults: readonly JobFault[], key: string): boolean {
  if (key === 'clock') return faults.length === 0;
  return !faults.some(({ job }) => key.endsWith(`:${job}`) && key !== `fault:${job}`);
}

/** The exit code of a command whose survey had faults; undefined if it had none. */
export function codeOfFaults(faults: readonly JobFault[]): number | undefined {
  if (faults.length === 0) return undefined;
  return faults.every(({ refused }) => refused) ? EXIT.usage.code : EXIT.failed.code;
}
