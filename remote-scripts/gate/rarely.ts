// What few sessions need. With yaml and the compiled schema it is many times as large as the rest of the gate.
// It may only be imported dynamically: then the build keeps it from being parsed at the start (scripts/cold-modules.mjs).
export { formatProblems } from '../../src/settings/yaml-config.ts';
export { parseSecondaryConfig } from '../config/load.ts';
export { checkHost } from './check/check-host.ts';
export { discardUnsealed } from '../store/discard.ts';
