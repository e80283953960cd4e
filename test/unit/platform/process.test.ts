import { spawnSync } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runProcess, startProcess } from '../../../src/platform/process.ts';
import { OLDEST_NODE } from '../../../src/shared/versions.ts';

let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'offsite-process-'));
  return () => rm(directory, { recursive: true, force: true });
});

const sh = (script: string) => ({ program: 'sh', args: ['-c', script, 'sh'] });

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return !spawnSync('ps', ['-o', 'stat=', '-p', String(pid)], { encoding: 'utf8' }).stdout.startsWith('Z');
  } catch {
    return false;
  }
}

describe('a program', () => {
  it('writes nothing to a terminal: control characters of its standard error are replaced', async () => {
    const lines: string[] = [];
    const script = "printf 'one\\033]52;c;eA==\\007two\\tthree\\n' >&2";
    const end = await runProcess({ ...sh(script), onStderrLine: (line) => lines.push(line) });
    expect(lines).toEqual(['one\ufffd]52;c;eA==\ufffdtwo\tthree']);
    expect(end).toMatchObject({ stderrTail: lines[0] });
  });

  it('is told by its exit code, with the last words of its standard error', async () => {
    expect(await runProcess(sh('exit 0'))).toEqual({ kind: 'exited', code: 0, stderrTail: '' });
    expect(await runProcess(sh('echo one >&2; echo two >&2; exit 23'))).toEqual({
      kind: 'exited',
      code: 23,
      stderrTail: 'one\ntwo',
    });
  });

  it('that a signal from outside ended is told by the signal', async () => {
    expect(await runProcess(sh('kill -KILL $$'))).toMatchObject({ kind: 'signalled', signal: 'SIGKILL' });
  });

  it('that does not exist was not started', async () => {
    const end = await runProcess({ program: '/nonexistent/program', args: [] });
    expect(end).toMatchObject({ kind: 'not-started' });
    expect((end as { cause: Error }).cause.message).toContain('/nonexistent/program');
  });

  it('that is not executable was not started', async () => {
    await writeFile(join(directory, 'data'), 'no program', { mode: 0o644 });
    expect(await runProcess({ program: join(directory, 'data'), args: [] })).toMatchObject({ kind: 'not-started' });
  });

  it('gets its arguments as they are: no shell sees them', async () => {
    const hostile = ['$(touch pwned)', '`x`', 'a b', '', '-rf', "it's", '"', 'new\nline', '*', '; exit 9', 'ü'];
    const lines: string[] = [];
    await runProcess({
      program: process.execPath,
      args: ['-e', 'console.log(JSON.stringify(process.argv.slice(1)))', '--', ...hostile],
      onStdoutLine: (line) => lines.push(line),
    });
    expect(JSON.parse(lines.join(''))).toEqual(hostile);
  });

  it('has only the environment it is given', async () => {
    const lines: string[] = [];
    const { PATH = '' } = process.env;
    await runProcess({ program: 'env', args: [], env: { PATH, A: 'b' }, onStdoutLine: (line) => lines.push(line) });
    expect(lines.sort()).toEqual(['A=b', `PATH=${PATH}`]);
  });

  it('reads its input, or nothing at all', async () => {
    const lines: string[] = [];
    await runProcess({ ...sh('cat'), input: 'a\nb', onStdoutLine: (line) => lines.push(line) });
    expect(lines).toEqual(['a', 'b']);
    expect(await runProcess(sh('read x'))).toMatchObject({ kind: 'exited', code: 1 });
  });
});

