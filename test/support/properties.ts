import fc from 'fast-check';
import { seedOfRun } from './seed.ts';

// Each failing property says how to reproduce it; the seed of the run reproduces the whole run.
fc.configureGlobal({ seed: seedOfRun() });

export default fc;
