import { ALL } from './siege/cases/all.ts';
import { besiege, oftenOf } from './siege/run.ts';

/* Some of what somebody with the keys can try; all of it is tried in test/lab/siege. */
besiege(oftenOf(ALL));
