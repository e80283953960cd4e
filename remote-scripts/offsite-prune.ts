import { PRUNE } from './commands/prune.ts';
import { runProgram } from './program/frame.ts';

await runProgram(PRUNE);
