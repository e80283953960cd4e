import { chmod, mkdir, readdir, rename, rm, unlink, utimes, writeFile } from 'node:fs/promises';
import { createWriteStream, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { expectFault } from '../ssh/support/fault.ts';
import { flipByte } from '../ssh/support/flip-byte.ts';
import { makePrimary, type Primary } from '../ssh/support/primary.ts';
import { fillSampleTree } from '../ssh/support/sample-tree.ts';
import { startSecondary, type Secondary } from '../ssh/support/secondary.ts';
import { recordTree } from '../ssh/support/tree-record.ts';
import { HALF_PG_DUMP, PG_DUMP } from '../unit/dumps/support/samples.ts';

const MIB = 1024 * 1024;

let secondary: Secondary;
let primary: Primary;

beforeAll(async () => {
  secondary = await startSecondary();
  // Root may read everything, so what cannot be read needs another user.
  primary = await makePrimary(secondary, 'files', { ordinary: true });
  await fillSampleTree(primary.source);
  await chmod(join(primary.source, 'deep/er/run.sh'), 0o755);
  await writeFile(join(primary.source, 'large.dump'), randomBytes(2 * MIB));
  await primary.secure();
});

afterAll(async () => {
  await primary.stop();
  await secondary.stop();
});

const source = (name = '') => join(primary.source, name);
const guard = { code: 16, advises: /Look at the local backup job first/ };

describe('a source that is not worth sending', () => {
  it('because it is missing', () =>
    expectFault(primary, secondary, {
      ...guard,
      advises: /Look whether the local backup job has run and what belongs there is mounted/,
      provoke: () => rename(source(), `${source()}-away`),
      undo: () => rename(`${source()}-away`, source()),
      says: /the source \S+ does not exist/,
    }));

  it('because it is a file', () =>
    expectFault(primary, secondary, {
      ...guard,
      advises: /Name the directory in which it lies as source/,
      provoke: async () => {
        await rename(source(), `${source()}-away`);
        await writeFile(source(), 'a file');
      },
      undo: async () => {
        await unlink(source());
        await rename(`${source()}-away`, source());
      },
      says: /the source \S+ is not a directory/,
    }));

  it('because it is empty', () =>
    expectFault(primary, secondary, {
      ...guard,
      provoke: async () => {
        await rename(source(), `${source()}-away`);
        await mkdir(source());
      },
      undo: async () => {
        await rm(source(), { recursive: true });
        await rename(`${source()}-away`, source());
      },
      says: /holds no file/,
    }));

  it('because every file in it is empty', () =>
    expectFault(primary, secondary, {
      ...guard,
      provoke: async () => {
        await rename(source(), `${source()}-away`);
        await mkdir(source());
        await writeFile(source('db.dump'), '');
      },
      undo: async () => {
        await rm(source(), { recursive: true });
        await rename(`${source()}-away`, source());
      },
      says: /holds 1 file, all of them empty/,
    }));

  it('because it cannot be read', () =>
    expectFault(primary, secondary, {
      ...guard,
      advises: /Run this as a user who can read all of it/,
      provoke: () => chmod(source(), 0o000),
      undo: () => chmod(source(), 0o755),
      says: /Permission denied/,
    }));

  it('because a directory in it cannot be read', () =>
    expectFault(primary, secondary, {
      ...guard,
      advises: /Run this as a user who can read all of it/,
      provoke: () => chmod(source('deep'), 0o000),
      undo: () => chmod(source('deep'), 0o755),
      says: /cannot be read in full: .*deep.*Permission denied/,
    }));

  it('because its newest file is too old', async () => {
    const names = await readdir(source(), { recursive: true, withFileTypes: true });
    const files = names.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
    await expectFault(primary, secondary, {
      ...guard,
      provoke: () => Promise.all(files.map((file) => utimes(file, 1e9, 1e9))),
      undo: () => utimes(source('large.dump'), new Date(), new Date()),
      says: /newest file in the source is .* old, more than guard\.max_age \(1 d 2 h\)/,
    });
  });

  it('because all but what is dated in the future is old: the clock is doubted', async () => {
    const names = await readdir(source(), { recursive: true, withFileTypes: true });
    const files = names.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
    const ahead = new Date(Date.now() + 3 * 3_600_000);
    await expectFault(primary, secondary, {
      code: 16,
      provoke: async () => {
        await Promise.all(files.map((file) => utimes(file, 1e9, 1e9)));
        await utimes(source('large.dump'), ahead, ahead);
      },
      undo: () => utimes(source('large.dump'), new Date(), new Date()),
      says: /1 file is dated in the future and does not count: is the clock of this host right\? It shows 20\d\d-/,
      advises: /If the reason names the clock, set that right/,
    });
  });

  it('not because all of it is dated in the future: it is sent, with a warning that nobody knows how old it is', async () => {
    const future = await makePrimary(secondary, 'future');
    await future.configure();
    await writeFile(join(future.source, 'dump.sql'), 'text\n');
    const later = Date.now() / 1000 + 86_400;
    await utimes(join(future.source, 'dump.sql'), later, later);
    const run = await future.call('run', 'future');
    expect(run.code, run.stderr).toBe(0);
    expect(run.stdout).toMatch(/warning +guard\.max_age says nothing: every file .* in the future \(1\)/);
    expect(run.alerts.map(({ event }) => event)).toContain('warning');
    await future.stop();
  });

  it('because a dump in it is cut off: it is named, as a dry run and doctor do', async () => {
    const dump = source('deep/shop.sql');
    const half = async () => {
      await writeFile(dump, HALF_PG_DUMP);
      expect((await primary.call('run', 'files', '--dry-run')).stdout).toMatch(
        /a guard objects: a dump is not whole.*\n +deep\/shop\.sql: a PostgreSQL dump that is cut off/,
      );
      expect((await primary.call('doctor', 'files')).stdout).toMatch(/✗ a dump is not whole/);
    };
    const fault = {
      ...guard,
      provoke: half,
      says: /a dump is not whole: is one still being written, or was it broken off\?.*\n +deep\/shop\.sql: .* it has no closing line/,
    };
    await expectFault(primary, secondary, { ...fault, undo: () => writeFile(dump, PG_DUMP) });
    await rm(dump);
  });

  it('because a dump in it is cut off; --force sends it with a warning, and what was not touched since is no longer new', async () => {
    const forced = await makePrimary(secondary, 'forced');
    await forced.configure();
    await writeFile(join(forced.source, 'shop.sql'), HALF_PG_DUMP);
    expect(await forced.call('run', 'forced')).toMatchObject({ code: 16 });
    const run = await forced.call('run', 'forced', '--force');
    expect(run.code, run.stderr).toBe(0);
    expect(run.alerts.map(({ body }) => body).join()).toMatch(/in spite of a guard \(--force\): a dump is not whole/);
    await writeFile(join(forced.source, 'other.sql'), PG_DUMP);
    await forced.secure();
    await writeFile(join(forced.source, 'other.sql'), HALF_PG_DUMP);
    const again = await forced.call('run', 'forced');
    expect(again.stderr).toMatch(/a dump is not whole.*\n +other\.sql/);
    await forced.stop();
  });

  it('because all of a dump was read, with guard.check: [full]; not with [] or [ends]', async () => {
    const packed = gzipSync(HALF_PG_DUMP);
    const check = (checks: readonly string[]) => primary.configure({ job: { guard: { check: checks } } });
    await expectFault(primary, secondary, {
      ...guard,
      provoke: async () => {
        await writeFile(source('shop.sql.gz'), packed);
        await check(['full']);
      },
      undo: () => check(['ends']),
      says: /shop\.sql\.gz: in a gzip file: a PostgreSQL dump that is cut off/,
    });
    await writeFile(source('shop.sql'), HALF_PG_DUMP);
    await check([]);
    await primary.secure();
    await rm(source('shop.sql'));
    await rm(source('shop.sql.gz'));
    await primary.configure();
  });

  it('because it shrank; --force sends it with a warning', async () => {
    await expectFault(primary, secondary, {
      ...guard,
      provoke: () => rename(source('large.dump'), join(primary.directory, 'large.dump')),
      undo: () => rename(join(primary.directory, 'large.dump'), source('large.dump')),
      says: /the source shrank by \d+ % \(from .* in \S+Z to .*\), more than guard\.max_shrink \(50 %\)/,
    });
    await rename(source('large.dump'), join(primary.directory, 'large.dump'));
    const forced = await primary.call('run', 'files', '--force');
    expect(forced.code).toBe(0);
    expect(forced.alerts).toMatchObject([{ event: 'success' }, { event: 'warning' }]);
    expect(forced.alerts[1]?.body).toMatch(/in spite of a guard \(--force\): the source shrank/);
    await rename(join(primary.directory, 'large.dump'), source('large.dump'));
    await primary.secure();
  });
});

it('what --force has sent is not told as one more failure in a row', async () => {
  await rename(source('large.dump'), join(primary.directory, 'large.dump'));
  for (let night = 0; night < 2; night += 1) expect(await primary.call('run', 'files')).toMatchObject({ code: 16 });
  const forced = await primary.call('run', 'files', '--force');
  await rename(join(primary.directory, 'large.dump'), source('large.dump'));
  await primary.secure();
  expect(forced).toMatchObject({ code: 0, alerts: [{ event: 'recovery' }, { event: 'warning' }] });
  expect(forced.alerts[1]?.body).toContain('in spite of a guard');
  expect(forced.alerts[1]?.body).not.toMatch(/Repeated|in a row/);
});

describe('a source that changes while it is sent', () => {
  const slow = { target: { bandwidth_limit: '1536KiB' } };
  const incomplete = { code: 17, advises: /readable, and stable while it is sent/, undo: () => primary.configure() };

  let minutes = 60;

  /** New content, so that there is something to send, and a moment in the middle of it. */
  async function changing(act: () => void) {
    await writeFile(source('large.dump'), randomBytes(2 * MIB));
    await writeFile(source('z-later.dump'), randomBytes(256 * 1024));
    // rsync compares times in whole seconds: what changes in the second in which it was written looks the same, and so
    // does what an earlier test wrote in it.
    const before = new Date(Date.now() - (minutes += 1) * 60_000);
    await utimes(source('large.dump'), before, before);
    await primary.configure(slow);
    secondary.line.after(0.5 * MIB, act);
  }

  it('a file in it cannot be read: it is named, and nothing is sealed', () =>
    expectFault(primary, secondary, {
      ...incomplete,
      provoke: async () => {
        await writeFile(source('secret.dump'), 'top secret');
        await chmod(source('secret.dump'), 0o000);
      },
      undo: () => rm(source('secret.dump'), { force: true }),
      says: /secret\.dump.*Permission denied/,
    }));

  it('a file grows behind what was read: no false alarm of corruption, but a new attempt is due', () =>
    expectFault(primary, secondary, {
      ...incomplete,
      provoke: () =>
        changing(() => {
          createWriteStream(source('large.dump'), { flags: 'a' }).end(randomBytes(1000));
        }),
      says: /the source changed while it was sent: .*large\.dump/,
    }));

  it('a file is overwritten in place: no false alarm of corruption', () =>
    expectFault(primary, secondary, {
      ...incomplete,
      provoke: () =>
        changing(() => {
          createWriteStream(source('large.dump'), { flags: 'r+' }).end(randomBytes(2 * MIB));
        }),
      says: /large\.dump/,
    }));

  it('a file vanishes before its turn', () =>
    expectFault(primary, secondary, {
      ...incomplete,
      provoke: () => changing(() => rmSync(source('z-later.dump'))),
      says: /vanished.*z-later\.dump/,
    }));

  it('and is stable in the next attempt: the run succeeds with it', async () => {
    await changing(() => {
      createWriteStream(source('large.dump'), { flags: 'a' }).end('more');
    });
    await primary.configure({ ...slow, job: { retry: { attempts: 2, delay: '100ms' } } });
    const end = await primary.call('run', 'files');
    expect(end.code).toBe(0);
    expect((await primary.history()).at(-1)).toMatchObject({ attempts: 2 });
    expect(await primary.call('verify', 'files')).toMatchObject({ code: 0 });
    await primary.configure();
  });
});

describe('a source that changes where size and time do not show it', () => {
  let quiet: Primary;
  const path = () => join(quiet.source, 'quiet.dump');
  const hour = new Date(Date.now() - 3_600_000);

  /** Writes other content of the same size, and sets the time back. */
  function rewrite(): void {
    writeFileSync(path(), randomBytes(MIB));
    utimesSync(path(), hour, hour);
  }

  /** Runs, and expects what was not seen at first to be sent in the second attempt, and that people are told. */
  async function expectSecondLook(): Promise<void> {
    await quiet.configure({ job: { retry: { attempts: 2, delay: '100ms' } } });
    const end = await quiet.call('run', 'quiet');
    expect(end.code, end.stderr).toBe(0);
    expect(end.alerts.map(({ event }) => event)).toEqual(['success', 'warning']);
    expect(end.alerts[1]?.body).toMatch(
      /A program here sets times back after it has written, or the disk of the secondary is bad: size and time did not show rsync what differs, so the next attempt or run compares by checksum: 1 with other content but the same size and time \(quiet\.dump: content\)/,
    );
    expect((await quiet.history()).at(-1)).toMatchObject({ attempts: 2, transfer: { changedFiles: 1 } });
    expect(await quiet.call('verify', 'quiet')).toMatchObject({ code: 0 });
    // Known to be sound again: linked by size and time.
    await quiet.secure();
    expect((await quiet.history()).at(-1)).toMatchObject({ attempts: 1, warnings: [] });
  }

  beforeAll(async () => {
    quiet = await makePrimary(secondary, 'quiet');
    await fillSampleTree(quiet.source);
    rewrite();
  });
  // Whatever was found before is over then, and what is stored is trusted.
  beforeEach(async () => {
    await quiet.configure();
    await quiet.secure();
  });
  afterAll(() => quiet.stop());

  it('from one run to the next', async () => {
    rewrite();
    await expectSecondLook();
  });

  it('while it is sent', async () => {
    await writeFile(path(), randomBytes(MIB + 1)); // so that it is sent at all
    await quiet.secure();
    rewrite();
    await quiet.configure({ target: { bandwidth_limit: '1MiB' }, job: { retry: { attempts: 2, delay: '100ms' } } });
    secondary.line.after(0.4 * MIB, () => rewrite());
    const end = await quiet.call('run', 'quiet');
    expect(end.code, end.stderr).toBe(0);
    expect((await quiet.history()).at(-1)).toMatchObject({ attempts: 2 });
    await quiet.configure();
    expect(await quiet.call('verify', 'quiet')).toMatchObject({ code: 0 });
  });

  it('is told from damage by the second look: what was only touched here is sent again, and the old copy stays found', async () => {
    const damaged = await quiet.secure();
    flipByte(secondary.path('quiet', damaged, 'quiet.dump'), 1000);
    await chmod(path(), 0o640);
    await chmod(path(), 0o644);
    await expectSecondLook();
    expect(await quiet.call('verify', 'quiet', '--snapshot', damaged)).toMatchObject({ code: 20 });
  });

  it('is corruption where it was not even touched here', async () => {
    const sealed = await quiet.secure();
    await new Promise((resolve) => setTimeout(resolve, 1100)); // a change within a second of a snapshot counts as one since
    await quiet.secure();
    flipByte(secondary.path('quiet', sealed, 'quiet.dump'), 1000);
    const end = await quiet.call('run', 'quiet');
    expect(end.code, end.stderr).toBe(20);
  });
});

describe('a source with nothing in it that is allowed to be empty', () => {
  it('is sealed, and its canary is the presence of a file', async () => {
    const empty = await makePrimary(secondary, 'empty');
    await empty.configure({ job: { guard: { allow_empty: true, max_shrink: 'off' } } });
    const id = await empty.secure();
    expect(await secondary.sealed('empty')).toEqual([id]);
    expect(await empty.call('verify', 'empty')).toMatchObject({ code: 0 });
    await empty.stop();
  });
});

describe('hostile file names', () => {
  const long = 'n'.repeat(255);
  const NAMES = [
    'line\nbreak',
    'carriage\rreturn',
    'it\'s "quoted"',
    '-rf',
    '--delete',
    '--link-dest=..',
    ' leading blank',
    'trailing blank ',
    '123 456 digits first',
    '*?[glob]',
    'back\\slash',
    'back\\*star',
    'literal \\#012 escape',
    '$(touch pwned)`touch pwned`',
    'tab\there',
    '\u001b[31mred',
    'ümlaut-備份',
    '#comment',
    ';semi&amp|pipe>',
    '~tilde',
    '@<fc........ 1 2 fake item',
    'rsync error: fake (code 12)',
    long,
  ].map((name) => Buffer.from(name));
  NAMES.push(Buffer.from([0x66, 0xff, 0xfe, 0x80, 0x6f])); // no UTF-8

  async function fill(directory: string, seed: string): Promise<void> {
    const base = Buffer.from(`${directory}/`);
    for (const name of NAMES) await writeFile(Buffer.concat([base, name]), `${seed} ${name.toString('latin1')}`);
    const deep = Buffer.concat([base, Buffer.from('dir\nwith '), Buffer.from([0xff])]);
    await mkdir(deep, { recursive: true });
    await writeFile(Buffer.concat([deep, Buffer.from('/file "x"\n')]), seed);
  }

  it.each(['full', 'changed'] as const)(
    'arrive as they are, are verified and linked (verify.mode: %s)',
    async (mode) => {
      const job = `names-${mode}`;
      const names = await makePrimary(secondary, job);
      await names.configure({ job: { verify: { mode } } });
      await fill(names.source, 'first');
      await names.secure();
      // A second time: one file of the many changes, and the rest is linked.
      await fill(names.source, 'second');
      const id = await names.secure();
      const { transfer, verification } = (await names.history()).at(-1) as Record<string, Record<string, unknown>>;
      expect(verification).toMatchObject({ mode });
      expect(transfer).toMatchObject({ copiedFiles: 0, changedFiles: NAMES.length + 1 });
      expect(contentOf(recordTree(secondary.path(job, id)))).toEqual(contentOf(recordTree(names.source)));
      expect(await names.call('verify', job)).toMatchObject({ code: 0 });

      const third = await names.secure();
      expect((await names.history()).at(-1)).toMatchObject({
        snapshot: third,
        transfer: { linkedFiles: NAMES.length + 1, changedFiles: 0, newFiles: 0 },
      });
      await names.stop();
    },
  );

  /** Name, size and content of each entry. */
  function contentOf(record: readonly string[]): string[] {
    return record.map((line) => line.replace(/ 0o(\d+) \d+ \d+ (\d+) \d+ (\S*) .*$/, ' $3'));
  }
});

describe('excludes', () => {
  it('keep what they match at home, also where the pattern looks like an option', async () => {
    const some = await makePrimary(secondary, 'excludes');
    await some.configure({ job: { exclude: ['*.tmp', '--delete', '/top', "it's"] } });
    for (const name of ['keep', 'a.tmp', '--delete', 'top', "it's"]) await writeFile(join(some.source, name), name);
    await mkdir(join(some.source, 'sub'));
    await writeFile(join(some.source, 'sub/top'), 'kept');
    const id = await some.secure();
    expect((await readdir(secondary.path('excludes', id), { recursive: true })).sort()).toEqual([
      'keep',
      'sub',
      'sub/top',
    ]);
    expect(await some.call('verify', 'excludes')).toMatchObject({ code: 0 });
    await some.stop();
  });
});
