// What hardly any session needs, and is many times as large as the rest of the gate, with yaml and the compiled schema.
// Imported while the gate runs, and only so: the build then keeps it from being read as code before (scripts/cold-modules.mjs).
export { formatProblems } from '../../src/settings/yaml-config.ts';
export { parseSecondaryConfig } from '../config/load.ts';
export { checkHost } from './check/check-host.ts';
export { discardUnsealed } from './discard.ts';
