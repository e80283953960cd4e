import { spawnSync } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { remember } from '../ssh/support/as-it-was.ts';
import { makePrimary, type Primary } from '../ssh/support/primary.ts';
import { snapshotIdOf } from '../../src/shared/snapshot-id.ts';
import { startSecondary, type Secondary } from '../ssh/support/secondary.ts';
import { until } from '../support/until.ts';

let secondary: Secondary;
let primary: Primary;
let putBack: () => void;

beforeAll(async () => {
  secondary = await startSecondary();
  primary = await makePrimary(secondary, 'files');
  await writeFile(join(primary.source, 'a.dump'), 'a dump');
  await mkdir(join(primary.source, 'homes/db'), { recursive: true });
  await writeFile(join(primary.source, 'homes/db/own.dump'), 'what is to be saved');
  await mkdir(join(primary.source, 'disk [1]'));
  await mkdir(join(primary.directory, 'systemd/inaccessible/dir'), { recursive: true });
  await writeFile(join(primary.directory, 'systemd/inaccessible/reg'), '');
  putBack = remember(secondary.sshd.directory, [primary.directory, secondary.root]);
});
beforeEach(() => {
  primary.wrapper = [];
  putBack();
});

afterAll(async () => {
  await primary.stop();
  await secondary.stop();
});

const at = (name: string) => join(primary.source, name);

/** The program in mounts of its own, laid by a script before it starts. A user who is not root is root in there only. */
function inMounts(script: string): void {
  const mapped = process.getuid?.() === 0 ? [] : ['--user', '--map-root-user'];
  const words = ['unshare', ...mapped, '--mount', '--propagation', 'private'];
  primary.wrapper = [...words, 'sh', '-ec', `${script}; exec "$0" "$@"`];
}

const names = (id: string) =>
  spawnSync('find', [secondary.path('files', id), '-printf', '%P\n'], { encoding: 'utf8' }).stdout;

// What systemd mounts for ProtectHome=yes, laid by hand: test/lab has the same with a real systemd.
describe('a source of which the own unit hides a part', () => {
  const cover = (kind: 'dir' | 'reg', over: string) =>
    inMounts(`mount --bind '${primary.directory}/systemd/inaccessible/${kind}' '${over}'`);

  it('is not sent, and both the run and a verification say which', async () => {
    const before = await primary.secure();
    cover('dir', at('homes'));
    const end = await primary.call('run', 'files');
    expect(end.code).toBe(16);
    expect(end.stderr).toMatch(/hides what is really there: of the source \S+, homes is covered by ProtectHome=/);
    expect(end.alerts).toMatchObject([{ event: 'failure', outcome: 'source-guard' }]);
    expect(end.alerts[0]?.body).toMatch(/What to do: Write the units again/);
    expect((await primary.call('run', 'files', '--force')).code).toBe(16);
    expect((await primary.call('verify', 'files')).code).toBe(16);
    expect((await secondary.sealed('files')).at(-1)).toBe(before);
  });

  it('is found by a single file as well', async () => {
    cover('reg', at('a.dump'));
    const end = await primary.call('run', 'files');
    expect(end.code).toBe(16);
    expect(end.stderr).toMatch(/a\.dump is covered/);
  });

  it('is sent when that part is excluded, or nothing of it lies in the source', async () => {
    cover('dir', at('homes'));
    for (const exclude of ['/homes', '/homes/*']) {
      await primary.configure({ job: { exclude: [exclude], guard: { max_shrink: 'off' } } });
      const end = await primary.call('run', 'files');
      expect(end.code, end.stderr).toBe(0);
    }
    await primary.configure();
    cover('dir', `${primary.directory}/state`);
    await mkdir(join(primary.directory, 'state2'), { recursive: true });
    await primary.configure({ top: { state_dir: join(primary.directory, 'state2') } });
    // A new state knows of no id in use, and a plain rrsync has the last second's already: it would be refused, rightly (17).
    const [last = ''] = (await secondary.sealed('files')).slice(-1);
    await until(() => snapshotIdOf(new Date()) > last);
    const end = await primary.call('run', 'files');
    expect(end.code, end.stderr).toBe(0);
    await primary.configure();
  });
});

describe('another file system below the source', () => {
  const mounted = () => {
    inMounts(
      `mount -t tmpfs tmpfs '${at('disk [1]')}'; echo other > '${at('disk [1]')}/other.dump'; mkdir '${at('disk [1]')}/sub'; touch -d '2026-01-01' '${at('disk [1]')}'`,
    );
  };

  it('is sent, and that is said', async () => {
    mounted();
    const end = await primary.call('run', 'files');
    expect(end.code, end.stderr).toBe(0);
    expect(end.stderr).toMatch(/other file systems below the source are sent too: disk \[1\]/);
    const [id = ''] = (await secondary.sealed('files')).slice(-1);
    expect(names(id)).toContain('disk [1]/other.dump\n');
  });

  it('is left out with one_file_system, by push, verification and preview alike, and that is said', async () => {
    await primary.configure({ job: { one_file_system: true, guard: { max_shrink: 'off' } } });
    mounted();
    const preview = await primary.call('run', 'files', '--dry-run');
    expect(preview.stdout).toMatch(/left out \(one_file_system\): disk \[1\]/);
    const end = await primary.call('run', 'files');
    expect(end.code, end.stderr).toBe(0);
    expect(end.stderr).toMatch(/other file systems below the source are left out \(one_file_system\): disk \[1\]/);
    const [id = ''] = (await secondary.sealed('files')).slice(-1);
    expect(names(id)).toContain('disk [1]\n');
    expect(names(id)).toContain('homes/db/own.dump\n');
    expect(names(id)).not.toContain('other.dump');
    expect(await primary.call('verify', 'files')).toMatchObject({ code: 0 });
  });
});
