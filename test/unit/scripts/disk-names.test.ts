import { readFile } from 'node:fs/promises';
import { basename, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { frozenName, manifestName, partialName } from '../../../src/shared/entry-names.ts';
import { hostPlaces, jobPaths, trashOf } from '../../../remote-scripts/store/places.ts';
import { objectionToName } from '../../../scripts/disk-names.mjs';
import { sealName } from '../../../src/shared/seal.ts';
import { parseSnapshotId } from '../../../src/shared/snapshot-id.ts';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const elsewhere = 'remote-scripts/prune/survey.ts';

const host = hostPlaces({ root: '/srv', stateDir: '/state' }, 'HOST');
const job = jobPaths(host, 'JOB');
const id = parseSnapshotId('20260102T030405Z')!;

/** All paths that are called by a name of ours, and not by that of a host or job. */
const names = { partial: partialName(id), frozen: frozenName(id), seal: sealName(id), manifest: manifestName(id) };
const places = Object.entries({ ...host, ...job, ...names })
  .filter(([what]) => !['state', 'root', 'snapshots'].includes(what))
  .map(([what, path]) => [what, path.startsWith('/') ? relative('/', path) : path] as const);

describe('a name on the disk of the secondary', () => {
  it.each(places)('is not written out elsewhere: %s', (_what, path) => {
    expect(objectionToName(elsewhere, path)).toMatch(/remote-scripts\/store|src\/shared\/entry-names/);
    expect(objectionToName('remote-scripts/store/places.ts', path)).toBeUndefined();
  });

  it.each(Object.entries(names))('of a job is not written out on the other host either: %s', (_what, name) => {
    expect(objectionToName('src/read/disk.ts', name)).toContain('src/shared/entry-names.ts');
    expect(objectionToName('src/shared/entry-names.ts', name)).toBeUndefined();
  });

  it.each(['accepted', 'frozen', 'partial', 'see gate.log', 'lock', '../store/spool.ts words'])(
    'is not seen in %j',
    (text) => {
      expect(objectionToName(elsewhere, text)).toBeUndefined();
    },
  );

  it('is the same in the installer', async () => {
    const installer = await readFile(join(root, 'remote-scripts/offsite-secondary'), 'utf8');
    expect(installer).toContain(`$root/$host/${basename(trashOf('/srv/HOST'))}\n`);
  });
});
