import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { writeFileAtomic } from '../../../src/platform/files.ts';
import { until } from '../../support/until.ts';

const SOURCES = fileURLToPath(new URL('../../../src/platform/files.ts', import.meta.url));
let programs: string;
let directory: string;
let path: string;

beforeAll(async () => {
  programs = await mkdtemp(join(tmpdir(), 'offsite-writer-'));
  // A writer that goes on writing: a content of 300 MB takes longer than it takes to look.
  const contents = `import { writeFileAtomic } from ${JSON.stringify(SOURCES)};
    await writeFileAtomic(process.argv[2], 'x'.repeat(300e6)); process.exit(7);`;
  await build({
    stdin: { contents, resolveDir: programs },
    outfile: join(programs, 'writer.mjs'),
    ...{ bundle: true, platform: 'node', format: 'esm', logLevel: 'error' },
  });
});
afterAll(() => rm(programs, { recursive: true, force: true }));
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'offsite-atomic-'));
  path = join(directory, 'offsite.prom');
});
afterEach(() => rm(directory, { recursive: true, force: true }));

const temporary = async () => (await readdir(directory)).filter((name) => name.endsWith('.tmp'));

/** Starts a writer and stops it while its temporary file stands there half written. */
async function stoppedWriter() {
  const writer = spawn(process.execPath, [join(programs, 'writer.mjs'), path], { stdio: 'ignore' });
  await until(async () => (await temporary()).length > 0);
  writer.kill('SIGSTOP');
  return writer;
}

describe('what an atomic write leaves when it is killed', () => {
  it('is cleared away by the next writer of that file', async () => {
    const writer = await stoppedWriter();
    writer.kill('SIGKILL');
    await once(writer, 'exit');
    expect(await temporary()).toHaveLength(1);
    await writeFileAtomic(path, 'new');
    expect(await readdir(directory)).toEqual(['offsite.prom']);
  });

  it('but not while its writer lives: that one finishes what it began', async () => {
    const writer = await stoppedWriter();
    await writeFileAtomic(path, 'new');
    expect(await temporary()).toHaveLength(1);
    writer.kill('SIGCONT');
    expect(await once(writer, 'exit')).toEqual([7, null]);
    expect((await readFile(path)).length).toBe(300e6);
    expect(await readdir(directory)).toEqual(['offsite.prom']);
  });

  it('nor what merely looks like it: another file’s, a name of the user’s own, a directory', async () => {
    const names = [
      '.offsite.prom2.1.1.1.1.tmp',
      '.offsite.prom.mine.tmp',
      '.offsite.prom.12.bak',
      'offsite.prom.1.tmp',
    ];
    for (const name of names) await writeFile(join(directory, name), '');
    await mkdir(join(directory, '.offsite.prom.4194304.tmp'));
    await writeFileAtomic(path, 'new');
    expect((await readdir(directory)).sort()).toEqual([...names, '.offsite.prom.4194304.tmp', 'offsite.prom'].sort());
  });

  it('of an earlier version, or of another container, where nobody knows who lives, after a day', async () => {
    const old = ['.offsite.prom.4194304.tmp', '.offsite.prom.1.5.1.1.tmp'];
    const young = ['.offsite.prom.4194303.tmp', '.offsite.prom.2.5.1.1.tmp'];
    for (const name of [...old, ...young]) await writeFile(join(directory, name), '');
    const before = new Date(Date.now() - 25 * 3_600_000);
    for (const name of old) await utimes(join(directory, name), before, before);
    await writeFileAtomic(path, 'new');
    expect((await readdir(directory)).sort()).toEqual([...young, 'offsite.prom'].sort());
  });

  it('and a link that somebody has put there under such a name is not written through', async () => {
    const victim = join(directory, 'victim');
    await writeFile(victim, 'untouched');
    await symlink(victim, join(directory, `.offsite.prom.${process.pid}.tmp`));
    await writeFileAtomic(path, 'new');
    expect(await readFile(victim, 'utf8')).toBe('untouched');
    expect(await readFile(path, 'utf8')).toBe('new');
  });

  it('two writers of one process do not meet in one temporary file', async () => {
    const texts = Array.from({ length: 8 }, (_, index) => String(index).repeat(100_000));
    await Promise.all(texts.map((text) => writeFileAtomic(path, text)));
    expect(texts).toContain(await readFile(path, 'utf8'));
    expect(await readdir(directory)).toEqual(['offsite.prom']);
  });
});
