import { describe, expect, it } from 'vitest';
import { decodeName, displayName, parseItem } from '../../../src/rsync/itemized.ts';
import fc from '../../support/properties.ts';

const push = (line: string) => parseItem(line, true);
const check = (line: string) => parseItem(line, false);

describe('an itemised line', () => {
  it.each([
    [
      '@<f+++++++++ 20 2026/11/23-02:15:00 45 dump.sql',
      { action: 'sent', kind: 'file', isNew: true, differs: '', size: 20, wire: 45, name: 'dump.sql' },
    ],
    ['@<f.st...... 20 2026/11/23-02:15:00 45 dump.sql', { action: 'sent', isNew: false, differs: 'st' }],
    [
      '@hf          20 2026/11/23-02:15:00 0 dump.sql',
      { action: 'linked', kind: 'file', isNew: false, differs: '', name: 'dump.sql' },
    ],
    ['@hf+++++++++ 20 2026/11/23-02:15:00 0 hard-link.sql', { action: 'linked', isNew: true }],
    ['@cf          20 2026/11/23-02:15:00 0 dump.sql', { action: 'created', kind: 'file', differs: '' }],
    ['@cf...p..... 20 2026/11/23-02:15:00 0 dump.sql', { action: 'created', differs: 'p' }],
    [
      '@cd+++++++++ 4096 2026/11/23-02:15:00 0 sub/',
      { action: 'created', kind: 'directory', isNew: true, name: 'sub/' },
    ],
    [
      '@.d..t...... 4096 2026/11/23-02:15:00 0 ./',
      { action: 'unchanged', kind: 'directory', differs: 't', name: './' },
    ],
    [
      '@cL+++++++++ 9 2026/11/23-02:15:00 0 inside',
      { action: 'created', kind: 'symlink', isNew: true, name: 'inside' },
    ],
    ['@hL          9 2026/11/23-02:15:00 0 inside', { action: 'linked', kind: 'symlink' }],
    ['@cS+++++++++ 0 2026/11/23-02:15:00 0 socket', { kind: 'special' }],
    ['@cD+++++++++ 0 2026/11/23-02:15:00 0 device', { kind: 'device' }],
  ])('of a push is read: %j', (line, expected) => {
    expect(push(line)).toMatchObject(expected);
  });

  it.each([
    [
      '@<fc........ 20 2026/11/23-02:15:00 dump.sql',
      { action: 'sent', differs: 'c', size: 20, wire: 0, name: 'dump.sql' },
    ],
    ['@<fcst...... 20 2026/11/23-02:15:00 dump.sql', { differs: 'cst' }],
    ['@.f....og... 20 2026/11/23-02:15:00 dump.sql', { action: 'unchanged', differs: 'og' }],
    ['@.f...p...a. 20 2026/11/23-02:15:00 dump.sql', { differs: 'pa' }],
    ['@cLc.t...... 9 2026/11/23-02:15:00 inside', { action: 'created', kind: 'symlink', differs: 'ct' }],
    ['@.f..t...... 5 12000/01/01-00:00:0 x', { mtime: '12000/01/01-00:00:0', size: 5, name: 'x' }],
    ['@.f..t...... 5 -249/10/15-19:33:20 x', { mtime: '-249/10/15-19:33:20', size: 5, name: 'x' }],
    ['@*deleting   0 1970/01/01-00:00:00 5 x', { isExtra: true, name: '5 x' }],
    ['@*deleting   extra.file', { isExtra: true, kind: 'file', name: 'extra.file' }],
    ['@*deleting   12 monkeys', { isExtra: true, name: '12 monkeys' }],
    ['@*deleting     two blanks', { isExtra: true, name: '  two blanks' }],
    // What rsync 3.5.0 writes of files on a tmpfs with such times.
    ['@.f..t...... 5 --68/09/03-13:20:00 x', { mtime: '--68/09/03-13:20:00', size: 5, name: 'x' }],
    ['@.f..t...... 5 ---1/01/01-00:00:00 x', { mtime: '---1/01/01-00:00:00', size: 5, name: 'x' }],
    ['@.f..t...... 5 2147483647/12/31-23 x', { mtime: '2147483647/12/31-23', size: 5, name: 'x' }],
    ['@*deleting   extra/', { isExtra: true, kind: 'directory', name: 'extra/' }],
  ])('of a comparison is read: %j', (line, expected) => {
    expect(check(line)).toMatchObject(expected);
  });

  it('keeps names that begin with digits or blanks', () => {
    expect(check('@<f+++++++++ 20 2026/11/23-02:15:00 123 456 name')).toMatchObject({
      size: 20,
      wire: 0,
      name: '123 456 name',
    });
    expect(push('@<f+++++++++ 20 2026/11/23-02:15:00 7 123 456 name')).toMatchObject({
      size: 20,
      wire: 7,
      name: '123 456 name',
    });
    expect(check('@<f+++++++++ 20 2026/11/23-02:15:00  leading')).toMatchObject({ name: ' leading' });
    expect(check('@<f+++++++++ 20 2026/11/23-02:15:00 123')).toMatchObject({ size: 20, name: '123' });
  });

  it('is none without the mark: a message of rsync cannot pass for one', () => {
    for (const line of ['<f+++++++++ 20 x', '', '@', '@x', '@<f+++ 20 x', 'created directory @<f+++++++++ 20 x']) {
      expect(check(line)).toBeUndefined();
    }
  });

  it('gives back any size and name that it was made of', () => {
    const mtime = '2026/11/23-02:15:00';
    const name = fc.string({ minLength: 1, unit: 'grapheme' }).filter((text) => !/[\r\n]/.test(text));
    fc.assert(
      fc.property(fc.nat(), fc.nat(), name, (size, wire, text) => {
        expect(push(`@<fcst...... ${size} ${mtime} ${wire} ${text}`)).toMatchObject({ size, mtime, wire, name: text });
        expect(check(`@<fcst...... ${size} ${mtime} ${text}`)).toMatchObject({ size, mtime, wire: 0, name: text });
      }),
    );
  });

  it('never throws, whatever rsync may say', () => {
    fc.assert(fc.property(fc.string(), fc.boolean(), (text, withWire) => void parseItem(`@${text}`, withWire)));
  });
});

