import { statfsSync } from 'node:fs';
import { appendFile, readdir, stat, statfs, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { clear, crowd, fill, lock, unlock } from '../ssh/support/faults/disks.ts';
import { smallDisk } from '../ssh/support/faults/lane-disks.ts';
import { startGateHost, type GateHost } from '../ssh/support/gate-host.ts';
import { until } from '../support/until.ts';

/* What the gate keeps besides the snapshots is on a disk of its own, which takes nothing more (needs root, to mount it). */

/** How it comes about, with room for a few things more, and how it ends. */
const WAYS: Readonly<
  Record<string, readonly [hit: (place: string, more: number) => unknown, undo: (place: string) => unknown]>
> = {
  'has no room': [(place, more) => fill(place, more * statfsSync(place).bsize), clear],
  'has no inodes': [crowd, clear],
  'is read-only': [(place) => until(() => lock(place)), unlock],
};

/** Tries, each with room for one thing more: for a seal it is enough long before. */
const TRIES: Readonly<Record<string, number>> = { 'has no room': 12, 'has no inodes': 12, 'is read-only': 3 };

const ONE_LINE =
  /^(offsite-gate: (refused|ended): (no space: |a disk of the secondary is read-only)|rsync: .*: No space left)/m;

describe.runIf(process.getuid?.() === 0)('where the gate’s state is (needs root, to mount a small disk)', () => {
  const undo: (() => unknown)[] = [];
  let host: GateHost;
  let place: string;

  beforeAll(async () => {
    ({ place } = await smallDisk(undo));
    host = await startGateHost(undefined, place);
    undo.push(() => host.stop());
    await writeFile(join(host.source, 'file'), 'content\n');
    await host.store();
  });
  afterAll(async () => {
    for (const step of undo.reverse()) await step();
  });

  it.each(Object.entries(WAYS))('and it %s, a seal is refused in one line, and taken later', async (_, [hit, heal]) => {
    const id = host.nextId();
    expect(await host.push(id)).toMatchObject({ code: 0 });
    const ends: number[] = [];
    for (let more = 0; more < (TRIES[_] ?? 0); more += 1) {
      await hit(place, more);
      const { code, stderr } = await host.seal(id);
      await heal(place);
      ends.push(code);
      if (code === 0) break;
      expect(stderr).toMatch(ONE_LINE);
      expect((await readdir(host.jobDirectory)).filter((name) => name.startsWith(id))).toEqual([`${id}.partial`]);
    }
    expect(ends.length).toBeGreaterThan(2);
    expect(await host.seal(id)).toMatchObject({ code: 0 });
  });

  it.each(Object.entries(WAYS))(
    'and it %s, no push is let in whose id cannot be written down',
    async (_, [hit, heal]) => {
      const ledger = join(host.hostState, 'db.attempts.jsonl');
      // What there is of it fills its last block: the next line needs another one.
      const { bsize } = await statfs(place);
      const rest = bsize - ((await stat(ledger)).size % bsize);
      await appendFile(ledger, `${'x'.repeat(rest - 1)}\n`);
      const id = host.nextId();
      await hit(place, 0);
      const { code, stderr } = await host.push(id);
      await heal(place);
      if (_ === 'has no inodes') expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
      else {
        expect(code, stderr).not.toBe(0);
        expect(stderr).toMatch(ONE_LINE);
        expect((await readdir(host.jobDirectory)).filter((name) => name.startsWith(id))).toEqual([]);
      }
      await host.store();
    },
  );
});
