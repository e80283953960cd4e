import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  MOST_BASES,
  OPTIONS,
  rowOf,
  type OptionName,
  type WireMetadata,
} from '../../../remote-scripts/gate/options.ts';
import { parseRequest, type GateRequest } from '../../../remote-scripts/gate/request.ts';
import { LONGEST_COMMAND } from '../../../remote-scripts/gate/words.ts';
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
import { basesOf, continued } from '../../../src/run/attempt/broken-attempt.ts';
import { wiresOf } from '../../../src/run/plan.ts';
import { nextSnapshotId, parseSnapshotId } from '../../../src/shared/snapshot-id.ts';
import type { JobState } from '../../../src/state/job-state.ts';
import { PUSH, TRANSFER } from '../../support/push-options.ts';

/*
 * What the controller can send, by way of a real rsync, against the gate's table: it takes all of it, and nothing else, with each kind of
 * metadata, no more often and no larger.
 */

const id = parseSnapshotId('2026-11-23T021500Z')!;
const names = Object.keys(OPTIONS) as OptionName[];

/** As many as a state can name, of attempts that broke one after the other and never came to the gate. */
const BASES = (() => {
  const state = { sealed: { id: parseSnapshotId('2026-11-22T021500Z')! }, broken: null } as unknown as JobState;
  let { broken } = state;
  for (let attempts = 0; attempts < 20; attempts += 1) {
    broken = continued(broken, nextSnapshotId(new Date('2026-11-22T03:15:00Z'), broken?.id));
  }
  return basesOf({ ...state, broken });
})();

const wire: Wire = {
  remoteShell: [],
  ...{ alias: 'vault', secondary: 'gate', metadata: 'fake_super', hardLinks: true, compress: false },
  ...{ timeoutSeconds: 300, stallMs: 900_000 },
};
const GATE_PUSH: PushOptions = { ...PUSH, unchanged: 'compare' };
const METADATA = ['fake_super', 'plain'] as const satisfies readonly Wire['metadata'][];

/** Larger than anything that people would write, as the configuration has no limits here. */
const HUGE = 2 ** 62;

/** The longest time-out in seconds that can come out of the configuration. */
const longestTimeout = wiresOf(
  { ...({} as Parameters<typeof wiresOf>[0]), ioTimeoutMs: HUGE, stallTimeoutMs: HUGE },
  '/run',
  {
    ...{ bytes: 0, notSent: {} as Parameters<typeof wiresOf>[2]['notSent'] },
  },
).wire.timeoutSeconds;

/** Values other than those of `wire`, PUSH and a check without options, or why there are none. The compiler misses a setting here. */
type Values<T extends object, None extends keyof T = never> = {
  readonly [K in keyof T]-?: K extends None ? string : readonly [T[K], ...T[K][]];
};
const OF_A_WIRE: Values<Wire, 'remoteShell' | 'alias' | 'secondary' | 'metadata' | 'stallMs'> = {
  remoteShell: 'the test has its own',
  alias: 'is for ssh',
  secondary: 'a plain one has no gate',
  metadata: 'each test tries all',
  stallMs: 'is for the controller',
  hardLinks: [false],
  compress: [true],
  timeoutSeconds: [1, longestTimeout],
};
const OF_A_TRANSFER: Values<TransferSettings> = {
  bandwidthLimit: [1, 20 * 1024 * 1024, HUGE],
  fuzzy: [false],
};
const OF_A_PUSH: Values<PushOptions, 'unchanged' | 'transfer'> = {
  transfer: 'has a table of its own',
  bases: [BASES.slice(0, 1), BASES],
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
const wires = [{}, ...each<Wire>(OF_A_WIRE)].flatMap((change) =>
  METADATA.map((metadata) => ({ ...wire, ...change, metadata })),
);
const checks = each<CheckOptions>(OF_A_CHECK).map((change) => ({
  // What only the secondary has is asked for wherever everything is compared.
  ...{ extras: change.depth !== undefined },
  ...change,
}));

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
  const line = readFileSync(join(place, 'command'), 'utf8');
  const parsed = parseRequest(line);
  if (!parsed.ok) throw new Error(`${parsed.reason}: ${line}`);
  return parsed.request;
}

const tree = (source: string, job = 'db') => ({ source, job, id, exclude: ['*.tmp'] });
const pushOf = (of: Wire, push = GATE_PUSH) =>
  askedWith(
    (it, source) => pushArguments(it, tree(source), push),
    push.list === undefined ? of : { ...of, hardLinks: false },
  );
const checkOf = (of: Wire, options: CheckOptions = { extras: false }) =>
  askedWith((it, source) => checkArguments(it, tree(source), options), of);

