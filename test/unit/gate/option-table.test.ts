import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { OPTIONS, rowOf, type OptionName, type WireMetadata } from '../../../remote-scripts/gate/options.ts';
import { rebuiltCommand } from '../../../remote-scripts/gate/rebuilt-command.ts';
import { parseRequest, type GateRequest } from '../../../remote-scripts/gate/request.ts';
import {
  checkArguments,
  notesArguments,
  pushArguments,
  sealArguments,
  type CheckOptions,
  type PushOptions,
  type TransferSettings,
  type Wire,
} from '../../../src/rsync/arguments.ts';
import { parseSnapshotId } from '../../../src/shared/snapshot-id.ts';
import { PUSH, TRANSFER } from '../../support/push-options.ts';
import fc from '../../support/properties.ts';

const id = parseSnapshotId('2026-11-23T021500Z')!;
const before = parseSnapshotId('2026-11-22T021500Z')!;
const broken = parseSnapshotId('2026-11-23T011500Z')!;

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
            destination: destinationOf(kind),
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

describe('each option that the controller can send', () => {
  const wire: Wire = {
    remoteShell: [],
    ...{ alias: 'vault', secondary: 'gate', metadata: 'fake_super', hardLinks: true, compress: false },
    ...{ timeoutSeconds: 300, stallMs: 900_000 },
  };
  const GATE_PUSH: PushOptions = { ...PUSH, unchanged: 'compare' };
  /** Values other than those of `wire`, PUSH and a check without options, or why there are none. The compiler misses a setting here. */
  type Values<T extends object, None extends keyof T = never> = {
    readonly [K in keyof T]-?: K extends None ? string : readonly [T[K], ...T[K][]];
  };
  const OF_A_WIRE: Values<Wire, 'remoteShell' | 'alias' | 'secondary' | 'stallMs'> = {
    remoteShell: 'the test has its own',
    alias: 'is for ssh',
    secondary: 'a plain one has no gate',
    stallMs: 'is for the controller',
    metadata: ['plain'],
    hardLinks: [false],
    compress: [true],
    timeoutSeconds: [1],
  };
  const OF_A_TRANSFER: Values<TransferSettings> = {
    bandwidthLimit: [1, 20 * 1024 * 1024],
    fuzzy: [false],
  };
  const OF_A_PUSH: Values<PushOptions, 'unchanged' | 'transfer'> = {
    transfer: 'has a table of its own',
    bases: [[before], [before, broken]],
    unchanged: 'a gate links itself',
    linksInNotes: [true],
    list: ['/dev/null'],
    aside: ['/dev/null'],
    dryRun: [true],
    checksum: [true],
    progress: [true],
  };
  const OF_A_CHECK: Values<CheckOptions> = {
    extras: [true],
    only: ['/dev/null'],
    list: ['/dev/null'],
    depth: ['content', 'names'],
  };

  const each = <T extends object>(values: Readonly<Record<keyof T, unknown>>): Partial<T>[] =>
    Object.entries(values).flatMap(([key, all]) =>
      Array.isArray(all) ? all.map((value: unknown) => ({ [key]: value }) as Partial<T>) : [],
    );
  const pushes = [
    ...each<TransferSettings>(OF_A_TRANSFER).map((change) => ({ ...GATE_PUSH, transfer: { ...TRANSFER, ...change } })),
    ...each<PushOptions>(OF_A_PUSH).map((change) => ({ ...GATE_PUSH, ...change })),
  ];
  const wires = each<Wire>(OF_A_WIRE).map((change) => ({ ...wire, ...change }));
  const checks = each<CheckOptions>(OF_A_CHECK).map((change) => ({ extras: false, ...change }));

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

  it('changes what rsync is started with', () => {
    const plain = pushArguments(wire, tree('/data'), GATE_PUSH);
    for (const push of pushes)
      expect(pushArguments(wire, tree('/data'), push), JSON.stringify(push)).not.toEqual(plain);
    for (const of of wires) expect(pushArguments(of, tree('/data'), GATE_PUSH), JSON.stringify(of)).not.toEqual(plain);
    const check = checkArguments(wire, tree('/data'), { extras: false });
    for (const options of checks) expect(checkArguments(wire, tree('/data'), options)).not.toEqual(check);
  });

  /** What some sessions ask of the gate together; each must be of that kind. */
  function askedByAll(kind: GateRequest['kind'], requests: readonly GateRequest[]): string[] {
    const asked = new Set<string>();
    for (const request of requests) {
      expect(request.kind).toBe(kind);
      for (const name of request.wire.given.keys()) asked.add(name);
      if (request.kind === 'push' && request.bases.length > 0) asked.add('compareDest');
    }
    return [...asked].sort();
  }

  /** What the table takes in such a session, beyond what is asked for here. */
  const taken = (kind: GateRequest['kind'], ...unasked: OptionName[]) =>
    names.filter((name) => rowOf(name).in[kind] !== undefined && !unasked.includes(name)).sort();

  // What other versions of rsync send, or somebody who types it.
  const OTHERS = ['compressChoice'] as const;

  it('in a push is in the table, and the table takes no others', () => {
    const requests = [
      ...[wire, ...wires].map((of) => askedWith((it, source) => pushArguments(it, tree(source), GATE_PUSH), of)),
      ...pushes.map((push) =>
        askedWith(
          (it, source) => pushArguments(it, tree(source), push),
          push.list === undefined ? wire : { ...wire, hardLinks: false },
        ),
      ),
    ];
    expect(askedByAll('push', requests)).toEqual(taken('push', ...OTHERS, 'mkpath'));
  });

  it('in a verification is in the table, and the table takes no others', () => {
    const requests = [
      ...[wire, ...wires].map((of) =>
        askedWith((it, source) => checkArguments(it, tree(source), { extras: false }), of),
      ),
      ...checks.map((options) => askedWith((it, source) => checkArguments(it, tree(source), options), wire)),
    ];
    expect(askedByAll('verify', requests)).toEqual(taken('verify', ...OTHERS, 'bwlimit', 'compress'));
  });

  it('in notes is in the table, and the table takes no others', () => {
    const requests = [wire, ...wires].map((of) =>
      askedWith((it, source) => notesArguments(it, join(source, 'shell'), 'db', `${id}.notes`), of),
    );
    expect(askedByAll('notes', requests)).toEqual(taken('notes', ...OTHERS, 'mkpath', 'bwlimit'));
  });

  it('in a seal is in the table, and the table takes no others', () => {
    const requests = [wire, ...wires].map((of) =>
      askedWith((it, source) => sealArguments(it, join(source, 'shell'), 'db', `${id}.sealed`), of),
    );
    expect(askedByAll('seal', requests)).toEqual(taken('seal', ...OTHERS, 'mkpath', 'bwlimit', 'compress'));
  });
});
