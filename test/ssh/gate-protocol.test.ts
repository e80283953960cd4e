import { existsSync } from 'node:fs';
import { mkdir, readdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { SnapshotId } from '../../src/shared/snapshot-id.ts';
import { startGateHost, type GateHost } from './support/gate-host.ts';
import { removeTree } from './support/remove-tree.ts';
import { fillSampleTree } from './support/sample-tree.ts';
import { recordTree } from './support/tree-record.ts';

/*
 * A client that does not keep to the protocol: stock rsync, with bytes of what it says replaced on their way. The gate
 * lets its command line in; what stands between the names it sends and the rest of the disk is rsync's receiver.
 */

let host: GateHost;
let sealed: SnapshotId;
let before: string[];
let hostile: string;

const record = () => [
  ...recordTree(join(host.jobDirectory, sealed)),
  ...recordTree(join(host.jobDirectory, `${sealed}.sealed`)),
];

beforeAll(async () => {
  host = await startGateHost();
  await fillSampleTree(host.source);
  sealed = await host.store();
  before = record();
  await writeFile(join(host.sshd.directory, 'liar.py'), LIAR);
});
afterAll(() => host.stop());
beforeEach(async () => {
  hostile = join(host.source, '..', 'hostile');
  await removeTree(hostile);
  await mkdir(hostile);
  await host.configure({});
});

// Same length on both sides, so that no count in the stream is wrong.
const LIAR = `
import os, subprocess, sys, threading
note, old, new, words = sys.argv[1], sys.argv[2].encode(), sys.argv[3].encode(), sys.argv[4:]
assert len(old) == len(new)
ssh = subprocess.Popen(words, stdin=subprocess.PIPE)
# The server may end while the client still waits for it.
threading.Thread(target=lambda: os._exit(ssh.wait()), daemon=True).start()
while True:
    data = os.read(0, 65536)
    if not data: break
    if old in data: open(note, 'w').close()
    try:
        ssh.stdin.write(data.replace(old, new)); ssh.stdin.flush()
    except BrokenPipeError: break
try: ssh.stdin.close()
except BrokenPipeError: pass
sys.exit(ssh.wait())
`;

/** Pushes what lies in `hostile`, saying `said` wherever rsync says `meant`. */
async function pushLying(meant: string, said: string): Promise<{ code: number; stderr: string; id: SnapshotId }> {
  const id = host.nextId();
  const words = host.pushArguments(id, { bases: [sealed], source: hostile });
  const lied = join(host.sshd.directory, `${id}.lied`);
  const shell = ['python3', '-I', join(host.sshd.directory, 'liar.py'), lied, meant, said, ...host.sshd.remoteShell];
  const end = await host.rsync(words.map((word, index) => (words[index - 1] === '-e' ? shell.join(' ') : word)));
  expect(existsSync(lied), 'nothing was replaced').toBe(true);
  expect(end.stderr).not.toMatch(/offsite-gate: (?!linked)/);
  return { ...end, id };
}

async function expectNothingOutside(names: readonly string[], id: SnapshotId): Promise<void> {
  expect(record()).toEqual(before);
  const now = (await readdir(host.jobDirectory)).filter((name) => !name.startsWith(id) && !names.includes(name));
  // What the attempt before it was has been frozen meanwhile; nothing else has come.
  expect(now.filter((name) => !name.endsWith('.frozen'))).toEqual([]);
  expect((await readdir(join(host.jobDirectory, '..'))).sort()).toEqual(['db']);
  expect(existsSync(join(host.jobDirectory, '../..', 'evil'))).toBe(false);
}

test.each([
  ['a directory that is called ..', 'QQ', '..', (id: string) => `QQ/${id}/dump.sql`],
  ['a file whose name begins with ../', 'QQQ', '../', () => 'QQQevil'],
  ['a file two levels up', 'QQQQQQ', '../../', () => 'QQQQQQevil'],
  ['a way up in the middle of a name', 'QQQQ', '/../', (id: string) => `deepQQQQ..QQQQ${id}`],
  ['an absolute name', 'QQQQ', '/tmp', () => 'QQQQ/offsite-evil'],
  ['a name that ends in a directory', 'QQ', '/.', () => 'evilQQ'],
])('%s is refused by the receiver, and nothing lands beside the snapshot', async (_, meant, said, nameOf) => {
  const names = await readdir(host.jobDirectory);
  const file = join(hostile, nameOf(sealed));
  await mkdir(join(file, '..'), { recursive: true });
  await writeFile(file, 'evil\n');
  const { id, code, stderr } = await pushLying(meant, said);

  expect(code).not.toBe(0);
  expect(stderr).toMatch(/ABORTING due to (unsafe pathname|invalid path) from sender/);
  await expectNothingOutside(names, id);
  expect(existsSync('/tmp/offsite-evil')).toBe(false);
});

test('a symbolic link and a directory under one name let nothing land beside the snapshot', async () => {
  const names = await readdir(host.jobDirectory);
  await symlink(`../${sealed}`, join(hostile, 'LLL'));
  await mkdir(join(hostile, 'MMM'));
  await writeFile(join(hostile, 'MMM/dump.sql'), 'evil\n');
  // The two sides then mean different files by one number, and may wait for each other.
  await host.configure({ gate: { timeout: '1s' } });
  for (const [meant, said] of [
    ['MMM', 'LLL'],
    ['LLL', 'MMM'],
  ] as const) {
    const { id } = await pushLying(meant, said);
    await expectNothingOutside([...names, ...(await readdir(host.jobDirectory))], id);
  }
});