/** Every session that the controller can ask for, by kind. */
const requests: Record<GateRequest['kind'], readonly GateRequest[]> = { push: [], verify: [], notes: [], seal: [] };
const all = () => Object.values(requests).flat();
beforeAll(() => {
  requests.push = [
    ...wires.map((of) => pushOf(of)),
    ...pushes.flatMap((push) => METADATA.map((metadata) => pushOf({ ...wire, metadata }, push))),
  ];
  requests.verify = [
    ...wires.map((of) => checkOf(of)),
    ...checks.flatMap((options) => METADATA.map((metadata) => checkOf({ ...wire, metadata }, options))),
  ];
  const file = (name: string, argumentsFor: typeof notesArguments) =>
    wires.map((of) => askedWith((it, at) => argumentsFor(it, join(at, 'shell'), 'db', name), of));
  requests.notes = file(`${id}.notes`, notesArguments);
  requests.seal = file(`${id}.sealed`, sealArguments);
});

/** What other versions of rsync send, or somebody who types it. */
const OTHERS: Readonly<Record<GateRequest['kind'], readonly OptionName[]>> = {
  push: ['compressChoice', 'mkpath'],
  verify: ['compressChoice', 'compress', 'bwlimit'],
  notes: ['compressChoice', 'mkpath', 'bwlimit'],
  seal: ['compressChoice', 'mkpath', 'bwlimit', 'compress'],
};

/** The names of what a request asks for. */
const askedIn = (request: GateRequest): OptionName[] => [
  ...request.wire.given.keys(),
  ...(request.kind === 'push' && request.bases.length > 0 ? (['compareDest'] as const) : []),
];

describe('what the controller can send', () => {
  it('changes what rsync is started with', () => {
    const plain = pushArguments(wire, tree('/data'), GATE_PUSH);
    for (const push of pushes)
      expect(pushArguments(wire, tree('/data'), push), JSON.stringify(push)).not.toEqual(plain);
    for (const of of wires.slice(1))
      expect(pushArguments(of, tree('/data'), GATE_PUSH), JSON.stringify(of)).not.toEqual(plain);
    const check = checkArguments(wire, tree('/data'), { extras: false });
    for (const options of checks) expect(checkArguments(wire, tree('/data'), options)).not.toEqual(check);
  });

  it.each<[GateRequest['kind'], readonly (WireMetadata | undefined)[]]>([
    ['push', ['fake_super', 'plain']],
    ['verify', ['fake_super', 'plain', 'none']],
    ['notes', [undefined]],
    ['seal', [undefined]],
  ])('in a %s is in the table, and the table takes no others (metadata %s)', (kind, kinds) => {
    expect([...new Set(requests[kind].map((request) => request.kind))]).toEqual([kind]);
    expect(new Set(requests[kind].map((request) => request.wire.metadata))).toEqual(new Set(kinds));
    for (const metadata of kinds) {
      const asked = requests[kind].filter((request) => request.wire.metadata === metadata).flatMap(askedIn);
      const taken = names.filter((name) => {
        const row = rowOf(name);
        const fits = metadata === undefined || row.metadata === undefined || row.metadata.includes(metadata);
        return row.in[kind] !== undefined && fits && !OTHERS[kind].includes(name);
      });
      expect([...new Set(asked)].sort(), metadata).toEqual(taken.sort());
    }
  });

  it('is taken as often as it is sent, and no more often', () => {
    const most = new Map<OptionName, number>();
    for (const request of all()) {
      for (const [name, value] of request.wire.given) {
        const times = rowOf(name).letter === undefined ? 1 : value.length;
        most.set(name, Math.max(times, most.get(name) ?? 0));
      }
      if (request.kind === 'push' && request.bases.length > 0)
        most.set('compareDest', Math.max(request.bases.length, most.get('compareDest') ?? 0));
    }
    expect(most.get('compareDest')).toBe(MOST_BASES);
    for (const [name, times] of most) expect(rowOf(name).most ?? 1, name).toBe(times);
  });

  it.each(['timeout', 'bwlimit'] as const)('is taken as small and as large as it can be, and no larger: %s', (name) => {
    const values = all().flatMap(({ wire: { given } }) => (given.has(name) ? [Number(given.get(name))] : []));
    const takes = (value: number) => rowOf(name).value?.test(`${value}`);
    const [least, largest] = [Math.min(...values), Math.max(...values)];
    expect([least - 1, least, largest, largest + 1].map(takes), `${least} to ${largest}`).toEqual([
      ...[false, true],
      ...[true, false],
    ]);
  });

  it('fits into the longest command, with the longest name of a job', () => {
    const job = 'j'.repeat(63);
    const { kind } = askedWith(
      (it, source) =>
        pushArguments(it, tree(source, job), {
          ...{ ...GATE_PUSH, bases: BASES, dryRun: true, checksum: true },
          transfer: { bandwidthLimit: HUGE, fuzzy: true },
        }),
      { ...wire, compress: true, timeoutSeconds: longestTimeout },
    );
    expect(kind).toBe('push');
    expect(readFileSync(join(place, 'command'), 'utf8').length).toBeLessThanOrEqual(LONGEST_COMMAND);
  });
});
