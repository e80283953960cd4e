import { spawnSync } from 'node:child_process';
import { chmod, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readInventory } from '../../remote-scripts/prune/inventory.ts';
import { MAX_SEAL_BYTES, sealName, type StoredSeal } from '../../src/shared/seal.ts';
import type { SnapshotId } from '../../src/shared/snapshot-id.ts';
import { startGateHost, type GateHost } from './support/gate-host.ts';
import { ALIAS } from '../support/sshd.ts';

let host: GateHost;
beforeAll(async () => {
  host = await startGateHost();
  await writeFile(join(host.source, 'one'), 'one\n');
});
afterAll(() => host.stop());

describe('the start of the gate', () => {
  test.each(['LC_ALL', 'LANG', 'LC_CTYPE'])('does not depend on a %s of the client’s choice', async (name) => {
    await chmod(host.bundle, 0o755);
    await host.sshd.authorize(`${host.bundle} --config ${host.config} web1`);
    const args = ['-F', host.sshd.clientConfig, '-o', 'ControlPath=none', '-o', `SendEnv=${name}`, ALIAS, 'id'];
    for (const length of [50, 60, 4000]) {
      const environment = { PATH: process.env.PATH ?? '', [name]: 'x'.repeat(length) };
      const { stderr, status } = spawnSync('ssh', args, { env: environment, encoding: 'utf8' });
      expect(stderr).toMatch(/offsite-gate: refused: /);
      expect(status).toBe(2);
    }
  });
});

describe('a seal as large as the gate takes', () => {
  test('is stored so that it can be read back', async () => {
    const known = await host.store();
    const stored = async (id: SnapshotId) => readFile(join(host.jobDirectory, sealName(id)), 'utf8');
    const id = host.nextId();
    expect(await host.push(id)).toMatchObject({ code: 0 });
    // The longest word that a seal may have, and a claim that the gate does not know, which it leaves out.
    const version = '3.5.0'.padEnd(100, 'x');
    const textWith = async (unknown: string) => {
      const { receipt: _, ...claims } = JSON.parse(await stored(known)) as StoredSeal;
      return JSON.stringify({ ...claims, id, rsync: { ...claims.rsync, version }, unknown });
    };
    const text = await textWith('x'.repeat(MAX_SEAL_BYTES - Buffer.byteLength(await textWith(''))));
    expect(Buffer.byteLength(text)).toBe(MAX_SEAL_BYTES);
    expect(await host.seal(id, text)).toMatchObject({ code: 0 });
    expect(JSON.parse(await stored(id))).toMatchObject({ id, rsync: { version } });
    expect(await stored(id)).not.toContain('unknown');
    const { dev, uid } = await stat(host.jobDirectory);
    const inventory = await readInventory(host.jobDirectory, { secondary: 'gate', device: dev, uid });
    expect(inventory.oddities).toEqual([]);
    expect(inventory.snapshots.map((snapshot) => snapshot.id)).toContain(id);
  });

  test('is refused when it is one byte larger', async () => {
    const id = host.nextId();
    expect(await host.push(id)).toMatchObject({ code: 0 });
    expect(await host.seal(id, ' '.repeat(MAX_SEAL_BYTES + 1))).toMatchObject({
      stderr: expect.stringContaining(`larger than ${MAX_SEAL_BYTES} bytes`) as string,
    });
  });
});
