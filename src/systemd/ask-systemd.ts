import type { Manager } from './manager.ts';
import type { RunProcess } from '../platform/process.ts';

/** A command of a unit and how it ended, according to `systemctl show`. */
export interface UnitCommand {
  /** Program and arguments, joined by blanks. */
  readonly line: string;
  /** `exited`, `killed`, `dumped`; undefined: it was not started this time. */
  readonly code: string | undefined;
  /** The exit code, or the signal's number. */
  readonly status: number | undefined;
}

/** What systemd knows about a service. */
export interface UnitFacts {
  /** Whether the unit exists. */
  readonly loaded: boolean;
  /** `oneshot`, `simple`, … */
  readonly type: string | undefined;
  readonly remainAfterExit: boolean;
  /** Whether it is started by itself: `enabled`, `disabled`, `static`; undefined: not said. */
  readonly enabled: string | undefined;
  /** The files that add to it. */
  readonly dropIns: readonly string[];
  /** Commands of `ExecStartPost=`, in order. */
  readonly afterStart: readonly UnitCommand[];
}

/**
 * Asks a manager about a unit.
 * @returns undefined when there is none
 */
export async function askSystemd(
  unit: string,
  runProcess: RunProcess,
  manager: Manager['kind'] = 'system',
): Promise<UnitFacts | undefined> {
  const lines: string[] = [];
  const end = await runProcess({
    program: 'systemctl',
    args: [
      `--${manager}`,
      'show',
      '--property=LoadState,Type,RemainAfterExit,UnitFileState,DropInPaths,ExecStartPost',
      '--',
      unit,
    ],
    timeoutMs: 10_000,
    onStdoutLine: (line) => lines.push(line),
  });
  return end.kind === 'exited' && end.code === 0 ? parseUnitFacts(lines) : undefined;
}

/** Parses the output of `systemctl show` (systemd 252: one `ExecStartPost={ … }` per command). */
export function parseUnitFacts(lines: readonly string[]): UnitFacts {
  const value = (key: string) => lines.find((line) => line.startsWith(`${key}=`))?.slice(key.length + 1);
  return {
    loaded: value('LoadState') === 'loaded',
    type: value('Type'),
    remainAfterExit: value('RemainAfterExit') === 'yes',
    enabled: value('UnitFileState') || undefined,
    dropIns: (value('DropInPaths') ?? '').split(' ').filter((path) => path !== ''),
    afterStart: lines.filter((line) => line.startsWith('ExecStartPost={')).map(parseCommand),
  };
}

function parseCommand(line: string): UnitCommand {
  const ended = / ; code=(exited|killed|dumped) ; status=(\d+)/.exec(line);
  return {
    line: / ; argv\[\]=(.*?) ; ignore_errors=/.exec(line)?.[1] ?? '',
    code: ended?.[1],
    status: ended?.[2] === undefined ? undefined : Number(ended[2]),
  };
}
