import { randomBytes } from 'node:crypto';
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { DIRECTORY, FILE } from '../attack/sender/file-list.ts';
import { HostileSender } from '../attack/sender/hostile-sender.ts';
import { LISTS_END } from '../attack/sender/wire.ts';
import { startGateHost, type GateHost } from '../ssh/support/gate-host.ts';
import { ALIAS } from '../support/sshd.ts';
import { until } from '../support/until.ts';

const MIB = 1024 * 1024;

let host: GateHost;
beforeEach(async () => {
  host = await startGateHost();
  await writeFile(join(host.source, 'dump'), randomBytes(3 * MIB));
});
afterEach(() => host.stop());

const lastEnd = async () =>
  (await host.log().catch(() => [])).findLast(({ event }) => ['ended', 'broke', 'refused'].includes(String(event)));

/** Starts a client, and stops it for a while once the gate has let it in: as one that reads a slow disk, it says nothing. */
async function pausedFor(milliseconds: number, args: readonly string[]): Promise<number | undefined> {
  const sessions = async () => (await host.log().catch(() => [])).filter(({ event }) => event === 'accepted').length;
  const before = await sessions();
  const client = host.startRsync(args);
  await until(async () => (await sessions()) > before);
  process.kill(client.pid!, 'SIGSTOP');
  await new Promise((resolve) => setTimeout(resolve, milliseconds));
  process.kill(client.pid!, 'SIGCONT');
  const end = await client.ended;
  return end.kind === 'exited' ? end.code : undefined;
}

describe('a client that says nothing for longer than gate.timeout', () => {
  beforeEach(() => host.configure({ gate: { timeout: '1s' } }));

  test('is ended when it has nothing to be silent for: it has sent its list of files, and no file', async () => {
    // Long enough for rsync to send keepalives, after which its own time-out does not fire any more.
    await host.configure({ metadata: 'plain', gate: { timeout: '4s' } });
    const sender = await HostileSender.connect({
      remoteShell: [...host.sshd.remoteShell, ALIAS],
      protocol: 31,
      letters: 'lHDtpr',
      commandLine: `rsync --server -lHDtpre.iLsfxCu --timeout=60 . db/${host.nextId()}/`,
    });
    sender.sendList([
      { name: '.', mode: DIRECTORY | 0o755, mtime: 1_700_000_000 },
      { name: 'dump', mode: FILE | 0o644, size: 9, mtime: 1_700_000_000 },
    ]);
    sender.sendIndex(LISTS_END);
    await until(async () => (await lastEnd())?.kind === 'push');
    const { said } = await sender.end(1000);
    expect(said).toMatch(/offsite-gate: broke: nothing has come for/);
    expect(await readdir(host.jobDirectory)).toEqual([expect.stringMatching(/\.frozen$/)]);
  });

  test('goes on when it reads files for their checksums, in a verification', async () => {
    const id = await host.store();
    const verify = host.pushArguments(id).filter((word) => !['--partial', '-yy', '-ii', '--stats'].includes(word));
    expect(await pausedFor(4500, ['--dry-run', '--checksum', ...verify])).toBe(0);
  });

  test('goes on when it reads files for their checksums, in a push after damage', async () => {
    const first = await host.store();
    expect(await pausedFor(4500, ['--checksum', ...host.pushArguments(host.nextId(), { bases: [first] })])).toBe(0);
  });
});

describe('gate.max_session_bytes', () => {
  beforeEach(() => host.configure({ gate: { max_session_bytes: '2MiB' } }));

  test('ends a push with a larger file, and keeps nothing sealed of it', async () => {
    const { code, stderr } = await host.push(host.nextId());
    expect(code).not.toBe(0);
    expect(stderr).toMatch(/max_session_bytes|File too large|signal/i);
    expect((await readdir(host.jobDirectory)).every((name) => name.endsWith('.frozen'))).toBe(true);
  });

  test('ends a push of small files that are more than that together', async () => {
    await rm(join(host.source, 'dump'));
    await mkdir(join(host.source, 'many'));
    for (let index = 0; index < 40; index += 1) {
      await writeFile(join(host.source, 'many', String(index)), randomBytes(MIB / 4));
    }
    // Slow enough for a look once a second.
    const { code, stderr } = await host.push(host.nextId(), { bandwidthLimit: 2 * MIB });
    expect(code).not.toBe(0);
    expect(stderr).toMatch(/offsite-gate: ended: the session wrote .* \(max_session_bytes: 2\.00 MiB\)/);
  });

  test('lets a push through that is smaller', async () => {
    await writeFile(join(host.source, 'dump'), randomBytes(MIB));
    const id = await host.store();
    expect(await readdir(host.jobDirectory)).toContain(`${id}.sealed`);
  });
});
