import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { LETTERS, startAttackedSecondary, type AttackedSecondary } from '../attack/sender/attacked-secondary.ts';
import { BASIS_KIND, forgedGroup, itemAfterLink, toldTwice, type Attack } from '../attack/sender/attacks.ts';
import { upstreamRsync } from './support/upstream-rsync.ts';

/*
 * Every capability and every letter that shapes a session, with and without `i`, under every attack, through the gate: on
 * Debian's rsync and on upstream's. That the attacks are real is shown with rrsync alone.
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

const directory = mkdtempSync(join(tmpdir(), 'offsite-upstream-'));
let upstream: { readonly rsync?: string; readonly why: string };

beforeAll(() => {
  chmodSync(directory, 0o755);
  upstream = upstreamRsync(directory);
});
afterAll(() => rmSync(directory, { recursive: true }));

describe.each(
  (['Debian’s rsync', 'upstream’s rsync 3.5.0'] as const).flatMap((whose) =>
    (['fake_super', 'plain'] as const).map((metadata) => ({ whose, metadata })),
  ),
)('a sender of its own making and $whose, where metadata is $metadata', ({ whose, metadata }) => {
  const isUpstream = whose !== 'Debian’s rsync';
  const stock = LETTERS[metadata];
  let secondary: AttackedSecondary | undefined;

  beforeAll(async () => {
    if (!isUpstream || upstream.rsync !== undefined)
      secondary = await startAttackedSecondary(metadata, isUpstream ? upstream.rsync : undefined);
  });
  afterAll(() => secondary?.stop());

  const turned = (letter: string) => (stock.includes(letter) ? stock.replace(letter, '') : `${stock}${letter}`);
  /** What is sent of a list of names: as one list, and without hard links. */
  const listed = stock.replace('r', 'R').replace('H', '');
  const sessions = ['i', ''].flatMap((i) => [
    { letters: listed, capabilities: `${i}${STOCK}` },
    { letters: stock, capabilities: `${i}${STOCK}` },
    ...TURNED.map((letter) => ({ letters: turned(letter), capabilities: `${i}${STOCK}` })),
    ...CAPABILITIES.filter((letter) => letter !== i).map((letter) => ({
      letters: stock,
      capabilities: `${i}${letter}`,
    })),
  ]);

  test.for(sessions)(
    'nothing sealed changes: -$letters, capabilities $capabilities',
    async ({ letters, capabilities }, context) => {
      if (secondary === undefined) return context.skip(upstream.why);
      // H is the client's choice: a source whose inode numbers cannot be believed is sent without it.
      const whole = capabilities.includes('i') && [stock, ...['c', 'y', 'yy', 'H'].map(turned)].includes(letters);
      const mayPush = whole || letters === listed;
      for (const [name, attack] of Object.entries(ATTACKS)) {
        const result = await secondary.throughGate({ attack, letters, capabilities, patience: PATIENCE });
        expect(result, name).toMatchObject({ letIn: mayPush, changed: [] });
        // One is like the other to the gate, which refuses before anything is said.
        if (!mayPush) break;
      }
    },
  );

  test('with rrsync alone, the attacks do what they are meant to', async (context) => {
    if (secondary === undefined) return context.skip(upstream.why);
    const sent = { letters: stock, patience: PATIENCE };
    const grouped = await secondary.throughRrsync({ ...sent, attack: forgedGroup, capabilities: STOCK });
    expect(grouped.changed).not.toEqual([]);
    const attack = itemAfterLink(BASIS_KIND['a partial file']);
    const inPlace = await secondary.throughRrsync({ ...sent, attack, capabilities: `i${STOCK}` });
    expect(inPlace.changed.length > 0).toBe(isUpstream);
  });
});
