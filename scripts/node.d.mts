/** The oldest Node that `engines` allows, such as `22.12`. */
export const OLDEST_NODE: string;

/** A package of npm's that holds a Node. */
export interface NodePackage {
  readonly name: string;
  readonly version: string;
}

/** The package that holds a Node for a machine; undefined where there is none. @param arch as `process.arch` */
export function packageFor(arch?: string): NodePackage | undefined;

/** Where a fetched Node is kept. */
export function cacheDirectory(environment?: NodeJS.ProcessEnv, uid?: number): string;

/** Whether a Node such as `v20.1.0` is older than `oldest`, such as `22.12`. */
export function isTooOld(version: string, oldest?: string): boolean;

/** The Node that runs, and where one may be kept. */
export interface RunningNode {
  readonly version: string;
  readonly execPath: string;
  readonly cache: string;
}

/**
 * The Node to go on with, which is fetched if need be.
 * @param fetchInto called with an empty directory and the package, to have npm install the package there
 * @returns its path, and its version if it is a fetched one
 * @throws Error if there is none for this machine
 */
export function bringNode(
  running: RunningNode,
  fetchInto?: (directory: string, wanted: NodePackage) => void,
): { readonly path: string; readonly version?: string };

/** Makes it the `node` of the scripts in package.json of the repository at `root`. */
export function linkNode(root: string, path: string): void;
