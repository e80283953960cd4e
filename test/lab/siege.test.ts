import { ALL } from '../attack/siege/cases/all.ts';
import { besiege } from '../attack/siege/run.ts';

/* Everything that somebody with the keys can try, one after the other, on one secondary. */
besiege(ALL);