describe('where a program starts', () => {
  const here = process.cwd();
  afterEach(() => process.chdir(here));
  const started = async () => {
    const lines: string[] = [];
    const end = await runProcess({ program: 'pwd', args: ['-P'], onStdoutLine: (line) => lines.push(line) });
    expect(end).toMatchObject({ kind: 'exited', code: 0 });
    return lines;
  };

  it('is where this process stands', async () => {
    process.chdir('/usr');
    expect(await started()).toEqual(['/usr']);
  });

  it('is / once somebody has removed that directory', async () => {
    const gone = await mkdtemp(join(tmpdir(), 'offsite-gone-'));
    process.chdir(gone);
    await rm(gone, { recursive: true });
    expect(await started()).toEqual(['/']);
  });
});

describe('its output', () => {
  async function linesOf(script: string): Promise<string[]> {
    const lines: string[] = [];
    await runProcess({ ...sh(script), onStdoutLine: (line) => lines.push(line) });
    return lines;
  }

  it('comes line by line; a carriage return ends a line too; a last one without an end counts', async () => {
    expect(await linesOf("printf 'one\\ntwo\\rthree\\r\\nfour'")).toEqual(['one', 'two', 'three', 'four']);
  });

  it('comes as it is written, not at the end', async () => {
    const times: number[] = [];
    await runProcess({ ...sh('echo a; sleep 0.5; echo b'), onStdoutLine: () => times.push(performance.now()) });
    expect((times[1] ?? 0) - (times[0] ?? 0)).toBeGreaterThan(300);
  });

  it('keeps characters whole that arrive in two pieces', async () => {
    expect(await linesOf("printf '\\303'; sleep 0.1; printf '\\274\\n'")).toEqual(['ü']);
  });

  it('of one endless line is bounded', async () => {
    const lines = await linesOf('head -c 5000000 /dev/zero | tr "\\0" x');
    expect(lines.join('').length).toBeLessThanOrEqual(5_000_000);
    expect(lines.at(-1)?.length).toBeLessThanOrEqual(65_536);
  });

  it('on standard error is kept only at its end', async () => {
    const end = await runProcess(sh('i=0; while [ $i -lt 3000 ]; do echo "line $i" >&2; i=$((i+1)); done'));
    const { stderrTail } = end as { stderrTail: string };
    expect(stderrTail.length).toBeLessThanOrEqual(8192);
    expect(stderrTail.endsWith('line 2999')).toBe(true);
  });
});

describe('ending a program', () => {
  const stubborn = (file: string) =>
    `sh -c 'trap "" TERM; echo $$ > ${file}; while :; do sleep 0.1; done' & wait; while :; do sleep 0.1; done`;

  it('by an abort ends its children and grandchildren as well', async () => {
    const abort = new AbortController();
    const pids = join(directory, 'pids');
    const running = runProcess({
      ...sh(`echo $$ >> ${pids}; sh -c 'echo $$ >> ${pids}; sleep 300 & echo $! >> ${pids}; wait' & wait`),
      signal: abort.signal,
    });
    await expect.poll(async () => (await readFile(pids, 'utf8').catch(() => '')).split('\n').length).toBe(4);
    abort.abort();
    expect(await running).toMatchObject({ kind: 'aborted' });
    const all = (await readFile(pids, 'utf8')).trim().split('\n').map(Number);
    await expect.poll(() => all.filter(isAlive)).toEqual([]);
  });

  it('that does not listen takes the hard way after three seconds', async () => {
    const file = join(directory, 'pid');
    const began = performance.now();
    const end = await runProcess({ ...sh(`trap '' TERM; ${stubborn(file)}`), timeoutMs: 300 });
    expect(end).toMatchObject({ kind: 'timed-out' });
    expect(performance.now() - began).toBeGreaterThan(2500);
    expect(performance.now() - began).toBeLessThan(8000);
    const pid = Number(await readFile(file, 'utf8'));
    await expect.poll(() => isAlive(pid)).toBe(false);
  });

  it('is over when what it started is gone too, though that has closed its streams and does not listen', async () => {
    const file = join(directory, 'pid');
    const deaf = `sh -c 'trap "" TERM; echo $$ > ${file}; while :; do sleep 0.1; done' < /dev/null > /dev/null 2>&1 &`;
    const end = await runProcess({ ...sh(`${deaf} sleep 60`), timeoutMs: 300 });
    expect(end).toMatchObject({ kind: 'timed-out' });
    expect(isAlive(Number(await readFile(file, 'utf8')))).toBe(false);
  });

  it('before it began is possible', async () => {
    const end = await runProcess({ ...sh('sleep 60'), signal: AbortSignal.abort() });
    expect(end).toMatchObject({ kind: 'aborted' });
  });

  it('with stop is done when it resolves, and can be called twice', async () => {
    const companion = startProcess(sh('sleep 60'));
    await companion.stop();
    await companion.stop();
    expect(isAlive(companion.pid ?? 0)).toBe(false);
  });

  it('happens by itself when we are killed without a word', async () => {
    const script = join(directory, 'parent.mjs');
    await bundle(
      `import { startProcess } from ${JSON.stringify(source('src/platform/process.ts'))};
       const child = startProcess({ program: 'sleep', args: ['300'] });
       console.log(child.pid); setTimeout(() => process.kill(process.pid, 'SIGKILL'), 300);`,
      script,
    );
    const { stdout } = spawnSync(process.execPath, [script], { encoding: 'utf8' });
    const pid = Number(stdout);
    expect(pid).toBeGreaterThan(0);
    await expect.poll(() => isAlive(pid), { timeout: 5000 }).toBe(false);
  });
});

