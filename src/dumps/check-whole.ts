import { lstat } from 'node:fs/promises';
import type { ProcessSpec, RunProcess } from '../platform/process.ts';
import { checkEnds, judgeEnds, type DumpFinding } from './check-ends.ts';
import { watchEnds, type Ends } from './ends.ts';
import { formatRow, recogniseFormat, type Format } from './formats.ts';
import { judgeProgram, programFor } from './programs.ts';

/** What reading a whole dump needs. */
export interface WholeDeps {
  readonly run: RunProcess;
  /** When a program is ended. */
  readonly limits: Pick<ProcessSpec, 'signal' | 'stallMs'>;
  /** The environment of the programs. */
  readonly environment: Readonly<Record<string, string>>;
}

/** Lines of a program's text that are kept. */
const MOST_SAID = 3;

/**
 * Reads a whole dump with the program of its format. What is compressed is looked at too: a dump that broke off before it was compressed
 * is a perfect gzip file.
 * @param path the file
 * @param name what it is called, where that says that it must not be empty
 */
export async function checkWhole(path: Buffer, name: string, deps: WholeDeps): Promise<DumpFinding> {
  const { format, finding } = await checkEnds(path, name);
  if (format === undefined || finding.kind === 'broken') return finding;
  const row = programFor(format);
  if (row === undefined) return finding;
  const place = path.toString();
  if (!Buffer.from(place).equals(path)) {
    return { kind: 'unchecked', format, reason: `its name is not UTF-8, so ${row.program} cannot be started with it` };
  }
  const inner = watchEnds();
  const said: string[] = [];
  const end = await deps.run({
    program: row.program,
    args: row.args(place),
    env: deps.environment,
    ...deps.limits,
    ...(row.writes === 'content'
      ? { onStdout: (piece: Buffer) => inner.add(piece) }
      : { onStdoutLine: (line: string) => said.length < MOST_SAID && said.push(line) }),
  });
  const verdict = judgeProgram(row, end, said);
  switch (verdict.kind) {
    case 'sound':
      return row.writes === 'content'
        ? insideOf(format, row.program, inner.ends())
        : { kind: 'sound', format, by: row.program };
    case 'broken':
      // What was removed meanwhile is not broken.
      if ((await lstat(path).catch(() => undefined)) === undefined) return { kind: 'nothing' };
      return { kind: 'broken', reason: `${formatRow(format).title} that cannot be read: ${verdict.reason}` };
    case 'cannot-tell':
      return { kind: 'unchecked', format, reason: verdict.reason };
    default:
      return verdict satisfies never;
  }
}

/** What was compressed: judged by its ends. */
function insideOf(format: Format, program: string, ends: Ends): DumpFinding {
  const inner = recogniseFormat(ends.head);
  const finding = inner === undefined ? undefined : judgeEnds(inner, ends);
  if (finding?.kind === 'broken') return { kind: 'broken', reason: `in ${formatRow(format).title}: ${finding.reason}` };
  return {
    kind: 'sound',
    format,
    by: finding?.kind === 'sound' ? `${program}, and the ends of what is in it` : program,
  };
}
