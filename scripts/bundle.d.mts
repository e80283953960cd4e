/** What a bundle was made of. */
export interface Bundled {
  /** Files that were written, from the root of the repository. */
  readonly outputs: string[];
  /** Files that went into it, from the root of the repository. */
  readonly inputs: string[];
  /** Those of them that run at each start. The others wait for a dynamic import. */
  readonly run: string[];
  /** Modules that it imports from outside. */
  readonly imports: string[];
}

/** Bundles a program of the secondary, such as `offsite-gate`, into `outdir`: the program, and parts/ with what only some sessions load. */
export function bundleSecondary(name: string, outdir: string, version: string): Promise<Bundled>;
