import { mkdirSync, renameSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { checkHostRoot, mountWithin, parseMountPoints, refuseRoot } from '../../../remote-scripts/prune/places.ts';
import { hostPlaces } from '../../../remote-scripts/store/places.ts';
import { createStore, HOST, type Store } from './support/store.ts';

let store: Store | undefined;
afterEach(() => store?.remove());

const UID = process.getuid!();
const check = (made: Store, uid = UID) => checkHostRoot(made.settings, hostPlaces(made.settings, HOST), uid);

describe('prune begins', () => {
  it('never as root, and says how instead', () => {
    store = createStore();
    const { host } = store;
    expect(() => refuseRoot(0, host, 'offsite-prune web1')).toThrow(/runuser -u offsite-web1 -- offsite-prune web1/);
    expect(() => refuseRoot(1000, host, '')).not.toThrow();
  });

  it('in real directories of its own', async () => {
    store = createStore();
    await expect(check(store)).resolves.toHaveProperty('device');
    await expect(check(store, 4711)).rejects.toThrow(/belongs to user/);
  });

  it.each(['srv', 'srv/web1', 'lib/web1'])('never through a symbolic link at %s', async (path) => {
    store = createStore();
    renameSync(join(store.base, path), join(store.base, 'elsewhere'));
    symlinkSync(join(store.base, 'elsewhere'), join(store.base, path));
    await expect(check(store)).rejects.toThrow(
      /is a symbolic link. Nothing is moved or deleted except in real directories/,
    );
  });

  it('not without its directories', async () => {
    store = createStore();
    renameSync(store.root, join(store.base, 'elsewhere'));
    await expect(check(store)).rejects.toThrow(/does not exist. Run offsite-secondary add-host/);
    mkdirSync(store.root);
  });
});

it('knows mount points, those with spaces and bind mounts too', () => {
  const points = parseMountPoints(
    '22 1 254:0 / / rw - ext4 /dev/vda rw\n40 22 254:0 /a /srv/off\\040site/web1/db/x rw - ext4 /dev/vda rw\n',
  );
  expect(points).toEqual(['/', '/srv/off site/web1/db/x']);
  expect(mountWithin('/srv/off site/web1/db', points)).toBe('/srv/off site/web1/db/x');
  expect(mountWithin('/srv/off site/web1/db/x', points)).toBeDefined();
  expect(mountWithin('/srv/off site/web1/d', points)).toBeUndefined();
});
