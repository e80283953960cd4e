import { describe, expect, it } from 'vitest';
import { formatSeal, MAX_STORED_SEAL_BYTES, parseSeal, sealName, type StoredSeal } from '../../../src/shared/seal.ts';
import { parseSnapshotId } from '../../../src/shared/snapshot-id.ts';
import fc from '../../support/properties.ts';

const id = parseSnapshotId('2026-11-23T021500Z')!;
const seal: StoredSeal = {
  version: 1,
  id,
  job: 'postgres',
  started: '2026-11-23T02:15:00.123Z',
  finished: '2026-11-23T02:16:00.000Z',
  files: 7,
  bytes: 15_887_178,
  verification: { mode: 'full', algorithm: 'xxh128', extras: 'not-checked', canary: 'checksum' },
  rsync: { version: '3.5.0', remoteProtocol: 32 },
  basis: parseSnapshotId('2026-11-22T021500Z')!,
};
const expected = { id, job: 'postgres' };
const parse = (change: object) => parseSeal(JSON.stringify({ ...seal, ...change }), expected);

describe('a seal', () => {
  it('comes back from its text, with and without a receipt', () => {
    expect(sealName(id)).toBe('2026-11-23T021500Z.sealed');
    expect(parseSeal(formatSeal(seal), expected)).toEqual(seal);
    const stored = { ...seal, receipt: { received: '2026-11-23T02:16:01Z', gate: '0.1.0' } };
    expect(parseSeal(formatSeal(stored), expected)).toEqual(stored);
  });

  it('loses what nobody asked for', () => {
    expect(parse({ surprise: 1, receipt: 'mine' })).toEqual(seal);
  });

  it.each([
    [{ version: 2 }, 'of an unknown version'],
    [{ id: '2026-11-22T021500Z' }, 'for another snapshot id'],
    [{ job: 'mysql' }, 'for another job'],
    [{ started: 'yesterday' }, 'without its times'],
    [{ finished: '2026-13-45T99:99:99Z' }, 'without its times'],
    [{ started: '2026-02-30T00:00:00Z' }, 'without its times'],
    [{ finished: '2026-11-23T02:15Z' }, 'without its times'],
    [{ rsync: { version: '3.5.0\u001b[2J', remoteProtocol: 32 } }, 'without its rsync versions'],
    [{ verification: { ...seal.verification, algorithm: 'x'.repeat(101) } }, 'without its verification'],
    [{ files: -1 }, 'without its counts'],
    [{ bytes: 1e300 }, 'without its counts'],
    [{ files: '7' }, 'without its counts'],
    [{ verification: null }, 'without its verification'],
    [{ verification: { ...seal.verification, mode: 'none' } }, 'without its verification'],
    [{ verification: { ...seal.verification, canary: 'no' } }, 'without its verification'],
    [{ rsync: [] }, 'without its rsync versions'],
    [{ basis: '../etc' }, 'with a basis that is not a snapshot id'],
    [{ basis: 1 }, 'with a basis that is not a snapshot id'],
  ])('with %j is refused', (change, why) => {
    expect(parse(change)).toBe(why);
  });

  it('that is no JSON object, or too large, is refused', () => {
    expect(parseSeal('{', expected)).toBe('not valid JSON');
    for (const text of ['null', '[]', '1', '"x"']) expect(parseSeal(text, expected)).toBe('not a JSON object');
    expect(parseSeal(formatSeal(seal) + ' '.repeat(MAX_STORED_SEAL_BYTES), expected)).toMatch(/^larger than/);
  });

  it('never throws, whatever it holds', () => {
    fc.assert(
      fc.property(fc.json(), (text) => {
        expect(typeof parseSeal(text, expected)).toBe('string');
      }),
    );
  });
});
