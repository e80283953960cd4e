import fc from 'fast-check';
import { seedOfRun } from './seed.ts';

// Each failing property says what it takes to see it again; with the seed of the run, the whole run can be had again.
fc.configureGlobal({ seed: seedOfRun() });

export default fc;
