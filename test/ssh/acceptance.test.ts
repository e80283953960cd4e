import { randomBytes } from 'node:crypto';
import { appendFile, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parseSeal, type StoredSeal } from '../../src/shared/seal.ts';
import { parseSnapshotId } from '../../src/shared/snapshot-id.ts';
import { flipByte } from './support/flip-byte.ts';
import { makePrimary, type Primary } from './support/primary.ts';
import { processesNaming } from '../support/processes.ts';
import { fillSampleTree } from './support/sample-tree.ts';
import { startSecondary, type Secondary } from './support/secondary.ts';

let secondary: Secondary;
let primary: Primary;

beforeEach(async () => {
  secondary = await startSecondary();
  primary = await makePrimary(secondary, 'postgres');
  await fillSampleTree(primary.source);
});

afterEach(async () => {
  await primary.stop();
  await secondary.stop();
});

async function sealOf(id: string): Promise<StoredSeal | string> {
  const text = await readFile(`${secondary.path('postgres', id)}.sealed`, 'utf8');
  return parseSeal(text, { id: parseSnapshotId(id)!, job: 'postgres' });
}

describe('the three acceptance criteria', () => {
  it('a test backup is transferred to the secondary', async () => {
    const end = await primary.call('run', 'postgres');
    expect(end).toMatchObject({ code: 0 });
    const [id = ''] = await secondary.sealed('postgres');
    expect(await secondary.snapshots('postgres')).toEqual([id]);
    for (const name of ['dump.sql', 'deep/secret.conf', 'hard-link.sql', "name with blank, 'quote' and ü", 'empty']) {
      const there = await readFile(secondary.path('postgres', id, name));
      expect(there.equals(await readFile(join(primary.source, name))), name).toBe(true);
    }
    expect(end.stdout).toContain(`secured as ${id}`);
    expect(end.alerts).toMatchObject([{ event: 'success', outcome: 'done' }]);
    expect(await primary.history()).toMatchObject([{ outcome: 'done', exitCode: 0, snapshot: id, attempts: 1 }]);
  });

  it('its integrity is verified on the other side', async () => {
    const id = await primary.secure();
    // The push has verified it already: the seal says how.
    expect(await sealOf(id)).toMatchObject({
      files: 6,
      verification: { mode: 'full', canary: 'checksum', extras: 'not-checked' },
    });
    const intact = await primary.call('verify', 'postgres');
    expect(intact).toMatchObject({ code: 0, stdout: expect.stringContaining('identical to the source') as string });

    // One flipped byte on the secondary, under the same size and mtime, and verification finds it by name.
    const damaged = secondary.path('postgres', id, 'deep/secret.conf');
    const before = await readFile(damaged);
    flipByte(damaged, 3);
    const found = await primary.call('verify', 'postgres');
    expect(found.code).toBe(20);
    expect(found.stdout).toMatch(/CORRUPT.*deep\/secret\.conf.*content/);
    flipByte(damaged, 3);
    expect((await readFile(damaged)).equals(before)).toBe(true);
  });

  it('when the connection breaks, the process ends cleanly and says so', async () => {
    await primary.secure();
    const sealedBefore = await secondary.record('postgres');
    await writeFile(join(primary.source, 'new.dump'), randomBytes(6 * 1024 * 1024));
    await primary.configure({ target: { bandwidth_limit: '3MiB' } });
    secondary.line.after(2 * 1024 * 1024, () => secondary.line.cut());

    const end = await primary.call('run', 'postgres');
    expect(end.code).toBe(12);
    expect(end.stderr).toContain('connection lost');
    expect(end.stderr).toMatch(/What to do: .*The next run resumes/);
    expect(end.stdout).toContain('not secured (exit 12)');
    expect(end.alerts).toMatchObject([{ event: 'failure', outcome: 'connection-lost', exit_code: 12 }]);
    expect(end.alerts[0]?.body).toContain('NOT secured');
    expect((await primary.history()).at(-1)).toMatchObject({ outcome: 'connection-lost', snapshot: null });
    expect(await secondary.record('postgres')).toEqual(sealedBefore);

    // Nothing that belongs to the run is left behind, and the next run resumes without help.
    expect(processesNaming(primary.directory)).toEqual([]);
    await primary.configure();
    await appendFile(join(primary.source, 'new.dump'), 'a little more');
    const next = await primary.call('run', 'postgres');
    expect(next.code).toBe(0);
    expect(next.alerts).toMatchObject([{ event: 'recovery' }]);
    const { transfer } = (await primary.history()).at(-1) as { transfer: { literalBytes: number } };
    expect(transfer.literalBytes).toBeLessThan(5.5 * 1024 * 1024);
    const after = await secondary.record('postgres');
    for (const [id, record] of sealedBefore) expect(after.get(id)).toEqual(record);
  });
});