describe('memory', () => {
  // A fake rsync that prints a million itemised lines: a million real files cost more time than a test may take. That
  // the lines of the real one are read aright is proven in test/ssh.
  it('stays below 150 MB for a session of 1,000,000 itemised lines', async () => {
    const fake = join(directory, 'rsync');
    await writeFile(
      fake,
      '#!/bin/sh\nexec awk \'BEGIN { for (i = 0; i < 1000000; i++) printf("@hf          %d 2026/11/23-02:15:00 0 some/directory/of/the/source/file-%d.dump\\n", i, i) }\'\n',
      { mode: 0o755 },
    );
    const script = join(directory, 'session.mjs');
    await bundle(
      `import { runProcess } from ${JSON.stringify(source('src/platform/process.ts'))};
       import { runSession } from ${JSON.stringify(source('src/rsync/session.ts'))};
       let linked = 0; let bytes = 0;
       const result = await runSession({
         args: [], mode: 'push', environment: { PATH: ${JSON.stringify(directory)} + ':' + process.env.PATH },
         signal: new AbortController().signal,
         onItem: (item) => { if (item.action === 'linked') { linked += 1; bytes += item.size; } },
       }, runProcess);
       console.log(JSON.stringify({ verdict: result.verdict.kind, linked, bytes, rss: process.resourceUsage().maxRSS }));`,
      script,
    );
    const environment = { ...process.env, PATH: `${directory}:${process.env.PATH ?? ''}` };
    const { stdout, stderr } = spawnSync(process.execPath, [script], { encoding: 'utf8', env: environment });
    expect(stderr).toBe('');
    const told = JSON.parse(stdout) as { verdict: string; linked: number; bytes: number; rss: number };
    expect(told).toMatchObject({ verdict: 'ok', linked: 1_000_000, bytes: 499_999_500_000 });
    expect(told.rss * 1024).toBeLessThan(150_000_000);
  });
});

function source(path: string): string {
  return fileURLToPath(new URL(`../../../${path}`, import.meta.url));
}

async function bundle(contents: string, outfile: string): Promise<void> {
  await build({
    stdin: { contents, resolveDir: source(''), loader: 'ts' },
    outfile,
    bundle: true,
    platform: 'node',
    target: `node${OLDEST_NODE}`,
    format: 'esm',
    banner: {
      js: "import { createRequire as bundleRequire } from 'node:module';\nconst require = bundleRequire(import.meta.url);",
    },
    logLevel: 'warning',
  });
}
