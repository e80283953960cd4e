import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { OPTIONS, rowOf, type Metadata, type OptionName } from '../../../remote-scripts/gate/options.ts';
import { rebuiltCommand } from '../../../remote-scripts/gate/rebuilt-command.ts';
import { parseRequest, type GateRequest } from '../../../remote-scripts/gate/request.ts';
import {
  checkArguments,
  pushArguments,
  sealArguments,
  type CheckOptions,
  type PushOptions,
  type Wire,
} from '../../../src/rsync/arguments.ts';
import { parseSnapshotId } from '../../../src/shared/snapshot-id.ts';
import fc from '../../support/properties.ts';

const id = parseSnapshotId('2026-11-23T021500Z')!;
const before = parseSnapshotId('2026-11-22T021500Z')!;
const broken = parseSnapshotId('2026-11-23T011500Z')!;

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
    partial: [''],
    numericIds: [''],
    linkDest: [`/db/${before}/`],
    fakeSuper: [''],
    mkpath: [''],
  };
  const names = Object.keys(OPTIONS) as OptionName[];

  /** What a session of a kind may be asked with: what it must have, and any of what it may have. */
  function sessions(kind: GateRequest['kind'], metadata: Metadata) {
    const rows = names.filter((name) => {
      const row = rowOf(name);
      return row.in[kind] !== undefined && (kind === 'seal' || (row.metadata?.includes(metadata) ?? true));
    });
    // What no row says alone: these tell a push that compares from a verification, and fake_super from plain.
    const always = new Set<OptionName>(kind === 'push' ? ['partial'] : []);
    if (kind !== 'seal' && metadata === 'fake_super')
      for (const name of ['fakeSuper', 'numericIds'] as const) always.add(name);
    const never = new Set<OptionName>(metadata === 'plain' ? ['fakeSuper'] : []);
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
    const destination = kind === 'seal' ? `db/${id}.sealed` : `db/${id}/`;
    return ['rsync', '--server', `-${letters}e.iLsfxCIvu`, ...words, '.', destination].join(' ');
  }

  it.each([
    ['push', 'fake_super'],
    ['push', 'plain'],
    ['verify', 'fake_super'],
    ['verify', 'plain'],
    ['seal', 'plain'],
  ] as const)('of a %s with %s metadata is parsed, and rebuilt to the same meaning', (kind, metadata) => {
    fc.assert(
      fc.property(sessions(kind, metadata), (session) => {
        const { linkDest, ...asked } = Object.fromEntries(session.given) as Partial<Record<OptionName, string>>;
        const first = requestOf(lineOf(session));
        expect(first.kind).toBe(kind);
        expect(Object.fromEntries(first.wire.given)).toEqual(asked);
        // With the client's own names the command is again one that the gate takes: what does that one say?
        const again = requestOf(
          rebuiltCommand(first, {
            destination: kind === 'seal' ? `db/${id}.sealed` : `db/${id}/`,
            basis: linkDest === undefined ? undefined : `db/${before}`,
            ...{ timeoutSeconds: 77, delta: true, fuzzy: true },
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

describe('each option that the controller can send', () => {
  const wire: Wire = {
    remoteShell: [],
    ...{ alias: 'vault', secondary: 'gate', metadata: 'fake_super', hardLinks: true, compress: false },
    ...{ timeoutSeconds: 300, stallMs: 900_000 },
  };
  const push: PushOptions = { bases: [], bandwidthLimit: undefined, fuzzy: false, dryRun: false };

  // The compiler misses a setting without values here. Those of no values are not for a gate, or reach no rsync.
  const OF_A_WIRE: { readonly [K in keyof Wire]-?: readonly Wire[K][] } = {
    ...{ remoteShell: [], alias: [], secondary: [], stallMs: [] },
    metadata: ['plain'],
    hardLinks: [false],
    compress: [true],
    timeoutSeconds: [1],
  };
  const OF_A_PUSH: { readonly [K in keyof PushOptions]-?: readonly PushOptions[K][] } = {
    bases: [[before], [before, broken]],
    copyBases: [],
    bandwidthLimit: [1, 20 * 1024 * 1024],
    fuzzy: [true],
    dryRun: [true],
    checksum: [true],
    progress: [true],
  };
  const OF_A_CHECK: { readonly [K in keyof CheckOptions]-?: readonly CheckOptions[K][] } = {
    extras: [true],
    only: ['/dev/null'],
  };

  const each = <T extends object>(values: { readonly [K in keyof T]-?: readonly T[K][] }): Partial<T>[] =>
    Object.entries<readonly unknown[]>(values).flatMap(([key, all]) =>
      all.map((value) => ({ [key]: value }) as Partial<T>),
    );

  let place: string;
  beforeAll(() => {
    place = mkdtempSync(join(tmpdir(), 'offsite-options-'));
    writeFileSync(join(place, 'shell'), 'shift; printf %s "$*" > "${0%/*}/command"; exit 1\n');
  });
  afterAll(() => rmSync(place, { recursive: true }));

  /** What the real rsync asks of the other side when it is started with such arguments. */
  function askedWith(argumentsFor: (wire: Wire, source: string) => string[], of: Wire): GateRequest {
    const remoteShell = ['sh', join(place, 'shell')];
    rmSync(join(place, 'command'), { force: true });
    spawnSync('rsync', argumentsFor({ ...of, remoteShell }, place));
    return requestOf(readFileSync(join(place, 'command'), 'utf8'));
  }

  const tree = (source: string) => ({ source, job: 'db', id, exclude: ['*.tmp'] });

  it('in a push is in the table', () => {
    for (const change of [{}, ...each<Wire>(OF_A_WIRE)]) {
      const request = askedWith((it, source) => pushArguments(it, tree(source), push), { ...wire, ...change });
      expect(request.kind, JSON.stringify(change)).toBe('push');
    }
    for (const change of each<PushOptions>(OF_A_PUSH)) {
      const request = askedWith((it, source) => pushArguments(it, tree(source), { ...push, ...change }), wire);
      expect(request.kind, JSON.stringify(change)).toBe('push');
    }
  });

  it('in a verification is in the table', () => {
    for (const change of [{}, ...each<Wire>(OF_A_WIRE)]) {
      const request = askedWith((it, source) => checkArguments(it, tree(source), { extras: false }), {
        ...wire,
        ...change,
      });
      expect(request.kind, JSON.stringify(change)).toBe('verify');
    }
    for (const change of each<CheckOptions>(OF_A_CHECK)) {
      const request = askedWith((it, source) => checkArguments(it, tree(source), { extras: false, ...change }), wire);
      expect(request.kind, JSON.stringify(change)).toBe('verify');
    }
  });

  it('in a seal is in the table', () => {
    for (const change of [{}, ...each<Wire>(OF_A_WIRE)]) {
      const request = askedWith((it, source) => sealArguments(it, join(source, 'shell'), 'db', `${id}.sealed`), {
        ...wire,
        ...change,
      });
      expect(request.kind, JSON.stringify(change)).toBe('seal');
    }
  });
});
