import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import { NOTES_HEADER } from '../../../../src/shared/notes.ts';
import type { SnapshotId } from '../../../../src/shared/snapshot-id.ts';
import { sealOf, type ClientEnd } from '../../../ssh/support/gate-host.ts';
import { ALIAS } from '../../../support/sshd.ts';
import { descendants, argumentsOf } from '../../../support/processes.ts';
import { casesOf, type Case } from '../cases.ts';
import { expectRefused, type Siege } from '../siege.ts';

/* Push, notes, verification and seal in every order, two at a time, and with seals that are none. */

type Session = 'notes' | 'push' | 'verify' | 'seal';
type State = 'none' | 'partial' | 'sealed' | 'frozen';

/** What becomes of each session for an id in each state: `let in`, or refused with these words. */
const ORDERS: Readonly<Record<State, Readonly<Record<Session, string>>>> = {
  none: { notes: 'let in', push: 'let in', verify: 'there is no snapshot', seal: 'there is no snapshot' },
  partial: { notes: 'let in', push: 'exists already', verify: 'let in', seal: 'let in' },
  sealed: { notes: 'let in', push: 'exists already', verify: 'let in', seal: 'let in' },
  frozen: { notes: 'let in', push: 'exists already', verify: 'ended without a seal', seal: 'ended without a seal' },
};

export async function sendNotes(siege: Siege, id: SnapshotId, ...records: readonly string[]): Promise<ClientEnd> {
  await mkdir(siege.aside, { recursive: true });
  const file = join(siege.aside, `${id}.notes`);
  await writeFile(file, [NOTES_HEADER, ...records].map((text) => `${text}\0`).join(''));
  return siege.rsync('-t', file, `${ALIAS}:db/${id}.notes`);
}

function begin(siege: Siege, session: Session, id: SnapshotId, slowly = false): Promise<ClientEnd> {
  const { host } = siege;
  switch (session) {
    case 'notes':
      return sendNotes(siege, id, '-nothing');
    case 'push':
      return host.push(id, { bases: [siege.sealed[1]], ...(slowly ? { bandwidthLimit: 500_000 } : {}) });
    case 'verify':
      return host.verify(id);
    case 'seal':
      return host.seal(id);
    default:
      return session satisfies never;
  }
}

async function bring(siege: Siege, state: State): Promise<SnapshotId> {
  const { host } = siege;
  switch (state) {
    case 'none':
      return host.nextId();
    case 'frozen':
      return siege.frozen();
    case 'sealed':
      return host.store({ bases: [siege.sealed[1]] });
    case 'partial': {
      const id = host.nextId();
      await host.push(id, { bases: [siege.sealed[1]] });
      return id;
    }
    default:
      return state satisfies never;
  }
}

export const ORDER = casesOf(
  Object.entries(ORDERS).flatMap(([state, row]) =>
    Object.entries(row).map(([session, outcome]) => ({ state: state as State, session: session as Session, outcome })),
  ),
  0,
  ({ state, session, outcome }) =>
    `${session} for an id that is ${state}: ${outcome === 'let in' ? outcome : 'refused'}`,
  async (siege, { state, session, outcome }) => {
    const end = await begin(siege, session, await bring(siege, state));
    if (outcome === 'let in') expect(end).toMatchObject({ code: 0 });
    else {
      expectRefused(end);
      expect(end.stderr).toContain(outcome);
    }
  },
);

const SESSIONS: readonly Session[] = ['notes', 'push', 'verify', 'seal'];

export const TWO_AT_A_TIME = casesOf(
  SESSIONS.flatMap((one, index) => SESSIONS.slice(index).map((other) => [one, other] as const)),
  0,
  ([one, other]) => `${one} and ${other} of one id at the same time`,
  async (siege, [one, other]) => {
    const { host } = siege;
    const id = one === 'push' || other === 'push' ? host.nextId() : await bring(siege, 'partial');
    const ends = await Promise.all([begin(siege, one, id, true), begin(siege, other, id)]);
    for (const { code, stderr } of ends) {
      if (code !== 0) expect(stderr).toMatch(/offsite-gate: (refused|ended|broke): /);
    }
    const names = (await readdir(host.jobDirectory)).filter((name) => name.startsWith(id) && !name.endsWith('.sealed'));
    expect(names.length).toBeLessThanOrEqual(1);
    // No lock is left, and the id that was used is used.
    expect((await host.push(host.nextId(), { bases: [siege.sealed[1]] })).code).toBe(0);
  },
);

