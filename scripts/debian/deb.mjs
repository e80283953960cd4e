// A Debian package of a directory. The same directory gives the same bytes.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { gzipSync } from 'node:zlib';

/** Who answers for the packages: DEBFULLNAME and DEBEMAIL, as all tools of Debian have it. */
export function maintainer({ DEBFULLNAME, DEBEMAIL } = process.env) {
  return `${DEBFULLNAME ?? 'Maintainers of offsite-rsync'} <${DEBEMAIL ?? 'offsite-rsync@packages.invalid'}>`;
}

/** Whether packages can be made here at all. */
export function hasDpkg() {
  return spawnSync('dpkg-deb', ['--version'], { stdio: 'ignore' }).status === 0;
}

/** How Debian orders it before the release that it precedes: `1.0.0-rc.1` is `1.0.0~rc.1`. */
export function debianVersion(version) {
  return version.replace('-', '~').replaceAll('-', '.');
}

/** Writes a file of a package. */
export function put(tree, path, content, mode = 0o644) {
  const file = join(tree, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, content);
  chmodSync(file, mode);
}

/** As {@link put}, compressed as Debian wants its manual and its changelogs. */
export function putCompressed(tree, path, content) {
  put(tree, `${path}.gz`, gzipSync(content, { level: 9 }));
}

/**
 * Makes the package.
 * @param tree what is installed; modes count, owners do not
 * @param fields of its control file, in their order, without Installed-Size and Maintainer
 * @param scripts of the maintainer: their text by name
 * @param then the time of everything in it, in seconds since 1970
 * @param quick whether to compress less, and sooner
 * @param directory where it goes
 * @returns the name of its file
 * @throws Error when dpkg-deb fails
 */
export function makeDeb({ tree, fields, scripts, then, quick, directory }) {
  const files = filesBelow(tree);
  const kilobytes = files.reduce((sum, file) => sum + Math.ceil(statSync(join(tree, file)).size / 1024), 0);
  const { Description, ...others } = fields;
  const control = { ...others, Maintainer: maintainer(), 'Installed-Size': kilobytes, Description };
  const text = Object.entries(control).map(([name, value]) => `${name}: ${value}\n`);
  put(tree, 'DEBIAN/control', text.join(''));
  put(tree, 'DEBIAN/md5sums', files.map((file) => `${md5Of(join(tree, file))}  ${file}\n`).join(''));
  for (const [name, script] of Object.entries(scripts)) put(tree, `DEBIAN/${name}`, script, 0o755);
  for (const place of directoriesBelow(tree)) if (!MODES_OF_THEIR_OWN.test(place)) chmodSync(join(tree, place), 0o755);
  const name = `${fields.Package}_${fields.Version}_${fields.Architecture}.deb`;
  const { status, stderr, error } = spawnSync(
    'dpkg-deb',
    ['--root-owner-group', ...(quick ? ['-Zgzip', '-z1'] : ['-Zxz']), '--build', tree, join(directory, name)],
    { encoding: 'utf8', env: { ...process.env, SOURCE_DATE_EPOCH: `${then}`, LC_ALL: 'C.UTF-8' } },
  );
  if (status !== 0) throw new Error(`dpkg-deb could not make ${name}: ${error?.message ?? stderr}`);
  return name;
}

/** Directories whose modes {@link makeDeb} leaves as they are; elsewhere the umask would be part of the package. */
const MODES_OF_THEIR_OWN = /^etc\/offsite-rsync\/./;

function entriesBelow(tree) {
  return readdirSync(tree, { recursive: true, withFileTypes: true });
}

const pathIn = (tree) => (entry) => relative(tree, join(entry.parentPath, entry.name));

function filesBelow(tree) {
  return entriesBelow(tree)
    .filter((entry) => entry.isFile())
    .map(pathIn(tree))
    .sort();
}

function directoriesBelow(tree) {
  return [
    '',
    ...entriesBelow(tree)
      .filter((entry) => entry.isDirectory())
      .map(pathIn(tree)),
  ];
}

function md5Of(file) {
  return createHash('md5').update(readFileSync(file)).digest('hex');
}
