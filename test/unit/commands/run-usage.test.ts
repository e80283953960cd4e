import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { reportFailure } from '../../../src/commands/alert/failure.ts';
import { run, type RunOptions } from '../../../src/commands/run/run.ts';
import { makeConfig, testContext, type ConfigDirectory } from './support.ts';

let made: ConfigDirectory;
let alerts: string;

beforeAll(async () => {
  made = await makeConfig({ postgres: { source: '/var/backups' } });
  alerts = join(made.directory, 'alerts');
  const channel = { type: 'command', command: ['/bin/sh', '-c', 'cat >> "$0"', alerts] };
  const config = JSON.parse(await readFile(made.config, 'utf8')) as Record<string, unknown>;
  await writeFile(made.config, JSON.stringify({ ...config, alerts: { channels: { tell: channel } } }));
  await mkdir(made.state, { recursive: true });
});
beforeEach(() => writeFile(alerts, ''));
afterAll(() => made.remove());

/** Calls `run` as cli.ts does. */
async function call(jobs: string[], options: Partial<RunOptions>, environment: Record<string, string> = {}) {
  const context = testContext('2026-11-25T12:00:00Z', { environment });
  const code = await run(jobs, { config: made.config, ...options }, context).catch((error: unknown) =>
    reportFailure(error, context, true),
  );
  return { code, lines: context.lines.map(({ text }) => text).join('\n'), told: await readFile(alerts, 'utf8') };
}

describe('a word too many or wrong for run', () => {
  it('pages nobody when somebody typed it, also without a terminal', async () => {
    const { code, lines, told } = await call(['postgers'], {});
    expect(code).toBe(2);
    expect(lines).toMatch(/There is no job "postgers"\. Did you mean "postgres"\?/);
    expect(told).toBe('');
  });

  it('is told to people when a unit of systemd said it: nothing will be sent until it is mended', async () => {
    const { code, told } = await call(['postgers'], {}, { INVOCATION_ID: '0123456789abcdef0123456789abcdef' });
    expect(code).toBe(2);
    expect(told).toMatch(/There is no job/);
  });

  it('is said when jobs are named beside --all', async () => {
    const { code, lines } = await call(['postgres'], { all: true });
    expect(code).toBe(2);
    expect(lines).toMatch(/--all means every job: leave out postgres, or --all/);
  });
});
