/** What has to hold, in the order in which it is tried. */
export const CRITERIA = {
  sent: 'A test backup is sent to the secondary',
  verified: 'It is verified there',
  interrupted: 'When the line breaks, the run ends cleanly and people are told',
} as const;

/** One criterion, and what was seen of it. */
export interface Criterion {
  readonly name: keyof typeof CRITERIA;
  readonly holds: boolean;
  /** When it was begun; null if it was not tried. */
  readonly begun: string | null;
  readonly durationMs: number;
  readonly observed: readonly string[];
  /** What should not have been; empty if it holds. */
  readonly wrong: readonly string[];
}

/** The versions of what took part. */
export interface Versions {
  readonly offsiteRsync: string;
  readonly node: string;
  readonly rsync: string;
  readonly ssh: string;
  /** Of rsync on the secondary; null if no session got that far. */
  readonly remoteProtocol: number | null;
  readonly system: string;
}

/** What `selftest` has observed, for programs and for its page. */
export interface SelftestReport {
  readonly version: 1;
  /** The name of this host. */
  readonly host: string;
  readonly target: string;
  readonly secondary: 'gate' | 'rrsync';
  readonly begun: string;
  readonly finished: string;
  readonly accepted: boolean;
  readonly exitCode: number;
  readonly versions: Versions;
  readonly criteria: readonly Criterion[];
  /** The attempts without a seal that are left on the secondary. */
  readonly left: readonly string[];
}
