import { describe, expect, it } from 'vitest';
import { clip, clipBytes, oneLine, plainText } from '../../../src/notify/text.ts';
import fc from '../../support/properties.ts';

const anyText = fc.string({ unit: 'binary', maxLength: 400 });

describe('a header text', () => {
  it('is one line, whatever it was', () => {
    expect(oneLine('nightly\r\nBcc: everybody@example.org')).toBe('nightly Bcc: everybody@example.org');
    expect(oneLine('a\u2028b\u0085c\0d')).toBe('abcd');
  });

  it('keeps what is not ASCII', () => {
    expect(oneLine('Sicherung „täglich“ 備份 💾')).toBe('Sicherung „täglich“ 備份 💾');
  });

  it('loses marks that turn the direction of the text', () => {
    expect(oneLine('gpj.\u202eexe')).toBe('gpj.exe');
  });

  it('never holds a control character and never exceeds its length', () => {
    fc.assert(
      fc.property(anyText, fc.integer({ min: 1, max: 50 }), (text, max) => {
        const line = oneLine(text, max);
        expect(line).not.toMatch(/[\p{Cc}\u2028\u2029]/u);
        expect(Array.from(line).length).toBeLessThanOrEqual(max);
      }),
    );
  });
});

describe('a text of many lines', () => {
  it('keeps newlines and tabs, and no other control character', () => {
    expect(plainText('one\r\ntwo\rthree\tfour\u001b[31mred\u0007')).toBe('one\ntwo\nthree\tfour[31mred');
  });

  it('has no lone surrogate, so that it is valid UTF-8', () => {
    expect(plainText('broken \ud83d end')).toBe('broken \ufffd end');
    fc.assert(
      fc.property(anyText, (text) => {
        const plain = plainText(text);
        expect(Buffer.from(plain).toString()).toBe(plain);
      }),
    );
  });
});

describe('a text that is too long', () => {
  it('is cut between characters and marked', () => {
    expect(clip('💾💾💾💾', 3)).toBe('💾💾…');
    expect(clip('abc', 3)).toBe('abc');
  });

  it('is cut to bytes without breaking a character', () => {
    expect(clipBytes('äöü', 6)).toBe('äöü');
    expect(clipBytes('äöüß', 7)).toBe('äö…');
    fc.assert(
      fc.property(anyText, fc.integer({ min: 3, max: 100 }), (text, max) => {
        const plain = plainText(text);
        const cut = clipBytes(plain, max);
        expect(Buffer.byteLength(cut)).toBeLessThanOrEqual(max);
        expect(cut).not.toContain('\ufffd'.repeat(plain.includes('\ufffd') ? 99 : 1));
      }),
    );
  });
});
