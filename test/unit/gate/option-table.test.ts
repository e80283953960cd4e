import { describe, expect, it } from 'vitest';
import { OPTIONS, rowOf, type OptionName, type WireMetadata } from '../../../remote-scripts/gate/options.ts';
import { rebuiltCommand } from '../../../remote-scripts/gate/rebuilt-command.ts';
import { parseRequest, type GateRequest } from '../../../remote-scripts/gate/request.ts';
import { parseSnapshotId } from '../../../src/shared/snapshot-id.ts';
import fc from '../../support/properties.ts';

const id = parseSnapshotId('2026-11-23T021500Z')!;
const before = parseSnapshotId('2026-11-22T021500Z')!;

const names = Object.keys(OPTIONS) as OptionName[];

const isFile = (kind: GateRequest['kind']) => kind === 'seal' || kind === 'notes';
const destinationOf = (kind: GateRequest['kind']) =>
  `db/${id}${kind === 'seal' ? '.sealed' : kind === 'notes' ? '.notes' : '/'}`;

function requestOf(line: string): GateRequest {
  const parsed = parseRequest(line);
  if (!parsed.ok) throw new Error(`${parsed.reason}: ${line}`);
  return parsed.request;
}

describe('whatever the table can say', () => {
  /** A value of a long option, written out because a pattern cannot be turned into examples; the compiler misses one. */
  const VALUES: { readonly [K in OptionName as (typeof OPTIONS)[K] extends { long: string } ? K : never]: string[] } = {
    logFormat: ['%i', '%i%I'],
    timeout: ['1', '999999'],
    bwlimit: ['1', '20480'],
    compressChoice: ['zstd', 'lz4', 'zlibx', 'zlib', 'none'],
    delete: [''],
    stats: [''],
    listOnly: [''],
    partial: [''],
    numericIds: [''],
    force: [''],
    compareDest: [`/db/${before}/`],
    fakeSuper: [''],
    mkpath: [''],
  };
  /** What a session of a kind may be asked with: what it must have, and any of what it may have. */
  function sessions(kind: GateRequest['kind'], metadata: WireMetadata, whole: 'recursive' | 'relative' = 'recursive') {
    const rows = names.filter((name) => {
      const row = rowOf(name);
      return row.in[kind] !== undefined && (isFile(kind) || (row.metadata?.includes(metadata) ?? true));
    });
    // What no row says alone: these tell a push that compares from a verification, and fake_super from plain.
    const always = new Set<OptionName>(kind === 'push' ? ['partial', whole] : kind === 'verify' ? [whole] : []);
    if (!isFile(kind) && metadata === 'fake_super')
      for (const name of ['fakeSuper', 'numericIds'] as const) always.add(name);
    const never = new Set<OptionName>(metadata === 'fake_super' ? [] : ['fakeSuper']);
    never.add(whole === 'recursive' ? 'relative' : 'recursive');
    if (kind === 'verify') never.add('partial');
    if (kind === 'push' && whole === 'relative') never.add('hardLinks');
    const entries = rows
      .filter((name) => !never.has(name))
      .map((name) => {
        const { letter, most = 1 } = rowOf(name);
        const values =
          letter === undefined
            ? VALUES[name as keyof typeof VALUES]
            : Array.from({ length: most }, (_, index) => letter.repeat(index + 1));
        const value = fc.constantFrom(...values);
        const must = rowOf(name).in[kind] === 'must' || always.has(name);
        return (must ? value : fc.option(value, { nil: undefined })).map((given) => [name, given] as const);
      });
    return fc.tuple(...entries).map((all) => {
      const given = new Map<OptionName, string>();
      for (const [name, value] of all) if (value !== undefined) given.set(name, value);
      return { kind, given };
    });
  }

  function lineOf({ kind, given }: { kind: GateRequest['kind']; given: ReadonlyMap<OptionName, string> }): string {
    const letters = [...given].flatMap(([name, value]) => (rowOf(name).letter === undefined ? [] : [value])).join('');
    const words = [...given].flatMap(([name, value]) => {
      const { long, apart } = rowOf(name);
      if (long === undefined) return [];
      return apart === true ? [`--${long}`, value] : [value === '' ? `--${long}` : `--${long}=${value}`];
    });
    const destination = destinationOf(kind);
    return ['rsync', '--server', `-${letters}e.iLsfxCIvu`, ...words, '.', destination].join(' ');
  }

  it.each([
    ['push', 'fake_super', 'recursive'],
    ['push', 'fake_super', 'relative'],
    ['push', 'plain', 'recursive'],
    ['push', 'plain', 'relative'],
    ['verify', 'fake_super', 'recursive'],
    ['verify', 'fake_super', 'relative'],
    ['verify', 'plain', 'recursive'],
    ['verify', 'plain', 'relative'],
    ['verify', 'none', 'recursive'],
    ['notes', 'plain', undefined],
    ['seal', 'plain', undefined],
  ] as const)('of a %s with %s metadata (%s) is parsed, and rebuilt to the same meaning', (kind, metadata, whole) => {
    fc.assert(
      fc.property(sessions(kind, metadata, whole), (session) => {
        const { compareDest, ...asked } = Object.fromEntries(session.given) as Partial<Record<OptionName, string>>;
        const first = requestOf(lineOf(session));
        expect(first.kind).toBe(kind);
        expect(Object.fromEntries(first.wire.given)).toEqual(asked);
        // With the client's own names the command is again one that the gate takes: what does that one say?
        const again = requestOf(
          rebuiltCommand(first, {
            place: destinationOf(kind),
            basis: compareDest === undefined ? undefined : `db/${before}`,
            ...{ timeoutSeconds: 77, delta: true, fuzzy: true, continues: false },
          }),
        );
        const { mkpath: _, ...kept } = asked; // the gate makes the directory itself
        expect(Object.fromEntries(again.wire.given)).toEqual({ ...kept, timeout: '77' });
        expect({ ...again, wire: 0 }).toEqual({ ...first, wire: 0 });
        expect(again.wire.metadata).toBe(first.wire.metadata);
      }),
      { numRuns: 300 },
    );
  });
});
