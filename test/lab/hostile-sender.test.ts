import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  LETTERS,
  startAttackedSecondary,
  type AttackedSecondary,
  type SessionResult,
} from '../attack/sender/attacked-secondary.ts';
import { BASIS_KIND, forgedGroup, itemAfterLink, toldTwice, type Attack } from '../attack/sender/attacks.ts';
import { upstreamRsync } from './support/upstream-rsync.ts';

/*
 * Every capability and every letter that shapes a session, with and without `i`, under every attack, through the gate: on
 * Debian's rsync and on upstream's. That the attacks are real is shown with rrsync alone. A session mostly waits, so each kind
 * of secondary goes on by itself, and the tests only look at what came of it.
 */

const ATTACKS: Readonly<Record<string, Attack>> = {
  'a forged group of hard links': forgedGroup,
  'a name told twice': toldTwice,
  ...Object.fromEntries(
    Object.entries(BASIS_KIND).map(([name, kind]) => [`an item whose basis is ${name}`, itemAfterLink(kind)]),
  ),
};

// compat.c of rsync 3.5.0 knows these.
const CAPABILITIES = ['i', 'L', 's', 'f', 'x', 'C', 'I', 'v', 'u'];
const STOCK = 'LsfxCIu';
/** Letters that are taken away where a stock client sends them, and added where it does not. */
const TURNED = ['H', 'A', 'y', 'c', 'p', 't', 'yy'];

/** Milliseconds. All that a session can do is done in a fraction of that. */
const PATIENCE = 1000;

interface Shape {
  readonly letters: string;
  readonly capabilities: string;
  /** Whether the gate lets it in. */
  readonly mayPush: boolean;
}

function shapesOf(metadata: 'fake_super' | 'plain'): Shape[] {
  const stock = LETTERS[metadata];
  const turned = (letter: string) => (stock.includes(letter) ? stock.replace(letter, '') : `${stock}${letter}`);
  /** What is sent of a list of names: as one list, and without hard links. */
  const listed = stock.replace('r', 'R').replace('H', '');
  // H is the client's choice: a source whose inode numbers cannot be believed is sent without it.
  const whole = [stock, ...['c', 'y', 'yy', 'H'].map(turned)];
  return ['i', ''].flatMap((i) =>
    [
      { letters: listed, capabilities: `${i}${STOCK}` },
      { letters: stock, capabilities: `${i}${STOCK}` },
      ...TURNED.map((letter) => ({ letters: turned(letter), capabilities: `${i}${STOCK}` })),
      ...CAPABILITIES.filter((letter) => letter !== i).map((letter) => ({
        letters: stock,
        capabilities: `${i}${letter}`,
      })),
    ].map(({ letters, capabilities }) => {
      const mayPush = letters === listed || (capabilities.includes('i') && whole.includes(letters));
      return { letters, capabilities, mayPush };
    }),
  );
}

type Outcome = Readonly<Record<string, SessionResult>>;

/** What came of the sessions of one secondary; none where there is no such rsync. */
interface Campaign {
  readonly secondary: AttackedSecondary | undefined;
  /** Of the shape with the same index. Never rejected: a test that has not begun yet would not catch it. */
  readonly outcomes: readonly Promise<Outcome | Error>[];
}

const KINDS = (['Debian’s rsync', 'upstream’s rsync 3.5.0'] as const).flatMap((whose) =>
  (['fake_super', 'plain'] as const).map((metadata) => ({ whose, metadata, shapes: shapesOf(metadata) })),
);

const directory = mkdtempSync(join(tmpdir(), 'offsite-upstream-'));
let upstream: { readonly rsync?: string; readonly why: string };
let campaigns: Campaign[] = [];

beforeAll(async () => {
  chmodSync(directory, 0o755);
  upstream = upstreamRsync(directory);
  campaigns = await Promise.all(KINDS.map(begin));
}, 600_000);
afterAll(async () => {
  await Promise.all(campaigns.flatMap(({ outcomes }) => outcomes));
  for (const { secondary } of campaigns) await secondary?.stop();
  rmSync(directory, { recursive: true });
});

async function begin({ whose, metadata, shapes }: (typeof KINDS)[number]): Promise<Campaign> {
  const rsync = whose === 'Debian’s rsync' ? undefined : upstream.rsync;
  if (whose !== 'Debian’s rsync' && rsync === undefined) return { secondary: undefined, outcomes: [] };
  const secondary = await startAttackedSecondary(metadata, rsync);
  let last: Promise<unknown> = Promise.resolve();
  const outcomes = shapes.map((shape) => {
    const outcome = last.then(() => underAllAttacks(secondary, shape)).catch((error: unknown) => error as Error);
    last = outcome;
    return outcome;
  });
  return { secondary, outcomes };
}

async function underAllAttacks(secondary: AttackedSecondary, shape: Shape): Promise<Outcome> {
  const results: Record<string, SessionResult> = {};
  for (const [name, attack] of Object.entries(ATTACKS)) {
    results[name] = await secondary.throughGate({ ...shape, attack, patience: PATIENCE });
    // One is like the other to the gate, which refuses before anything is said.
    if (!shape.mayPush) break;
  }
  return results;
}

describe.each(KINDS.map((kind, number) => ({ ...kind, number })))(
  'a sender of its own making and $whose, where metadata is $metadata',
  ({ whose, metadata, shapes, number }) => {
    test.for(shapes.map((shape, index) => ({ ...shape, index })))(
      'nothing sealed changes: -$letters, capabilities $capabilities',
      async ({ index, mayPush }, context) => {
        const outcome = await campaigns[number]!.outcomes[index];
        if (outcome === undefined) return context.skip(upstream.why);
        if (outcome instanceof Error) throw outcome;
        expect(Object.keys(outcome)).toHaveLength(mayPush ? Object.keys(ATTACKS).length : 1);
        for (const [name, result] of Object.entries(outcome)) {
          expect(result, name).toMatchObject({ letIn: mayPush, changed: [] });
        }
      },
    );

    test('with rrsync alone, the attacks do what they are meant to', async (context) => {
      const { secondary, outcomes } = campaigns[number]!;
      if (secondary === undefined) return context.skip(upstream.why);
      await Promise.all(outcomes);
      const sent = { letters: LETTERS[metadata] };
      const grouped = await secondary.throughRrsync({ ...sent, attack: forgedGroup, capabilities: STOCK });
      expect(grouped.changed).not.toEqual([]);
      const attack = itemAfterLink(BASIS_KIND['a partial file']);
      const inPlace = await secondary.throughRrsync({ ...sent, attack, capabilities: `i${STOCK}` });
      expect(inPlace.changed.length > 0).toBe(whose !== 'Debian’s rsync');
      const unable = await secondary.throughRrsync({ ...sent, attack, capabilities: 'iLsfxCu' });
      expect(unable).toMatchObject({ letIn: true, changed: [] });
    });
  },
);
