import type { RunProcess } from '../platform/process.ts';

/**
 * The version of the local rsync, such as `3.5.0`.
 * @param signal aborts the call
 * @returns undefined when rsync cannot be started or reports no version
 */
export async function localRsyncVersion(run: RunProcess, signal?: AbortSignal): Promise<string | undefined> {
  let version: string | undefined;
  await run({
    program: 'rsync',
    args: ['--version'],
    timeoutMs: 10_000,
    ...(signal === undefined ? {} : { signal }),
    onStdoutLine: (line) => {
      version ??= /^rsync +version (\S+)/.exec(line)?.[1];
    },
  });
  return version;
}