/** What rsync does to a name in the C locale (rsync 3.5.0, log.c): a model, held against rsync itself in test/ssh. */
function escaped(name: Uint8Array): string {
  let text = '';
  name.forEach((byte, index) => {
    const next = [...name.slice(index + 1, index + 5)].map((code) => String.fromCharCode(code)).join('');
    const looksEscaped = byte === 0x5c && /^#[0-7]{3}/.test(next);
    const printable = byte >= 0x20 && byte < 0x7f;
    text += printable && !looksEscaped ? String.fromCharCode(byte) : `\\#${byte.toString(8).padStart(3, '0')}`;
  });
  return text;
}

describe('a name', () => {
  it('comes back byte for byte, whatever its bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 300 }), (bytes) => {
        expect(decodeName(escaped(bytes)).equals(Buffer.from(bytes))).toBe(true);
      }),
    );
  });

  it('that holds what looks like an escape is not taken for one', () => {
    const bytes = Buffer.from('literal \\#012 and \\ and \\#9 and \\#0123');
    expect(escaped(bytes)).toContain('\\#134#012');
    expect(decodeName(escaped(bytes)).equals(bytes)).toBe(true);
    expect(decodeName('a\\b \\#9').toString()).toBe('a\\b \\#9');
  });

  it('is shown as UTF-8, but with its escapes where it could move a cursor or lie', () => {
    expect(displayName('\\#303\\#274mlaut')).toBe('ümlaut');
    for (const hostile of ['\\#033[31mred', 'line\\#012break', 'rtl\\#342\\#200\\#256', 'bad\\#377utf8', '\\#177']) {
      expect(displayName(hostile)).toBe(hostile);
    }
  });
});
