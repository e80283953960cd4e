/** What a bundle was made of. */
export interface Bundled {
  /** Files that were written. */
  readonly outputs: string[];
  /** Size of what node parses at each start: not what is carried as text. */
  readonly codeBytes: number;
  /** Files that went into it, from the root of the repository. */
  readonly inputs: string[];
  /** Modules that it imports from outside. */
  readonly imports: string[];
}

/** Bundles a program of the secondary, such as `offsite-gate`, into one file that needs only node. */
export function bundleSecondary(name: string, outfile: string, version: string): Promise<Bundled>;
