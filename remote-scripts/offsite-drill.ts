import { DRILL } from './commands/drill.ts';
import { runProgram } from './program/frame.ts';

await runProgram(DRILL);
