/** Moves a build from `fresh` to `dist`; see there. `programs` are paths below `fresh` of what is started by name. */
export function replaceBuild(fresh: string, dist: string, programs: readonly string[]): void;