const claims = (id: SnapshotId) => JSON.stringify(sealOf(id));
/** The text of a seal, and what becomes of it. */
const SEALS: readonly (readonly [what: string, text: (id: SnapshotId) => string, sealed: boolean])[] = [
  ['with the key id twice, the last for another', (id) => claims(id).replace('{', `{"id":"${id}",`).replace(/}$/, ',"id":"2026-01-01T000000Z"}'), false],
  ['with the key id twice, the first for another', (id) => claims(id).replace('{', '{"id":"2026-01-01T000000Z",'), true],
  ['with __proto__ that has a receipt', (id) => claims(id).replace('{', '{"__proto__":{"receipt":{"received":"1999-01-01T00:00:00Z","gate":"x"}},'), true],
  ['with __proto__ in place of its claims', () => `{"__proto__":${claims('2026-01-01T000000Z' as SnapshotId)}}`, false],
  ['with constructor and toString', (id) => claims(id).replace('{', '{"constructor":{"prototype":{"x":1}},"toString":1,'), true],
  ['with more files than a number can count', (id) => claims(id).replace(/"files":\d+/, '"files":1e308'), false],
  ['with infinitely many bytes', (id) => claims(id).replace(/"bytes":\d+/, '"bytes":1e999'), false],
  ['with a number of bytes of 10,000 digits', (id) => claims(id).replace(/"bytes":\d+/, `"bytes":${'9'.repeat(10_000)}`), false],
  ['with fewer than no files', (id) => claims(id).replace(/"files":\d+/, '"files":-1'), false],
  ['with half a file', (id) => claims(id).replace(/"files":\d+/, '"files":0.5'), false],
  ['with its files as text', (id) => claims(id).replace(/"files":\d+/, '"files":"2"'), false],
  ['nested 8,000 deep', () => '['.repeat(8000) + ']'.repeat(8000), false],
  ['nested 8,000 deep and not closed', () => '{"a":'.repeat(3000), false],
  ['with a claim that is nested deep', (id) => claims(id).replace('{', `{"x":${'['.repeat(7000)}${']'.repeat(7000)},`), true],
  ['for another id', () => claims('2026-01-01T000000Z' as SnapshotId), false],
  ['for another job', (id) => claims(id).replace('"job":"db"', '"job":"files"'), false],
  ['for the job ../files', (id) => claims(id).replace('"job":"db"', '"job":"../files"'), false],
  ['of version 2', (id) => claims(id).replace('"version":1', '"version":2'), false],
  ['of version "1"', (id) => claims(id).replace('"version":1', '"version":"1"'), false],
  ['with a basis that climbs', (id) => claims(id).replace('"basis":null', '"basis":"../../x"'), false],
  ['with a mark of the byte order', (id) => `\ufeff${claims(id)}`, false],
  ['in UTF-16', (id) => Buffer.from(claims(id), 'utf16le').toString('latin1'), false],
  ['with NUL at its end', (id) => `${claims(id)}\0`, false],
  ['twice', (id) => claims(id).repeat(2), false],
  ['with a time that is none', (id) => claims(id).replace(/"started":"[^"]*"/, '"started":"2026-99-99T99:99:99Z"'), false],
  ['with control characters in its algorithm', (id) => claims(id).replace('"xxh128"', '"\\u001b[2J\\u202e\\n<script>"'), false],
  ['null', () => 'null', false],
  ['a list', (id) => `[${claims(id)}]`, false],
  ['empty', () => '', false],
]; // prettier-ignore

export const SEAL = casesOf(
  SEALS,
  1,
  ([what, , sealed]) => `a seal ${what}: ${sealed ? 'stored without what is not ours' : 'refused'}`,
  async (siege, [, text, sealed]) => {
    const { host } = siege;
    const id = await bring(siege, 'partial');
    const end = await host.seal(id, text(id));
    if (!sealed) {
      expectRefused(end, 'the seal is ');
      expect(await readdir(host.jobDirectory)).not.toContain(`${id}.sealed`);
      return;
    }
    expect(end).toMatchObject({ code: 0 });
    const stored = JSON.parse(await readFile(join(host.jobDirectory, `${id}.sealed`), 'utf8')) as Record<
      string,
      unknown
    >;
    expect(Object.keys(stored).sort()).toEqual([...Object.keys(sealOf(id)), 'receipt'].sort());
    const { received } = stored.receipt as { received: string };
    expect(Math.abs(Date.parse(received) - new Date().getTime())).toBeLessThan(60_000);
  },
);

export const SEALING: readonly Case[] = [
  ...casesOf(
    [
      ['wrapper, and what it started,', /rsync --server|rrsync/],
      ['wrapper alone', /\brrsync -wo/],
      ['rsync alone', /rsync --server/],
    ] as const,
    0,
    ([victim]) => `a seal whose ${victim} is killed while it arrives: nothing is sealed, and the sender may seal again`,
    async (siege, [, victim]) => {
      const { host } = siege;
      const id = await bring(siege, 'partial');
      await mkdir(siege.aside, { recursive: true });
      const file = join(siege.aside, `${id}.sealed`);
      // A good one, as long as it may be, so that it takes a while.
      await writeFile(file, `${claims(id)}${' '.repeat(15_000)}`);
      const sending = siege.rsync('-t', '--bwlimit=1', file, `${ALIAS}:db/${id}.sealed`);
      const servers = () => descendants(host.sshd.pid).filter((pid) => victim.test(argumentsOf(pid)?.join(' ') ?? '')); // prettier-ignore
      await expect.poll(() => servers().length, { timeout: 10_000 }).toBeGreaterThan(0);
      for (const pid of servers()) {
        try {
          process.kill(pid, 'SIGKILL');
        } catch {
          // It has ended with the one before.
        }
      }
      expect((await sending).code).not.toBe(0);
      expect(await readdir(host.jobDirectory)).toContain(`${id}.partial`);
      expect((await host.seal(id)).code).toBe(0);
    },
  ),
  {
    name: 'the seal of a sealed snapshot again: the same, and with other claims',
    often: true,
    attack: async (siege) => {
      const id = await bring(siege, 'sealed');
      const place = join(siege.host.jobDirectory, `${id}.sealed`);
      const before = await readFile(place, 'utf8');
      expect((await siege.host.seal(id)).code).toBe(0);
      expectRefused(await siege.host.seal(id, { files: 3 }), `snapshot ${id} is sealed already`);
      expect(await readFile(place, 'utf8')).toBe(before);
      for (const old of siege.sealed) expectRefused(await siege.host.seal(old, { bytes: 1 }), 'snapshot');
    },
  },
];
