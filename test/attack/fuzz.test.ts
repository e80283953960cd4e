import { expect, test } from 'vitest';
import { noteRecords } from '../../src/run/attempt/notes.ts';
import { encodeName } from '../../src/rsync/itemized.ts';
import { corpusOf } from '../fuzz/corpus.ts';
import { fuzz } from '../fuzz/fuzz.ts';
import { fuzzNotes, readNotes } from '../fuzz/notes.ts';
import { fuzzSeed } from '../fuzz/seed.ts';
import { TARGETS } from '../fuzz/targets.ts';
import fc from '../support/properties.ts';

/*
 * Every parser of something that another program, host or person has written, against inputs made of a small corpus (test/fuzz/corpus): it
 * neither fails nor hangs, and what it accepts is what our own printer prints. More of each are in lab/fuzz, and a million in `npm run fuzz`.
 */

/** Milliseconds for each target, after its corpus. */
const TIME = 100;

test.each(TARGETS)('$name are accepted as we write them, and nothing else', (target) => {
  const seed = fuzzSeed();
  for (const text of corpusOf(target)) expect(target.check(text), text).toBe(true);
  expect(fuzz(target, { ms: TIME, seed }).inputs).toBeGreaterThan(0);
});

test('notes are accepted as we write them, and nothing else', () => {
  expect(fuzzNotes({ most: 5000, seed: fuzzSeed() }).accepted).toBeGreaterThan(100);
});

test('notes come to the gate as they were written, whatever the names', () => {
  const step = fc
    .uint8Array({ minLength: 1, maxLength: 12 })
    .map((bytes) => bytes.map((byte) => (byte === 0 || byte === 0x2f ? 0x41 : byte)))
    .filter((bytes) => !/^\.{1,2}$/.test(Buffer.from(bytes).toString('latin1')));
  const name = fc.array(step, { minLength: 1, maxLength: 4 }).map((steps) => steps.map((each) => Buffer.from(each).toString('latin1')).join('/')); // prettier-ignore
  const group = fc.array(name, { minLength: 1, maxLength: 3 });
  const notes = fc.record({ gone: fc.uniqueArray(name, { maxLength: 4 }), groups: fc.array(group, { maxLength: 3 }) });
  const all = fc.sample(notes, 300);
  const asRsync = (text: string) => encodeName(Buffer.from(text, 'latin1'));
  const written = all.map(({ gone, groups }) => {
    const records = noteRecords({ gone: gone.map(asRsync), groups: groups.map((names) => names.map(asRsync)) });
    return Buffer.concat([...records].flatMap((record) => [...record, Buffer.of(0)]));
  });
  expect(readNotes(written)).toEqual(all.map(({ gone, groups }) => ({ gone: [...gone].sort(), groups })));
});
