import {
  chmodSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { fillUp } from '../../../remote-scripts/gate/one-basis.ts';

let directory: string;
const sealed = (name = '') => join(directory, 'sealed', name);
const attempt = (name = '') => join(directory, 'attempt', name);
const inode = (path: string) => statSync(path).ino;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'offsite-basis-'));
  for (const path of [sealed('deep/er'), attempt('deep')]) mkdirSync(path, { recursive: true });
  writeFileSync(sealed('deep/er/old'), 'old\n');
});
afterEach(() => rmSync(directory, { recursive: true }));

describe('a broken attempt that is filled up from a sealed snapshot', () => {
  it('has links to what it lacked, and what it has stays', () => {
    writeFileSync(sealed('deep/changed'), 'before\n');
    writeFileSync(attempt('deep/changed'), 'after\n');
    fillUp(attempt(), sealed());
    expect(inode(attempt('deep/er/old'))).toBe(inode(sealed('deep/er/old')));
    expect(readFileSync(attempt('deep/changed'), 'utf8')).toBe('after\n');
    fillUp(attempt(), sealed());
    expect(statSync(sealed('deep/er/old')).nlink).toBe(2);
  });

  it('has the whole older file in place of one that was cut short, and keeps a stump that has no older one', () => {
    writeFileSync(sealed('dump'), 'whole\n');
    for (const name of ['dump', 'new']) {
      writeFileSync(attempt(name), 'who');
      utimesSync(attempt(name), 0, 0);
    }
    fillUp(attempt(), sealed());
    expect(inode(attempt('dump'))).toBe(inode(sealed('dump')));
    expect(readFileSync(attempt('new'), 'utf8')).toBe('who');
  });

  it('is never entered through a symbolic link that the sender has put there', () => {
    const outside = join(directory, 'outside');
    mkdirSync(outside);
    symlinkSync(outside, attempt('deep/er'));
    fillUp(attempt(), sealed());
    expect(() => statSync(join(outside, 'old'))).toThrow(/ENOENT/);
  });

  it('lacks what stands in the way of its own, and changes no mode or time of what is sealed', () => {
    writeFileSync(sealed('way'), 'file\n');
    mkdirSync(attempt('way'));
    writeFileSync(sealed('twin'), 'two names\n');
    linkSync(sealed('twin'), sealed('twin2'));
    chmodSync(sealed('twin'), 0o440);
    const { mode, mtimeMs } = statSync(sealed('twin'));
    fillUp(attempt(), sealed());
    expect(statSync(attempt('way')).isDirectory()).toBe(true);
    expect(inode(attempt('twin'))).toBe(inode(attempt('twin2')));
    expect(statSync(sealed('twin'))).toMatchObject({ mode, mtimeMs });
  });
});
