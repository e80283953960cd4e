import { spawnSync } from 'node:child_process';
import { cp, readdir, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { until } from '../support/until.ts';
import { startGateHost, type GateHost } from './support/gate-host.ts';
import { fillSampleTree } from './support/sample-tree.ts';

let host: GateHost;
const at = (...path: string[]) => join(host.jobDirectory, ...path);
const hasManifest = async (id: string) => (await readdir(host.jobDirectory)).includes(`${id}.sha256`);
const hasRecord = async (id: string) => {
  const names: string[] = await readdir(join(host.hostState, 'manifests/db')).catch(() => []);
  return names.includes(`${id}.json`);
};

beforeAll(async () => {
  host = await startGateHost();
  await cp(inject('scrub'), join(dirname(host.bundle), 'offsite-scrub.mjs'));
  await fillSampleTree(host.source);
});
afterAll(() => host.stop());

test('after a seal the gate has the manifest made', async () => {
  const first = await host.store();
  await until(async () => (await hasManifest(first)) && (await hasRecord(first)), 20_000);
  const second = await host.store({ bases: [first] });
  await until(async () => (await hasManifest(second)) && (await hasRecord(second)), 20_000);
  for (const id of [first, second]) {
    const { status, stderr } = spawnSync('sha256sum', ['--check', '--strict', '--quiet', `../${id}.sha256`], {
      cwd: at(id),
      encoding: 'utf8',
    });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  }
  expect((await stat(at(`${second}.sha256`))).mode & 0o777).toBe(0o600);
});

test('no session can write a manifest, nor read one', async () => {
  const id = await host.store();
  for (const name of [`${id}.sha256`, `.${id}.sha256.1.2.3.4.tmp`, `${id}.sha256/`]) {
    for (const words of ['--server -te.LsfxCIvu', '--server --sender -te.LsfxCIvu']) {
      const { code, stderr } = await host.ssh(`rsync ${words} . db/${name}`);
      expect({ code, stderr }).toEqual({
        code: 2,
        stderr: expect.stringContaining('offsite-gate: refused: ') as string,
      });
    }
  }
});
