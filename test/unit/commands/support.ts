import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import type { Context } from '../../../src/commands/context.ts';
import { createTellings } from '../../../src/notify/tellings.ts';
import type { LogLevel } from '../../../src/platform/logger.ts';
import { runProcess } from '../../../src/platform/process.ts';
import { createLearningRedactor } from '../../../src/shared/redaction.ts';

/** The context of a command with all that it said. */
export interface TestContext extends Context {
  /** Standard output so far, without colours. */
  readonly said: () => string;
  readonly lines: { readonly level: LogLevel; readonly text: string }[];
}

/** Real processes, but a clock that stands still at `now`. */
export function testContext(now: string, change: Partial<Context> = {}): TestContext {
  const out: string[] = [];
  const lines: { level: LogLevel; text: string }[] = [];
  return {
    said: () => stripVTControlCharacters(out.join('')),
    lines,
    out: (text) => out.push(text),
    log: (level, text) => lines.push({ level, text }),
    tellings: createTellings(),
    redactor: createLearningRedactor(),
    clock: { now: () => new Date(now), monotonic: () => 0, random: () => 0.5, sleep: () => Promise.resolve() },
    runProcess,
    environment: {},
    host: 'db1',
    interactive: false,
    terminal: false,
    columns: undefined,
    signal: new AbortController().signal,
    hurry: new AbortController().signal,
    ...change,
  };
}

/** A directory with a configuration. */
export interface ConfigDirectory {
  readonly directory: string;
  readonly config: string;
  readonly state: string;
  remove(): Promise<void>;
}

/** Writes a configuration with the target `vault` and these jobs. */
export async function makeConfig(
  jobs: Readonly<Record<string, unknown>>,
  top: Readonly<Record<string, unknown>> = {},
): Promise<ConfigDirectory> {
  const directory = await mkdtemp(join(tmpdir(), 'offsite-'));
  const reference = { env: 'NOT_SET' };
  const config = join(directory, 'config.yaml');
  const state = join(directory, 'state');
  const text = JSON.stringify({
    version: 1,
    state_dir: state,
    targets: { vault: { host: reference, user: reference, identity: reference, known_hosts: reference } },
    jobs,
    ...top,
  });
  await writeFile(config, text);
  return { directory, config, state, remove: () => rm(directory, { recursive: true, force: true }) };
}
