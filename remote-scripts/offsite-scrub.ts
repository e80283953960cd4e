import { SCRUB } from './commands/scrub.ts';
import { runProgram } from './program/frame.ts';

await runProgram(SCRUB);
