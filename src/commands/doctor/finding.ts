/** The result of one check: fine, worth knowing, or wrong. */
export interface Finding {
  readonly kind: 'good' | 'note' | 'bad';
  readonly text: string;
}

/** Whether what is sealed can be changed with the key of the transfer, by what was tried. `unknown`: not all of it could be tried. */
export type Guarantee = 'enforced' | 'not-enforced' | 'unknown';

/** What doctor has found, for programs. */
export interface DoctorReport {
  readonly version: 1;
  /** The name of this host. */
  readonly host: string;
  readonly at: string;
  readonly exitCode: number;
  /** What concerns this host alone. */
  readonly here: readonly Finding[];
  readonly jobs: readonly JobFindings[];
}

/** What was found of one job on one target. */
export interface JobFindings {
  readonly job: string;
  readonly target: string;
  readonly exitCode: number;
  readonly findings: readonly Finding[];
  /** Null where it was tried with another job of the target, or could not be. */
  readonly appendOnly: Guarantee | null;
}
