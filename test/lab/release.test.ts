import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { must } from '../support/processes.ts';

let directory: string;
const at = (...names: string[]) => join(directory, ...names);
const version = (JSON.parse(readFileSync('package.json', 'utf8')) as { version: string }).version;
const NAME = `offsite-rsync-secondary-${version}`;

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'offsite-release-'));
  for (const place of ['one', 'two']) must(process.execPath, 'scripts/release.mjs', at(place), '--no-amd64');
}, 300_000); // two builds take a minute where nothing else runs
afterAll(() => rmSync(directory, { recursive: true }));

describe('a release', () => {
  it('has the same bytes each time, and their sums', () => {
    const sums = readFileSync(at('one/SHA256SUMS'), 'utf8');
    expect(readFileSync(at('two/SHA256SUMS'), 'utf8')).toBe(sums);
    expect(
      sums
        .trimEnd()
        .split('\n')
        .map((line) => line.split('  ')[1]),
    ).toEqual([
      'THIRD-PARTY-NOTICES',
      `offsite-rsync-${version}.cdx.json`,
      `offsite-rsync-${version}.tgz`,
      `${NAME}.tar.gz`,
      `offsite-rsync-secondary_${version}_all.deb`,
      `offsite-rsync_${version}_all.deb`,
    ]);
    expect(spawnSync('sha256sum', ['--check', '--strict', 'SHA256SUMS'], { cwd: at('one') }).status).toBe(0);
  });

  it('sets up a secondary that has only node and sh: no npm, no build', () => {
    must('tar', '-xzf', at('one', `${NAME}.tar.gz`), '-C', directory);
    const args = [at(NAME, 'install.sh'), '--host', 'web1', '--job', 'db'];
    const { status, stderr } = spawnSync('sh', args, {
      env: { PATH: process.env.PATH, DESTDIR: at('dest') },
      encoding: 'utf8',
    });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    for (const program of ['gate', 'prune', 'scrub', 'drill']) {
      const path = at('dest/usr/local/lib/offsite-rsync', `offsite-${program}.mjs`);
      expect(spawnSync(process.execPath, [path, '--version'], { encoding: 'utf8' }).stdout).toContain(version);
    }
    expect(existsSync(at('dest/etc/systemd/system/offsite-prune@.timer'))).toBe(true);
    for (const page of ['man8/offsite-secondary.8', 'man8/offsite-scrub.8', 'man5/offsite-rsync-secondary.yaml.5'])
      expect(existsSync(at('dest/usr/local/share/man', page)), page).toBe(true);
    expect(readFileSync(at(NAME, 'THIRD-PARTY-NOTICES'), 'utf8')).toMatch(/^commander \d+\.\d+\.\d+ \(MIT\)$/m);
  });

  it('names in its bill of materials every package whose notice it has, and no other', () => {
    interface Sbom {
      readonly metadata: { readonly component: { readonly version: string } };
      readonly components: readonly { readonly name: string; readonly version: string; readonly purl: string }[];
    }
    const sbom = JSON.parse(readFileSync(at('one', `offsite-rsync-${version}.cdx.json`), 'utf8')) as Sbom;
    expect(sbom.metadata.component.version).toBe(version);
    const named = sbom.components.map(({ name, version: of }) => `${name} ${of}`);
    const noticed = [...readFileSync(at('one/THIRD-PARTY-NOTICES'), 'utf8').matchAll(/^-{72}\n(\S+ \S+) \(/gm)];
    expect(named.length).toBeGreaterThan(20);
    expect(named.sort()).toEqual(noticed.map(([, name]) => name).sort());
    for (const { purl } of sbom.components) expect(purl).toMatch(/^pkg:npm\/\S+@\d/);
  });

  it('says plainly what it has not made where there is no dpkg-deb', () => {
    const bin = at('bin');
    mkdirSync(bin);
    for (const program of readdirSync('/usr/bin'))
      if (!['dpkg-deb', 'node', 'npm'].includes(program)) symlinkSync(join('/usr/bin', program), join(bin, program));
    symlinkSync(must('sh', '-c', 'command -v npm').trim(), join(bin, 'npm'));
    symlinkSync(process.execPath, join(bin, 'node'));
    const { status, stderr } = spawnSync(process.execPath, ['scripts/release.mjs', at('three')], {
      env: { ...process.env, PATH: bin },
      encoding: 'utf8',
    });
    expect({ status, stderr }).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('Debian packages (*.deb) were NOT made') as string,
    });
    expect(existsSync(at('three', `${NAME}.tar.gz`))).toBe(true);
  });

  // Without npm, which would ask a registry: its one dependency is linked, and nothing else of ours is there.
  it('is a package of npm that has all that it runs with', { timeout: 120_000 }, () => {
    must('tar', '-xzf', at('one', `offsite-rsync-${version}.tgz`), '-C', directory);
    const inside = at('package');
    const { dependencies } = JSON.parse(readFileSync(join(inside, 'package.json'), 'utf8')) as { dependencies: object };
    expect(Object.keys(dependencies)).toEqual(['node-notifier']);
    mkdirSync(join(inside, 'node_modules'));
    symlinkSync(resolve('node_modules/node-notifier'), join(inside, 'node_modules/node-notifier'));
    symlinkSync(join(inside, 'dist/cli.js'), at('offsite-rsync'));
    const call = (...words: string[]) =>
      spawnSync(process.execPath, [at('offsite-rsync'), ...words], { encoding: 'utf8' });
    expect(call('--version')).toMatchObject({ status: 0, stdout: `${version}\n` });
    expect(call('config', 'validate', '--config', join(inside, 'config.example.yaml'))).toMatchObject({ status: 0 });
    expect(call('secondary-bundle', '--output', at('again.tar.gz'))).toMatchObject({ status: 0, stderr: '' });
    expect(readFileSync(at('again.tar.gz')).equals(readFileSync(at('one', `${NAME}.tar.gz`)))).toBe(true);
    expect(call('demo')).toMatchObject({ status: 0, stderr: '' });
    for (const file of [
      'remote-scripts/install.sh',
      'remote-scripts/systemd/offsite-prune@.service',
      'dist/man/man1/offsite-rsync.1',
      'dist/THIRD-PARTY-NOTICES',
    ])
      expect(existsSync(join(inside, file)), file).toBe(true);
  });
});
