import { mkdtemp, mkdir, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Context } from '../../../../src/commands/context.ts';
import type { Ask } from '../../../../src/commands/init/ask.ts';
import { init, type InitOptions } from '../../../../src/commands/init/init.ts';
import { runProcess, type RunProcess } from '../../../../src/platform/process.ts';
import { testContext, type TestContext } from '../support.ts';

/** The key that the secondary shows, and its fingerprint (ssh-keygen -l). */
export const HOST_KEY = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJaFnaZqbvFWAL3WTJ5cTCTVhHL6VKWTTFnVcC3bvH6K';

/** A host that is to be set up, in a directory of its own. */
export interface Newcomer {
  readonly directory: string;
  readonly at: (name: string) => string;
  /** Calls `init`; the secondary answers with {@link HOST_KEY}, but not the first times. */
  init(
    flags: Partial<InitOptions>,
    more?: { ask?: Ask; context?: Partial<Context>; scan?: readonly string[]; silent?: number },
  ): Promise<Called>;
  /** Names, modes and contents of everything in its directory. */
  files(): Promise<Record<string, string>>;
  remove(): Promise<void>;
}

interface Called {
  readonly code: number;
  readonly context: TestContext;
  /** Standard error. */
  readonly told: string;
  /** Jobs that were examined at the end. */
  readonly examined: readonly (string | undefined)[];
}

export async function newcomer(): Promise<Newcomer> {
  const directory = await mkdtemp(join(tmpdir(), 'offsite-init-'));
  const at = (name: string) => join(directory, name);
  await mkdir(at('dumps'));
  return {
    directory,
    at,
    init: async (flags, { ask, context: change = {}, scan = [`h.example.org ${HOST_KEY}`], silent = 0 } = {}) => {
      let scans = 0;
      const fake: RunProcess = (spec) => {
        if (spec.program !== 'ssh-keyscan') return runProcess(spec);
        scans += 1;
        if (scans > silent) for (const line of scan) spec.onStdoutLine?.(line);
        return Promise.resolve({ kind: 'exited', code: 0, stderrTail: '' });
      };
      const context = testContext('2026-11-28T12:00:00Z', { runProcess: fake, ...change });
      const examined: (string | undefined)[] = [];
      const examine = (job: string | undefined) => {
        examined.push(job);
        return Promise.resolve(0);
      };
      const options = { config: at('etc/config.yaml'), ...flags };
      const code = await init(options, context, { examine, ...(ask ? { ask } : {}) });
      return { code, context, examined, told: context.lines.map(({ text }) => text).join('\n') };
    },
    files: async () => {
      const names = await readdir(at('etc'), { recursive: true }).catch(() => []);
      const all = await Promise.all(
        names.sort().map(async (name) => {
          const { mode } = await stat(at(`etc/${name}`));
          return [name, `${(mode & 0o777).toString(8)} ${await readFile(at(`etc/${name}`), 'utf8')}`] as const;
        }),
      );
      return Object.fromEntries(all);
    },
    remove: () => rm(directory, { recursive: true, force: true }),
  };
}
