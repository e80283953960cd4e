import { mkdtempSync, rmSync } from 'node:fs';
import { readdir, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { snapshotIdOf } from '../../../src/shared/snapshot-id.ts';
import { forgetDamage, loadDamage, rememberDamage } from '../../../src/state/damage.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'offsite-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const idOf = (day: number) => snapshotIdOf(new Date(Date.UTC(2026, 0, day)));
const remember = (day: number, reason = '1 corrupt', found = '2026-11-26T00:00:00.000Z') =>
  rememberDamage(directory, 'db', 'vault', { snapshot: idOf(day), found, reason });
const known = () => loadDamage(directory, 'db', 'vault');

describe('what is known of damaged snapshots', () => {
  it('keeps when each was found first, and what was found last', async () => {
    await remember(1, 'first');
    await remember(2);
    await remember(1, 'last', '2026-12-01T00:00:00.000Z');
    expect(await known()).toEqual([
      { snapshot: idOf(2), found: '2026-11-26T00:00:00.000Z', reason: '1 corrupt' },
      { snapshot: idOf(1), found: '2026-11-26T00:00:00.000Z', reason: 'last' },
    ]);
  });

  it('leaves no file behind when none is left', async () => {
    await remember(1);
    await forgetDamage(directory, 'db', 'vault', idOf(2));
    expect(await known()).toHaveLength(1);
    await forgetDamage(directory, 'db', 'vault', idOf(1));
    expect(await readdir(join(directory, 'jobs'))).toEqual([]);
  });

  it('stays small enough to be read, whatever is found, and however often', { timeout: 30_000 }, async () => {
    for (let day = 1; day <= 210; day++) await remember(day, '\u0001'.repeat(20_000));
    const kept = await known();
    expect(kept).toHaveLength(200);
    expect(kept.at(-1)?.snapshot).toBe(idOf(210));
    expect((await stat(join(directory, 'jobs', 'db@vault.damage.json'))).size).toBeLessThan(1024 * 1024);
  });

  it('is not taken for nothing when the file is no longer sound', async () => {
    await remember(1);
    await writeFile(join(directory, 'jobs', 'db@vault.damage.json'), '{"version": 1, "snapshots": [{}]}');
    await expect(known()).rejects.toThrow(/db@vault\.damage\.json is damaged: move it away/);
  });
});
