import { spawnSync } from 'node:child_process';
import { chmod, mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startGateHost, type GateHost } from './support/gate-host.ts';

let host: GateHost;

beforeAll(async () => {
  host = await startGateHost();
});
afterAll(() => host.stop());

/** Where the account exists; that is everywhere unless it is one of the private sshd. */
function check(
  name = 'web1',
  wrapper: readonly string[] = [],
  program = host.bundle,
): { status: number | null; lines: string[] } {
  const gate = [process.execPath, program, '--config', host.config, '--check', name];
  const enter = process.getuid?.() === 0 ? ['nsenter', '--mount', '--target', `${host.sshd.pid}`] : [];
  const [first = '', ...args] = [...enter, ...wrapper, ...gate];
  const { status, stdout } = spawnSync(first, args, { encoding: 'utf8' });
  return { status, lines: stdout.trimEnd().split('\n') };
}

test.runIf(process.getuid?.() === 0)(
  'finds a host ready when all is as install.sh leaves it (needs root, for an account of its own)',
  async () => {
    const keys = join(host.sshd.directory, 'home/.ssh');
    await mkdir(keys);
    const line = `command="/usr/local/bin/offsite-gate web1",restrict ssh-ed25519 AAAA primary\n`;
    await writeFile(join(keys, 'authorized_keys'), line);
    await chmod(join(host.hostState, '..'), 0o755);
    await chmod(join(host.jobDirectory, '../..'), 0o755);
    spawnSync('chown', ['root:root', join(host.hostState, '..'), join(host.jobDirectory, '../..')]);
    const { status, lines } = check();

    expect(lines.filter((each) => each.startsWith('✗'))).toEqual([]);
    expect(lines).toContain(`✓ ${host.hostState} belongs to ${host.sshd.account.name} alone`);
    expect(lines.join('\n')).toMatch(/✓ .* takes user xattrs\n/);
    expect(lines).toContainEqual(expect.stringMatching(/^! nobody is told of anything: add a channel/));
    expect(lines).toContainEqual(expect.stringMatching(/^! nothing says when a snapshot of web1\/db is due/));
    expect(lines.at(-1)).toBe('web1: ready');
    expect(status).toBe(0);
  },
);

test.runIf(process.getuid?.() === 0)('the line for a key starts the gate where it lies (needs root)', async () => {
  const keys = join(host.sshd.directory, 'home/.ssh/authorized_keys');
  const before = await readFile(keys);
  const program = join(host.sshd.directory, 'bin/offsite-gate');
  await mkdir(dirname(program));
  await symlink(host.bundle, program);
  await writeFile(keys, '# nobody\n');
  const { lines } = check('web1', [], program);
  await writeFile(keys, before);
  const line = `command="${program} --config ${host.config} web1",restrict ssh-ed25519 AAAA…`;
  expect(lines).toContain(`    Add: ${line}`);
});

test('tries its push though the shell stands in a directory that was removed', async () => {
  const gone = join(host.sshd.directory, 'gone');
  await mkdir(gone);
  const { lines } = check('web1', ['sh', '-c', 'cd "$0" && rmdir "$0" && exec "$@"', gone]);
  expect(lines).toContain('✓ a trial push leaves out what is unchanged, and it can be linked');
});

test('names what is wrong, with the fix below it', async () => {
  await chmod(host.hostState, 0o755);
  const { status, lines } = check();
  await chmod(host.hostState, 0o700);

  const at = lines.indexOf(`✗ ${host.hostState} has mode 0755`);
  expect(lines[at + 1]).toBe(`    chmod 700 ${host.hostState}`);
  expect(status).toBe(1);
});

test('says which hosts there are when asked for another', () => {
  const { status, lines } = check('web2');
  expect(lines.slice(0, 2)).toEqual([`✗ ${host.config} has no host web2`, '    Hosts there: web1']);
  expect(status).toBe(1);
});

test('lists every problem of the settings', async () => {
  await writeFile(host.config, 'version: 2\nroot: srv\n');
  const { status, lines } = check();
  await host.configure({});

  expect(lines[0]).toBe(`✗ ${host.config}: 3 problems`);
  expect(status).toBe(1);
});
