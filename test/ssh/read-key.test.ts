import { spawn } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import {
  appendFile,
  chown,
  link,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startProcess } from '../../src/platform/process.ts';
import { readOptions } from '../../src/rsync/reading.ts';
import { ALIAS } from '../support/sshd.ts';
import { endProcess } from '../support/processes.ts';
import { until } from '../support/until.ts';
import { startGateSecondary, type GateSecondary } from './support/gate-secondary.ts';
import { makePrimary, type Primary } from './support/primary.ts';
import { dumpText } from './support/sample-tree.ts';
import { recordTree } from './support/tree-record.ts';

let secondary: GateSecondary;
let primary: Primary;
let place: string;
let key: string;
let ids: [string, string];

beforeAll(async () => {
  secondary = await startGateSecondary();
  const { gate, sshd } = secondary;
  primary = await makePrimary(secondary, 'db');
  await primary.configure({ target: { secondary: 'gate' } });
  place = await mkdtemp(join(tmpdir(), 'offsite-read-'));
  key = await sshd.allowSecond(`${process.execPath} ${gate.bundle} --config ${gate.config} --read web1`);
  await mkdir(join(primary.source, 'sub'));
  await writeFile(join(primary.source, 'sub', 'a b'), 'one\n');
  await writeFile(join(primary.source, 'db.sql'), dumpText(200, 1));
  await link(join(primary.source, 'db.sql'), join(primary.source, 'again.sql'));
  await symlink('/etc', join(primary.source, 'out'));
  const first = await primary.secure();
  await appendFile(join(primary.source, 'sub', 'a b'), 'two\n');
  ids = [first, await primary.secure()];
});
afterAll(async () => {
  for (const identity of [key, secondary.sshd.clientKey]) {
    const [program = '', ...args] = shell(identity);
    await run(program, ...args, '-O', 'exit', ALIAS);
  }
  await rm(place, { recursive: true, force: true });
  await primary.stop();
  await secondary.stop();
});

