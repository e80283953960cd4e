import { link, mkdir, rename, rm, utimes, writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startGateSecondary, type GateSecondary } from '../ssh/support/gate-secondary.ts';
import { makePrimary, type Primary } from '../ssh/support/primary.ts';
import { listTree } from '../ssh/support/tree-listing.ts';

/*
 * Names that look alike and are not the same: for the survey, the list, the notes, rsync and the gate alike. A snapshot must be the source,
 * whatever becomes of one of two twins.
 */

/** Names in bytes. */
const TWINS: Readonly<Record<string, readonly [string, string]>> = {
  case: ['A', 'a'],
  // é as one character, and as an e with an accent.
  unicode: [latin('\u00e9'), latin('e\u0301')],
  // Neither is UTF-8; shown, both would be a replacement character.
  invalid: ['\xff', '\xfe'],
  // The same character in UTF-8 and in Latin-1.
  encodings: [latin('\u00e9'), '\xe9'],
  // A name, and how rsync writes it.
  escaped: ['\xe9', '\\#351'],
};

/** What becomes of two names between two runs. */
const FATES: Readonly<Record<string, (one: Buffer, other: Buffer) => Promise<void>>> = {
  stays: () => Promise.resolve(),
  changes: (one) => writeFile(one, 'changed, and longer\n'),
  goes: (one) => rm(one),
  moves: async (one, other) => {
    await rm(other);
    await rename(one, other);
  },
  swaps: async (one, other) => {
    const beside = Buffer.concat([one, Buffer.from('.beside')]);
    await rename(one, beside);
    await rename(other, one);
    await rename(beside, other);
  },
  parts: async (one) => {
    await rm(one);
    await writeFile(one, 'apart\n');
  },
  joins: async (one, other) => {
    await rm(other);
    await link(one, other);
  },
};

/** Each pair of names once as two files and once as one, for each fate: in a directory, as directories, and at the top. */
const CASES = Object.entries(TWINS).flatMap(([kind, names]) =>
  Object.entries(FATES).flatMap(([fate, act]) =>
    ([false, true] as const).flatMap((linked) =>
      (linked ? (['inside', 'top'] as const) : (['inside', 'above', 'top'] as const)).map((where) => ({
        kind,
        names,
        fate,
        act,
        linked,
        where,
      })),
    ),
  ),
);

type Case = (typeof CASES)[number];

let secondary: GateSecondary;
let primary: Primary;

beforeAll(async () => {
  secondary = await startGateSecondary();
  primary = await makePrimary(secondary, 'db');
  await primary.configure({
    target: { secondary: 'gate' },
    job: { retry: { attempts: 1 }, guard: { max_age: 'off', max_shrink: 'off' } },
  });
});
afterAll(async () => {
  await primary.stop();
  await secondary.stop();
});

/** The bytes of text, each as a character. */
function latin(text: string): string {
  return Buffer.from(text).toString('latin1');
}

const bytes = (name: string) => Buffer.from(name, 'latin1');
const at = (name: string) => Buffer.concat([Buffer.from(`${primary.source}/`), bytes(name)]);

/** The paths of both names of a case. */
function pathsOf({ kind, names, fate, linked, where }: Case): [Buffer, Buffer] {
  const own = `${kind}-${fate}-${linked ? 'linked' : 'two'}-${where}-`;
  const path = (name: string) =>
    at(where === 'inside' ? `${own}d/${name}` : where === 'above' ? `${own}${name}/file` : `${own}${name}`);
  return [path(names[0]), path(names[1])];
}

async function lay(each: Case, index: number): Promise<void> {
  const paths = pathsOf(each);
  for (const path of paths) await mkdir(path.subarray(0, path.lastIndexOf(0x2f)), { recursive: true });
  const [one, other] = paths;
  for (const path of paths) await rm(path, { force: true });
  await writeFile(one, 'one\n');
  if (each.linked) await link(one, other);
  else await writeFile(other, 'two\n');
  // Of one size, and with times of their own.
  await utimes(one, 1_000_000_000 + index, 1_000_000_000 + index);
  if (!each.linked) await utimes(other, 1_500_000_000 + index, 1_500_000_000 + index);
}

async function expectSnapshot(): Promise<void> {
  const id = await primary.secure();
  expect(listTree(secondary.path('db', id))).toEqual(listTree(primary.source));
  expect((await primary.history()).at(-1)).toMatchObject({ warnings: [] });
}

it('a snapshot is the source, whatever becomes of names that look alike', async () => {
  expect(new Set(CASES.flatMap((each) => pathsOf(each).map((path) => path.toString('latin1')))).size).toBe(
    2 * CASES.length,
  );
  for (const [index, each] of CASES.entries()) await lay(each, index);
  await expectSnapshot();

  await expectSnapshot();
  expect((await primary.history()).at(-1)).toMatchObject({ transfer: { newFiles: 0, changedFiles: 0 } });

  for (const each of CASES) await each.act(...pathsOf(each));
  await expectSnapshot();

  // And back, where that is something else.
  for (const each of CASES.filter(({ fate }) => fate === 'swaps' || fate === 'changes'))
    await each.act(...pathsOf(each));
  for (const [index, each] of CASES.entries())
    if (each.fate === 'goes' || each.fate === 'moves') await lay(each, index);
  await expectSnapshot();
}, 180_000);
