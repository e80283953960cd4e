import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runProcess } from '../../../src/platform/process.ts';
import { abandon, admit, examineDestination, isInside, openDestination } from '../../../src/restore/destination.ts';
import { parseNames } from '../../../src/restore/names.ts';
import { parseSnapshotId } from '../../../src/shared/snapshot-id.ts';

const ID = parseSnapshotId('2026-11-23T021500Z')!;
const request = { job: 'db', wanted: 'latest', names: [] };
const fresh = { ...request, snapshot: ID };
let directory: string;
beforeEach(() => (directory = realpathSync(mkdtempSync(join(tmpdir(), 'offsite-destination-')))));
afterEach(() => rmSync(directory, { recursive: true }));
const to = (name: string) => join(directory, name);

describe('the directory into which something is restored', () => {
  it('is made, notes what is restored, and keeps nothing of that in the end', async () => {
    const standing = await examineDestination(to('new/er'));
    expect(standing.kind).toBe('absent');
    const destination = await openDestination(standing, fresh, undefined, runProcess);
    const begun = await examineDestination(to('new/er'));
    expect(admit(begun, request, false)).toMatchObject({ snapshot: ID, wanted: 'latest' });
    expect(admit(begun, { ...request, wanted: ID }, false)).toBeDefined();
    utimesSync(to('new/er'), 1000, 1000);
    await destination.leave(true);
    expect(readdirSync(to('new/er'))).toEqual([]);
    expect(statSync(to('new/er')).mtimeMs).toBe(1_000_000);
  });

  it.each([[{ ...request, job: 'files' }], [{ ...request, wanted: '2026-11-20' }], [{ ...request, names: ['a'] }]])(
    'with an unfinished restore is for no other one: %j',
    async (other) => {
      await openDestination(await examineDestination(to('there')), fresh, undefined, runProcess);
      const standing = await examineDestination(to('there'));
      expect(() => admit(standing, other, false)).toThrow(/holds an unfinished restore of db, 2026-11-23T021500Z\./);
      expect(admit(standing, other, true)).toBeUndefined();
    },
  );

  it('may be a new file system, and not one that holds something', async () => {
    mkdirSync(to('disk/lost+found'), { recursive: true });
    expect((await examineDestination(to('disk'))).kind).toBe('empty');
    for (const name of ['a', 'b', 'c', 'd']) writeFileSync(to(`disk/${name}`), '');
    const standing = await examineDestination(to('disk'));
    expect(() => admit(standing, request, false)).toThrow(/is not empty: it holds 4 entries \(.*, …\)/);
    expect(admit(standing, request, true)).toBeUndefined();
  });

  it('is gone again where nothing has arrived, and stays where a piece of a file has', async () => {
    const standing = await examineDestination(to('new'));
    const { partial } = await openDestination(standing, fresh, undefined, runProcess);
    mkdirSync(partial);
    writeFileSync(join(partial, 'half'), '');
    await abandon(standing);
    expect(readdirSync(partial)).toEqual(['half']);
    rmSync(partial, { recursive: true });
    await abandon(standing);
    expect(readdirSync(directory)).toEqual([]);
  });

  it('is refused where none can be made, without waiting for ever', async () => {
    const standing = await examineDestination('/proc/offsite-none/deeper');
    await expect(openDestination(standing, fresh, undefined, runProcess)).rejects.toThrow(/cannot be written \(ENOENT/);
  });

  it('with a note that is none counts as one that holds something', async () => {
    mkdirSync(to('odd/.offsite-restore'), { recursive: true });
    writeFileSync(to('odd/.offsite-restore/restore.json'), '{"version":1,');
    expect((await examineDestination(to('odd'))).kind).toBe('occupied');
  });

  it.each([
    [
      'a link to another directory',
      () => symlinkSync(to('elsewhere'), to('there/.offsite-restore')),
      /is a symbolic link/,
    ],
    ['a link to nothing', () => symlinkSync('/nowhere', to('there/.offsite-restore')), /is a symbolic link/],
    ['a file', () => writeFileSync(to('there/.offsite-restore'), ''), /is a file/],
    ['open to others', () => chmodSync(to('there/.offsite-restore'), 0o777), /may be written by others/],
  ])('is refused with .offsite-restore that is %s: nothing is read, removed or written', async (_, plant, message) => {
    await openDestination(await examineDestination(to('elsewhere')), fresh, undefined, runProcess);
    const note = readFileSync(to('elsewhere/.offsite-restore/restore.json'));
    writeFileSync(to('elsewhere/restore.json'), note);
    mkdirSync(to('elsewhere/tmp'));
    if (message.source.includes('others')) renameSync(to('elsewhere'), to('there'));
    else mkdirSync(to('there'));
    plant();
    await expect(examineDestination(to('there'))).rejects.toThrow(message);
    const standing = { kind: 'occupied', path: to('there'), names: ['a'] } as const;
    await expect(openDestination(standing, { ...fresh, job: 'other' }, undefined, runProcess)).rejects.toThrow(message);
    if (existsSync(to('elsewhere'))) {
      expect(readdirSync(to('elsewhere')).sort()).toEqual(['.offsite-restore', 'restore.json', 'tmp']);
      expect(readFileSync(to('elsewhere/restore.json'))).toEqual(note);
    }
  });

  it.runIf(process.getuid?.() === 0)('is refused with .offsite-restore of another user (needs root)', async () => {
    await openDestination(await examineDestination(to('there')), fresh, undefined, runProcess);
    chownSync(to('there/.offsite-restore'), 65_534, 65_534);
    await expect(examineDestination(to('there'))).rejects.toThrow(/belongs to another user \(65534\)/);
  });

  it.each([{ mode: 0o10_755 }, { mode: '0755' }, { uid: -1 }, { gid: 1.5 }, { gid: undefined }, { mtime: 'now' }])(
    'with a note that would restore %j counts as one that holds something',
    async (wrong) => {
      mkdirSync(to('there'));
      const standing = { kind: 'empty', path: to('there') } as const;
      await openDestination(standing, { ...fresh, names: ['a'] }, undefined, runProcess);
      expect((await examineDestination(to('there'))).kind).toBe('unfinished');
      const file = to('there/.offsite-restore/restore.json');
      const note = JSON.parse(readFileSync(file, 'utf8')) as { before: object };
      writeFileSync(file, JSON.stringify({ ...note, before: { ...note.before, ...wrong } }));
      expect((await examineDestination(to('there'))).kind).toBe('occupied');
    },
  );

  it('keeps its own mode and time when it was named by a link', async () => {
    mkdirSync(to('real'));
    chmodSync(to('real'), 0o711);
    symlinkSync('real', to('link'));
    utimesSync(to('real'), 1000, 1000);
    const standing = await examineDestination(to('link'));
    expect(standing).toEqual({ kind: 'empty', path: to('real') });
    const destination = await openDestination(standing, { ...fresh, names: ['a'] }, undefined, runProcess);
    await destination.leave(true);
    expect(statSync(to('real'))).toMatchObject({ mode: 0o40711, mtimeMs: 1_000_000 });
    await expect(examineDestination(to('real/none'))).resolves.toMatchObject({ kind: 'absent' });
    symlinkSync('nowhere', to('dangling'));
    await expect(examineDestination(to('dangling'))).rejects.toThrow(/cannot be used/);
  });

  it('is known to be inside another, even where it does not exist yet', async () => {
    expect(await isInside(to('a/b'), directory)).toBe(true);
    expect(await isInside(`${directory}-b`, directory)).toBe(false);
  });
});

describe('names in a snapshot', () => {
  it('are what was typed, without slashes at their ends', () => {
    const names = parseNames(['/a/b/', './c', 'a//b', 'x\\#377']);
    expect(names.map((name) => name.toString('latin1'))).toEqual(['a/b', 'c', 'x\xff']);
    expect(parseNames(['a', '.'])).toEqual([]);
    expect(() => parseNames(['a/../../b'])).toThrow(/leads out/);
  });
});
