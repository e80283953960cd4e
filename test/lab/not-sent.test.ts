import { spawnSync } from 'node:child_process';
import { mkdir, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { remember } from '../ssh/support/as-it-was.ts';
import { makePrimary, type Primary } from '../ssh/support/primary.ts';
import { startSecondary, type Secondary } from '../ssh/support/secondary.ts';

let secondary: Secondary;
let primary: Primary;
let putBack: () => void;
const at = (name: string) => join(primary.source, name);
const isRoot = process.getuid?.() === 0;

beforeAll(async () => {
  secondary = await startSecondary();
  primary = await makePrimary(secondary, 'files');
  await primary.configure();
  await writeFile(at('plain'), 'text\n');
  await mkdir(at('deep'));
  await writeFile(at('deep/noted'), 'text\n');
  python(`
import os, socket, sys
os.chdir(sys.argv[1])
os.setxattr('deep', 'user.owner', b'a'); os.setxattr('deep/noted', 'user.note', b'x')
os.setxattr('plain', 'user.rsync.%stat', b'100640 0,0 7:7') # as in a store of snapshots, where owners are kept so
os.mkfifo('queue'); socket.socket(socket.AF_UNIX).bind('socket')
with open(b'sparse \\xff', 'wb') as file: file.write(b'a' * 4096); file.truncate(8 << 20)
if os.geteuid() == 0:
    os.mknod('null', 0o20600, os.makedev(1, 3))
    os.setxattr('plain', 'security.capability', bytes.fromhex('0100000200200000000000000000000000000000'))
`);
  putBack = remember(secondary.sshd.directory, [primary.directory, secondary.root]);
});
beforeEach(() => putBack());
afterAll(async () => {
  await primary.stop();
  await secondary.stop();
});

function python(code: string): void {
  const { status, stderr } = spawnSync('python3', ['-I', '-c', code, primary.source], { encoding: 'utf8' });
  if (status !== 0) throw new Error(stderr);
}

const DEVICES = /not sent: 1 device node/;
const SPECIALS = /not sent: 2 FIFOs and sockets/;
const ATTRIBUTES = isRoot
  ? /not sent: extended attributes of 3 entries \((?=.*user\.owner)(?=.*user\.note)(?=.*user\.rsync\.%stat)(?=.*security\.capability)/
  : /not sent: extended attributes of 3 entries \((?=.*user\.owner)(?=.*user\.note)(?=.*user\.rsync\.%stat)/;
const HOLES = /not sent: holes of 1 sparse file \(8\.00 MiB, stored as zeros\)/;

function expectAll(text: string): void {
  if (isRoot) expect(text).toMatch(DEVICES);
  for (const line of [SPECIALS, ATTRIBUTES, HOLES]) expect(text).toMatch(line);
}

describe('what no snapshot holds is told with its numbers', () => {
  it('by doctor, which has nothing against it', async () => {
    const { code, stdout } = await primary.call('doctor');
    expect(code, stdout).toBe(0);
    expectAll(stdout);
  });

  it('by a dry run, as JSON too', async () => {
    expectAll((await primary.call('run', 'files', '--dry-run')).stdout);
    const lines = (await primary.call('run', 'files', '--dry-run', '--json')).stdout.trim().split('\n');
    const preview = lines.map((line) => JSON.parse(line) as { event: string }).find(({ event }) => event === 'preview');
    expect(preview).toMatchObject({
      notSent: {
        devices: isRoot ? 1 : 0,
        specials: 2,
        closer: { kind: 'seen', sparse: 1, holes: 8 * 1024 ** 2 - 4096 },
      },
    });
  });

  it('by the first run in full, and by later ones as far as it costs nothing', async () => {
    const first = await primary.call('run', 'files');
    expect(first.code, first.stderr).toBe(0);
    expectAll(first.stderr);
    expect(first.alerts.map(({ event }) => event)).toEqual(['success']);
    const second = await primary.call('run', 'files');
    expect(second.stderr).toMatch(SPECIALS);
    expect(second.stderr).not.toMatch(/extended attributes|holes/);
  });

  it('by verify, which calls nothing identical without it', async () => {
    await primary.secure();
    const { code, stdout } = await primary.call('verify', 'files');
    expect(code, stdout).toBe(0);
    expect(stdout).toContain('identical to the source, but for what is not sent');
    expectAll(stdout);
  });

  it('and nothing is said where there is nothing', async () => {
    python('import os, sys; os.chdir(sys.argv[1]); os.system("rm -rf * && echo text > plain")');
    await primary.call('run', 'files', '--force');
    const { stdout } = await primary.call('verify', 'files');
    expect(stdout).toMatch(/identical to the source\n/);
    expect(stdout).not.toContain('not sent');
  });
});

describe('holes', () => {
  it('are zeros on the secondary, and holes again where rsync -S restores', async () => {
    await truncate(at('plain'), 64 * 1024 ** 2);
    const id = await primary.secure();
    const blocks = (path: string) => Number(spawnSync('stat', ['-c', '%b', path], { encoding: 'utf8' }).stdout);
    expect(blocks(secondary.path('files', id, 'plain'))).toBeGreaterThan((60 * 1024 ** 2) / 512);
    const restored = join(primary.directory, 'restored');
    spawnSync('rsync', ['-aS', secondary.path('files', id, 'plain'), restored]);
    expect(blocks(restored)).toBeLessThan(100);
  });
});
