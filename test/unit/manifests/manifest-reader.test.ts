import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { DamagedManifest, ManifestReader } from '../../../src/manifests/manifest-reader.ts';
import { formatSumLine } from '../../../src/manifests/sum-line.ts';
import { createRandom, tellSeed } from '../../support/seed.ts';

const DIGEST = 'a'.repeat(64);
let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'offsite-manifest-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

function write(text: string): string {
  const path = join(directory, 'manifest');
  writeFileSync(path, Buffer.from(text, 'latin1'));
  return path;
}

function textOf(names: readonly string[]): string {
  return names.map((name) => formatSumLine({ name, digest: DIGEST })).join('');
}

function namesAfter(path: string, name: string | undefined): string[] {
  const reader = new ManifestReader(path);
  if (name !== undefined) reader.skipTo(name);
  const names: string[] = [];
  for (let line = reader.next(); line !== undefined; line = reader.next()) names.push(line.name);
  reader.close();
  return names;
}

it('goes on after any name, there or not, as if it had read all before it', () => {
  const random = createRandom(tellSeed('manifest-reader'));
  const letters = ['a', 'b', '/', '\n', '\\', '\xff', '0'];
  const pick = () => letters[Math.floor(random() * letters.length)] ?? '';
  const asPath = (text: string) => text.replace(/\/+/g, '/').replace(/^\/|\/$/g, '') || 'a';
  const name = () => asPath(Array.from({ length: 1 + Math.floor(random() * 60) }, pick).join(''));
  const names = [...new Set(Array.from({ length: 8000 }, name))].sort();
  const path = write(textOf(names));
  const asked = [
    ...Array.from({ length: 60 }, name),
    ...Array.from({ length: 60 }, () => names[Math.floor(random() * names.length)]!),
  ];
  for (const after of [...asked, '', '\xff'.repeat(90), names[0]!, names.at(-1)!]) {
    expect(namesAfter(path, after)).toEqual(names.filter((each) => each > after));
  }
});

it('knows the checksum of what it read, and how far it is', () => {
  const text = textOf(Array.from({ length: 3000 }, (_, at) => `file-${String(at).padStart(5, '0')}`));
  const reader = new ManifestReader(write(text));
  expect(reader.position).toBe(0);
  let last = 0;
  while (reader.next() !== undefined) {
    expect(reader.position).toBeGreaterThan(last);
    last = reader.position;
  }
  expect(last).toBe(text.length);
  expect(reader.digest()).toBe(createHash('sha256').update(text).digest('hex'));
  reader.close();
});

it.each<[string, string]>([
  ['cut off', textOf(['a', 'b']).slice(0, -5)],
  ['not sorted', textOf(['b', 'a'])],
  ['one with a name twice', textOf(['a', 'a'])],
  ['no manifest', 'hello\n'],
  ['one endless line', 'x'.repeat(100_000)],
])('does not read a manifest to its end that is %s', (_what, text) => {
  const path = write(text);
  expect(() => namesAfter(path, undefined)).toThrow(DamagedManifest);
});

it('reads nothing but a file', () => {
  expect(() => new ManifestReader(directory)).toThrow();
});
