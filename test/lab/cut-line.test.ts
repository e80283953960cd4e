import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { connect, createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { expectFault } from '../ssh/support/fault.ts';
import { makePrimary, type Primary } from '../ssh/support/primary.ts';
import { startSecondary, type Secondary } from '../ssh/support/secondary.ts';
import { until } from '../support/until.ts';

const NAMESPACE = `offsite-${process.pid}`;
const [HERE, THERE] = ['10.213.77.1', '10.213.77.2'];
const OUTSIDE = `off${process.pid}`;

/** Runs ip(8) and throws unless it ends well. */
function ip(...words: string[]): void {
  const { status, stderr } = spawnSync('ip', words, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`ip ${words.join(' ')}: ${stderr}`);
}

// The primary stands in a network namespace of its own; a pair of virtual interfaces is its only line.
describe.skipIf(process.getuid?.() !== 0)('a line that is unplugged (needs root, for a network namespace)', () => {
  let secondary: Secondary;
  let primary: Primary;
  let door: Server;

  beforeAll(async () => {
    // Without these sshd, and with it rrsync's lock, outlives a dead line by the quarter of an hour that TCP takes.
    secondary = await startSecondary(undefined, ['ClientAliveInterval 3', 'ClientAliveCountMax 2']);
    ip('netns', 'add', NAMESPACE);
    ip('link', 'add', OUTSIDE, 'type', 'veth', 'peer', 'name', 'inside', 'netns', NAMESPACE);
    ip('addr', 'add', `${HERE}/30`, 'dev', OUTSIDE);
    ip('link', 'set', OUTSIDE, 'up');
    ip('-n', NAMESPACE, 'addr', 'add', `${THERE}/30`, 'dev', 'inside');
    ip('-n', NAMESPACE, 'link', 'set', 'inside', 'up');
    // sshd listens on loopback only: this is its door to the virtual line.
    door = createServer((near) => {
      const far = connect(secondary.sshd.port, '127.0.0.1');
      near.pipe(far).pipe(near);
      for (const end of [near, far]) end.on('error', () => undefined);
    }).listen(0, HERE);
    await until(() => door.listening);
    const address = door.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;

    primary = await makePrimary(secondary, 'postgres');
    Object.assign(primary.environment, { VAULT_HOST: HERE, VAULT_PORT: String(port) });
    const key = await readFile(join(secondary.sshd.directory, 'host_key.pub'), 'utf8');
    await writeFile(join(primary.directory, 'known_hosts'), `[${HERE}]:${port} ${key}`);
    primary.wrapper = ['ip', 'netns', 'exec', NAMESPACE];
    await writeFile(join(primary.source, 'small.dump'), 'a little\n');
    await primary.secure();
  });

  afterAll(async () => {
    spawnSync('ip', ['netns', 'del', NAMESPACE]);
    spawnSync('ip', ['link', 'del', OUTSIDE]);
    door.close();
    await primary.stop();
    await secondary.stop();
  });

  it.each([
    ['here', ['-n', NAMESPACE], 'inside'],
    ['there', [], OUTSIDE],
  ])(
    '%s, in the middle of a transfer: the keepalive ends the run, and the next one resumes',
    async (where, at, device) => {
      await writeFile(join(primary.source, `big-${where}.dump`), randomBytes(4 * 1024 ** 2));
      await primary.configure({ target: { bandwidth_limit: '1MiB' } });
      let cut = 0;
      await expectFault(primary, secondary, {
        code: 12,
        says: /connection lost/,
        advises: /The next run resumes where the last one stopped/,
        provoke: () => undefined,
        undo: () => {
          ip(...at, 'link', 'set', device, 'up');
          return primary.configure({ target: { busy_timeout: '1m' } });
        },
        run: async () => {
          const running = await primary.start('run', 'postgres');
          await until(() => running.said().includes('sending'));
          await new Promise((resolve) => setTimeout(resolve, 2000));
          ip(...at, 'link', 'set', device, 'down');
          cut = performance.now();
          return running.ended;
        },
      });
      expect(performance.now() - cut).toBeLessThan(60_000);
      const { transfer } = (await primary.history()).at(-1) as { transfer: { literalBytes: number } };
      expect(transfer.literalBytes).toBeLessThan(3.7 * 1024 ** 2);
    },
    120_000,
  );
});