interface End {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

async function run(program: string, ...args: string[]): Promise<End> {
  const stdout: string[] = [];
  const stderr: string[] = [];
  const end = await startProcess({
    ...{ program, args },
    onStdoutLine: (line) => stdout.push(line),
    onStderrLine: (line) => stderr.push(line),
  }).ended;
  if (end.kind !== 'exited') throw new Error(JSON.stringify(end));
  return { code: end.code, stdout: stdout.join('\n'), stderr: stderr.join('\n') };
}

/** A remote shell with one of the two keys; its first use opens a connection for all others. */
const shell = (identity = key) =>
  `ssh -F ${secondary.sshd.clientConfig} -o ControlPath=${place}/${identity === key ? 'r' : 'p'} -o ControlMaster=auto -o ControlPersist=60 -o IdentityFile=${identity}`.split(
    ' ',
  );
const rsync = (...args: string[]) => run('rsync', '-e', shell().join(' '), ...args);
const ssh = (words: string, identity = key) => {
  const [program = '', ...args] = shell(identity);
  return run(program, ...args, ALIAS, words);
};
const read = (from: string, to: string, ...more: string[]) =>
  run(
    'rsync',
    ...readOptions({ remoteShell: shell(), metadata: 'fake_super', compress: false, timeoutSeconds: 60 }),
    ...more,
    `${ALIAS}:/db/${from}`,
    to,
  );

const expectRefused = ({ code, stderr }: End, reason: string) => {
  expect(stderr).toContain(`offsite-gate: refused: ${reason}`);
  expect(code).not.toBe(0);
};

/** Everything that is stored, and the state, without the log. */
const stored = () =>
  secondary.stores.flatMap((store) => recordTree(store).filter((line) => !/gate\.log|^b'(\/web1)?' /.test(line)));

/** For those who are not root, it is the account's own directory. */
async function giveToAccount(path: string): Promise<void> {
  const { uid, gid } = secondary.sshd.account;
  await chown(path, uid, gid);
}

test('reads a sealed snapshot as it was sent, with links, and no link leads out', async () => {
  const to = join(place, 'whole');
  expect(await read(`${ids[1]}/`, to)).toMatchObject({ code: 0, stderr: '' });
  expect(recordTree(to)).toEqual(recordTree(primary.source));
  const { code } = await read(`${ids[0]}/`, join(place, 'one'), '--include=/sub/', '--include=/sub/a b', '--exclude=*');
  expect(code).toBe(0);
  expect(await readFile(join(place, 'one', 'sub', 'a b'), 'utf8')).toBe('one\n');
  expect((await readdir(join(place, 'one'))).sort()).toEqual(['sub']);
  expect((await rsync('-t', `${ALIAS}:/db/${ids[0]}/db.sql`, join(place, 'file.sql'))).code).toBe(0);
  expect(await readFile(join(place, 'file.sql'), 'utf8')).toBe(dumpText(200, 1));
  const entries = (await secondary.gate.log()).filter(({ kind }) => kind === 'read');
  expect(entries.at(-1)).toMatchObject({
    event: 'ended',
    kind: 'read',
    job: 'db',
    id: ids[0],
    client: '127.0.0.1',
    end: 0,
  });
});

test('compares what was restored by checksum', async () => {
  const to = join(place, 'compared');
  await read(`${ids[1]}/`, to);
  await writeFile(join(to, 'db.sql'), 'x'.repeat(dumpText(200, 1).length));
  const { code, stdout } = await read(`${ids[1]}/`, to, '--dry-run', '--checksum', '--itemize-changes');
  expect({ code, stdout }).toEqual({ code: 0, stdout: expect.stringContaining('db.sql') as string });
});

test('lets nothing be written, deleted or taken away, and changes nothing itself', async () => {
  const before = stored();
  const id = secondary.gate.nextId();
  const push = ['-aHA', '--numeric-ids', '-M--fake-super', `${primary.source}/`];
  for (const args of [
    [...push, `${ALIAS}:db/${id}/`],
    [...push, `${ALIAS}:db/${ids[0]}/`],
    [...push, '--delete', `${ALIAS}:db/`],
    ['-t', join(primary.source, 'db.sql'), `${ALIAS}:db/${ids[0]}.sealed`],
    ['-t', join(primary.source, 'db.sql'), `${ALIAS}:db/${id}.notes`],
  ])
    expectRefused(await rsync(...args), 'this key only reads');
  expectRefused(await read(`${ids[0]}/`, place, '--remove-source-files'), 'the option --remove-source-files is not');
  expectRefused(await read(`${ids[0]}/`, place, '-M--log-file=/tmp/x'), 'the option --log-file is not');
  expectRefused(await read(`${ids[0]}/`, place, '--files-from=/dev/null'), 'the option');
  expectRefused(await read(`${ids[0]}/`, place, '--copy-links'), 'the option -L is not allowed');
  for (const words of ['cat /etc/passwd', 'sh', '/usr/lib/openssh/sftp-server', 'list db files'])
    expect(await ssh(words)).toMatchObject({ stdout: '', stderr: expect.stringContaining('refused') as string });
  await ssh('list');
  await read(`${ids[0]}/`, join(place, 'unchanged'));
  expect(stored()).toEqual(before);
});

test('reads nothing but what is sealed, unless it is asked for by its other name', async () => {
  const id = secondary.gate.nextId();
  await secondary.gate.push(id, { source: primary.source });
  expectRefused(await read(`${id}/`, place), `there is no sealed snapshot ${id}`);
  expectRefused(await read(`${id}.partial/`, place), 'the place is none of');
  expect((await read(`${id}.unsealed/`, join(place, 'unsealed'))).code).toBe(0);
  expect(existsSync(join(place, 'unsealed', 'db.sql'))).toBe(true);
  expectRefused(await read(`${ids[0]}.unsealed/`, place), `there is no snapshot ${ids[0]}`);
  for (const from of ['', '../files/', '../../state/', `${ids[0]}/../${ids[1]}/`, '../../../etc/'])
    expectRefused(await read(from, place), 'the p');
  expectRefused(await rsync('-r', `${ALIAS}:/files/${ids[0]}/`, place), `there is no sealed snapshot`);
  expectRefused(await rsync('-r', `${ALIAS}:/other/${ids[0]}/`, place), 'the job other is not configured');
});

test('follows no symbolic link, whoever has put it there', async () => {
  const bad = secondary.path('db', ids[0], 'planted');
  await symlink('/etc', bad);
  const job = join(secondary.gate.jobDirectory, '..', 'files');
  await mkdir(job, { recursive: true, mode: 0o700 });
  await giveToAccount(job);
  await symlink(secondary.path('db', ids[0]), join(job, ids[0]));
  await writeFile(join(job, `${ids[0]}.sealed`), '{}');
  try {
    expectRefused(await read(`${ids[0]}/planted/`, place), 'planted is no directory in that snapshot');
    expectRefused(await read(`${ids[0]}/planted/passwd`, place), 'planted is no directory in that snapshot');
    expectRefused(await read(`${ids[0]}/out/passwd`, place), 'out is no directory in that snapshot');
    expectRefused(await read(`${ids[0]}/absent`, place), 'there is no absent in that snapshot');
    expectRefused(await rsync('-r', `${ALIAS}:/files/${ids[0]}/`, place), 'there is no sealed snapshot');
    await rm(job, { recursive: true });
    await symlink(secondary.gate.jobDirectory, job);
    expectRefused(await rsync('-r', `${ALIAS}:/files/${ids[0]}/`, place), 'there is no sealed snapshot');
  } finally {
    await rm(bad);
    await rm(job, { recursive: true });
  }
});

test('reads on in a snapshot that prune moves away, and reads no rules from outside of it', async () => {
  const [id] = ids;
  const trash = join(secondary.gate.jobDirectory, '..', '.trash');
  await mkdir(trash, { recursive: true, mode: 0o700 });
  await giveToAccount(trash);
  const large = secondary.path('db', id, 'large');
  await writeFile(large, Buffer.alloc(1_200_000, 'x'));
  await giveToAccount(large);
  const to = join(place, 'moved');
  const reading = read(`${id}/`, to, '--bwlimit=1000');
  await until(() => existsSync(to) && readdirSync(to).some((name) => name.startsWith('.large.')));
  await rename(secondary.path('db', id), join(trash, `db.${id}`));
  expect((await reading).code).toBe(0);
  expect((await readFile(join(to, 'large'))).length).toBe(1_200_000);
  await rename(join(trash, `db.${id}`), secondary.path('db', id));
  await rm(large);

  // A rule of the client's own can name a file of rules for each directory. Where it is read, rsync says that it understands no line of it.
  for (const path of [secondary.gate.config, `../../../../../${secondary.gate.config}`]) {
    const { code, stderr } = await read(`${id}/`, join(place, 'rules'), `--filter=: ${path}`);
    expect({ path, code, stderr }).toEqual({ path, code: 0, stderr: '' });
  }
});

test('the push key reads nothing and lists nothing', async () => {
  const { clientKey } = secondary.sshd;
  const from = [`${ALIAS}:db/${ids[0]}/`, place];
  expectRefused(await run('rsync', '-a', '-e', shell(clientKey).join(' '), ...from), 'nothing can be read from here');
  expectRefused(await ssh('list', clientKey), 'only rsync may be started here');
  const { code, stderr } = await primary.call('list', '--identity', clientKey);
  expect({ code, stderr }).toEqual({
    code: 14,
    stderr: expect.stringContaining('this key may not read vault') as string,
  });
});

test('waits for no writer, and keeps none waiting', async () => {
  const lock = join(secondary.gate.hostState, 'db.lock');
  const holder = spawn('flock', [lock, 'sh', '-c', `touch ${place}/held; exec sleep 60`], { stdio: 'ignore' });
  try {
    await until(() => existsSync(join(place, 'held')));
    expect((await read(`${ids[1]}/`, join(place, 'beside'))).code).toBe(0);
    expect((await ssh('list')).code).toBe(0);
  } finally {
    await endProcess(holder);
  }
});

test('list shows what lies there: seals, damage, pins and attempts, without any state on this host', async () => {
  const { hostState } = secondary.gate;
  const found = { inode: '1', foundAt: '2026-11-23T02:15:00Z', lastGood: null };
  const entries = [{ name: 'db.sql', snapshots: [ids[0]], kind: 'content', ...found }];
  await writeFile(join(hostState, 'db.damage.json'), JSON.stringify({ version: 1, omitted: 0, entries }));
  const pins = [{ id: ids[1], why: 'before the migration', until: '2099-03-31', since: '2026-11-23T02:15:00Z' }];
  await writeFile(join(hostState, 'db.pins.json'), JSON.stringify({ version: 1, pins }));
  for (const name of ['db.damage.json', 'db.pins.json']) await giveToAccount(join(hostState, name));

  const { code, stdout } = await primary.call('list', 'db', '--identity', key, '--json');
  expect(code).toBe(0);
  const { snapshots, ...job } = JSON.parse(stdout) as { snapshots: Record<string, unknown>[] };
  expect(job).toMatchObject({ job: 'db', target: 'vault', from: 'secondary', omitted: 0, problems: [] });
  expect(snapshots.slice(0, 2)).toMatchObject([
    { id: ids[0], sealed: true, verification: 'full', files: 3, damaged: 1, pinned: null },
    { id: ids[1], sealed: true, files: 3, damaged: 0, pinned: { why: 'before the migration', until: '2099-03-31' } },
  ]);
  expect(snapshots[2]).toMatchObject({ sealed: false, bytes: null });
  const text = (await primary.call('list', '--identity', key)).stdout;
  expect(text).toContain('DAMAGED: 1 file');
  expect(text).toContain('pinned until 2099-03-31: before the migration');
  expect(text).toContain('not sealed');
  expect((await secondary.gate.log()).at(-1)).toMatchObject({ event: 'ended', kind: 'list', end: 0 });

  // A new machine has a key, an address, and nothing else.
  const settings = JSON.parse(await readFile(primary.config, 'utf8')) as Record<string, unknown>;
  const { vault } = settings.targets as { vault: Record<string, unknown> };
  const target = { ...vault, read_identity: { file: key }, identity: { file: '/nonexistent' } };
  await writeFile(primary.config, JSON.stringify({ version: 1, runtime_dir: settings.runtime_dir, state_dir: join(place, 'state'), targets: { vault: target } })); // prettier-ignore
  const anew = await primary.call('list', '--json');
  expect({ code: anew.code, stderr: anew.stderr }).toEqual({ code: 0, stderr: '' });
  expect(anew.stdout.split('\n')[0]).toContain(ids[0]);
  await primary.configure({ target: { secondary: 'gate' } });
});

test('list without a read key shows what this host has sealed, and says so', async () => {
  const { code, stdout } = await primary.call('list', 'db');
  expect(code).toBe(0);
  for (const id of ids) expect(stdout).toContain(id);
  expect(stdout).toContain('This is from the history of this host');
  const { code: unknown, stderr } = await primary.call('list', 'dbb');
  expect({ unknown, stderr }).toEqual({ unknown: 2, stderr: expect.stringContaining('Did you mean "db"?') as string });
});
