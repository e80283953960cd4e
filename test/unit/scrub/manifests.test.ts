import { spawnSync } from 'node:child_process';
import { linkSync, mkdirSync, readdirSync, readFileSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { readFileOnce, type ReadFile } from '../../../remote-scripts/scrub/read-file.ts';
import type { Store } from '../prune/support/store.ts';
import { createScrubStore, scrub } from './support/run-scrub.ts';

const DAY = 86_400_000;
const START = Date.parse('2026-11-01T02:15:00Z');

let store: Store | undefined;
afterEach(() => store?.remove());

/** Reads the disk, and remembers what. */
function counting() {
  const paths: string[] = [];
  const readFile: ReadFile = (path, size, pace) => {
    paths.push(path.toString());
    return readFileOnce(path, size, pace);
  };
  return { paths, readFile };
}

function seal(made: Store, day: number, content: Parameters<Store['seal']>[2] = {}) {
  return made.seal('db', new Date(START + day * DAY), content);
}

/** What sha256sum says to a manifest. */
function checked(made: Store, id: string, manifest = `../${id}.sha256`) {
  const { status, stdout, stderr } = spawnSync('sha256sum', ['--check', '--strict', '--quiet', manifest], {
    cwd: join(made.root, 'db', id),
  });
  return { status, said: `${stdout.toString('latin1')}${stderr.toString('latin1')}` };
}

const OK = { status: 0, said: '' };

describe('the manifest of a snapshot', () => {
  it('is what find, sort and sha256sum make of it, byte for byte, whatever the names are', async () => {
    store = createScrubStore();
    const id = seal(store, 0, { files: { a: '1', 'a.b': '2', 'a-dir/x': '3', 'b/c/d': '', 'b/c.e': '5', 'ü/ß': '6' } });
    const snapshot = join(store.root, 'db', id);
    const odd = ['new\nline', 'back\\slash', 'return\r', '-', ' ', '\xff\xfe', 'x'.repeat(255), '\x01', 'a\\\n\r'];
    for (const name of odd) writeFileSync(Buffer.from(`${snapshot}/${name}`, 'latin1'), name);
    symlinkSync('a', join(snapshot, 'link'));
    spawnSync('mkfifo', [join(snapshot, 'pipe')]);
    mkdirSync(join(snapshot, 'empty'));

    expect(await scrub(store)).toMatchObject({ code: 0, damage: [] });

    const { stdout } = spawnSync('sh', ['-c', 'find . -type f -print0 | LC_ALL=C sort -z | xargs -0 sha256sum'], {
      cwd: snapshot,
    });
    expect(readFileSync(`${snapshot}.sha256`).equals(stdout)).toBe(true);
    expect(checked(store, id)).toEqual(OK);
  });

  it('lies in the state under a plain rrsync, where the key cannot rewrite it', async () => {
    store = createScrubStore({ secondary: 'rrsync' });
    const id = seal(store, 0);
    expect((await scrub(store)).code).toBe(0);
    expect(store.names('db')).toEqual([id, `${id}.sealed`]);
    expect(checked(store, id, join(store.state, 'manifests/db', `${id}.sha256`))).toEqual(OK);
  });

  it('takes over the lines of what is shared, and reads only what is new', async () => {
    store = createScrubStore();
    const first = seal(store, 0, { files: { same: 'same', 'dir/same': 'also', changed: 'old' } });
    const second = seal(store, 1, {
      files: { changed: 'new', added: 'added', moved: 'x' },
      links: { same: `${first}/same`, 'dir/same': `${first}/dir/same` },
    });
    const { paths, readFile } = counting();
    // The whole cycle would read everything.
    await scrub(store, {}, { readFile: async (...args) => (expect(args).toBeDefined(), readFile(...args)) });
    const made = paths.slice(0, 6).map((path) => path.slice(join(store!.root, 'db').length + 1));
    expect(made).toEqual([
      ...['changed', 'dir/same', 'same'].map((name) => `${first}/${name}`),
      ...['added', 'changed', 'moved'].map((name) => `${second}/${name}`),
    ]);
    for (const id of [first, second]) expect(checked(store, id)).toEqual(OK);
  });

  it('reads a file with many names once', async () => {
    store = createScrubStore();
    const id = seal(store, 0, { files: { first: 'text' } });
    for (let at = 0; at < 500; at += 1)
      linkSync(join(store.root, 'db', id, 'first'), join(store.root, 'db', id, `name-${at}`));
    const { paths, readFile } = counting();
    const { job } = await scrub(store, { wish: 'all' }, { readFile });
    expect(paths).toHaveLength(2); // once for the manifest, once for the cycle
    expect(job.read).toEqual({ files: 1, bytes: 4 });
    expect(checked(store, id)).toEqual(OK);
  });

  it('reaches what lies deeper than a path can be long', async () => {
    store = createScrubStore();
    const id = seal(store, 0);
    const deep = Array.from({ length: 18 }, (_, at) => String(at).repeat(110));
    const script = 'for d do mkdir "$d" && cd "$d" || exit 1; done; printf deep > file; printf last > last';
    const { status } = spawnSync('sh', ['-c', script, 'sh', ...deep], { cwd: join(store.root, 'db', id) });
    expect(status).toBe(0);
    spawnSync('chown', ['-R', '65534:65534', join(store.root, 'db', id)]);
    const { code, damage } = await scrub(store, { wish: 'all' });
    expect({ code, damage }).toEqual({ code: 0, damage: [] });
    const lines = readFileSync(join(store.root, 'db', `${id}.sha256`), 'utf8')
      .trimEnd()
      .split('\n');
    const digest = createHash('sha256').update('deep').digest('hex');
    expect(lines).toContain(`${digest}  ./${deep.join('/')}/file`);
    expect(lines).toHaveLength(3);
  });

  it('is made for each snapshot that has none, oldest first', async () => {
    store = createScrubStore();
    const ids = [0, 1, 2, 3].map((day) => seal(store!, day));
    const { job } = await scrub(store);
    expect(job.manifests.map(({ id, replaces }) => [id, replaces])).toEqual(ids.map((id) => [id, null]));
    expect((await scrub(store)).job.manifests).toEqual([]);
  });
});

describe('a manifest that is not the one that was made', () => {
  it.each<[string, string, (path: string, other: string) => void]>([
    ['is gone', 'it was gone', (path) => spawnSync('rm', [path])],
    ['is half written', 'it was not the one that was made', (path) => truncateSync(path, 100)],
    ['has a flipped digit', 'it was not the one that was made', (path) => flipFirst(path)],
    [
      'is that of another snapshot',
      'it was not the one that was made',
      (path, other) => writeFileSync(path, readFileSync(other)),
    ],
    [
      'names another file',
      'it was not the one that was made',
      (path) => writeFileSync(path, readFileSync(path, 'latin1').replace('./two', './twp')),
    ],
    [
      'is a directory',
      'it was not the one that was made',
      (path) => spawnSync('sh', ['-c', 'rm "$0"; mkdir "$0"', path]),
    ],
  ])('is known as such, told, and made again: it %s', async (_what, why, spoil) => {
    store = createScrubStore();
    const first = seal(store, 0, { files: { one: 'one', two: 'two' } });
    const second = seal(store, 1, { files: { one: 'uno', three: 'two' }, links: { two: `${first}/two` } });
    await scrub(store, { wish: 'all' });
    const path = join(store.root, 'db', `${second}.sha256`);
    const before = readFileSync(path);
    spoil(path, join(store.root, 'db', `${first}.sha256`));

    const found = await scrub(store, { wish: 'all' });

    if (_what === 'is a directory') {
      // A directory is not ours to remove.
      expect(found).toMatchObject({ code: 1, damage: [] });
      return;
    }
    expect(found).toMatchObject({ code: 42, damage: [] });
    expect(found.job.manifests).toMatchObject([{ id: second, replaces: why }]);
    expect(found.log.join('\n')).toContain('1 manifest of web1/db made again');
    expect(found.log.join('\n')).toContain(`${second}: ${why}; its bytes are proven only since `);
    expect(readFileSync(path).equals(before)).toBe(true);
    const again = await scrub(store, { wish: 'all' });
    expect(again.code).toBe(0);
    expect(again.log.join('\n')).not.toContain('made again');
  });

  it('is taken over when only its record is lost', async () => {
    store = createScrubStore();
    const id = seal(store, 0);
    await scrub(store, { wish: 'all' });
    spawnSync('rm', ['-r', join(store.state, 'manifests')]);
    const { paths, readFile } = counting();
    expect(await scrub(store, {}, { readFile })).toMatchObject({ code: 0, job: { manifests: [] } });
    expect(paths).toHaveLength(1);
    expect(readdirSync(join(store.state, 'manifests/db'))).toContain(`${id}.json`);
  });

  it('is no witness against damage that was found before', async () => {
    store = createScrubStore();
    const id = seal(store, 0, { files: { file: 'content' } });
    await scrub(store, { wish: 'all' });
    writeFileSync(join(store.root, 'db', id, 'file'), 'CONTENT');
    expect(await scrub(store, { wish: 'all' })).toMatchObject({
      code: 43,
      damage: [{ name: 'file', kind: 'content' }],
    });
    spawnSync('rm', [join(store.root, 'db', `${id}.sha256`)]);
    expect(await scrub(store, { wish: 'all' })).toMatchObject({
      code: 43,
      damage: [{ name: 'file', kind: 'content' }],
    });
  });
});

it('is forgotten with its snapshot', async () => {
  store = createScrubStore({ secondary: 'rrsync' });
  const [first, second] = [seal(store, 0), seal(store, 1)];
  await scrub(store);
  spawnSync('rm', ['-r', join(store.root, 'db', first), join(store.root, 'db', `${first}.sealed`)]);
  await scrub(store);
  expect(readdirSync(join(store.state, 'manifests/db')).sort()).toEqual([
    '.lock',
    `${second}.json`,
    `${second}.sha256`,
  ]);
});

function flipFirst(path: string): void {
  const bytes = readFileSync(path);
  bytes[0] = bytes[0] === 0x30 ? 0x31 : 0x30;
  writeFileSync(path, bytes);
}
