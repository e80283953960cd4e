// Whose code is in a bundle, with their licences.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const PACKAGE = /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+(?=\/)/;
const LICENCE = /^(licen[cs]e|copying|notice)(\.|-|$)/i;

/**
 * The notices of all packages that went into a bundle, by name.
 * @param root the directory that the inputs are relative to
 * @param inputs paths, as esbuild names them in its metafile
 * @throws when a package has neither a licence file nor says which licence it has
 */
export function noticesOf(root, inputs) {
  const notices = packagesOf(inputs).map((place) => noticeOf(join(root, place)));
  const sorted = [...new Set(notices)].sort();
  return `offsite-rsync contains code of the following packages.\n\n${sorted.join('\n')}`;
}

/** Where the packages are that went into a bundle, each once: `node_modules/yaml`. */
export function packagesOf(inputs) {
  return [...new Set(inputs.flatMap((path) => PACKAGE.exec(path)?.[0] ?? []))].sort();
}

function noticeOf(directory) {
  const { name, version, license } = JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8'));
  const files = readdirSync(directory)
    .filter((file) => LICENCE.test(file))
    .sort();
  if (files.length === 0 && typeof license !== 'string')
    throw new Error(`${name} ${version} says nothing of its licence`);
  const texts = files.map((file) => readFileSync(join(directory, file), 'utf8').replaceAll('\r\n', '\n').trim());
  const title = `${name} ${version} (${typeof license === 'string' ? license : 'see below'})`;
  return `${'-'.repeat(72)}\n${[title, ...texts].join('\n\n')}\n`;
}
