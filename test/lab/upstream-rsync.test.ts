import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { BASIS_KIND, itemAfterLink } from '../attack/sender/attacks.ts';
import { LETTERS, startAttackedSecondary, type AttackedSecondary } from '../attack/sender/attacked-secondary.ts';
import { upstreamRsync } from './support/upstream-rsync.ts';

/*
 * Upstream's rsync 3.5.0 lacks a check that Debian's has: with the capability `I`, an item that calls its basis a partial
 * file is written in place, also into a file that was linked to a sealed inode a moment before.
 */

const directory = mkdtempSync(join(tmpdir(), 'offsite-upstream-'));
let rsync: string | undefined;
let why = '';

beforeAll(() => {
  chmodSync(directory, 0o755);
  ({ rsync, why } = upstreamRsync(directory));
});
afterAll(() => rmSync(directory, { recursive: true }));

describe.each(['fake_super', 'plain'] as const)('upstream’s rsync 3.5.0, where metadata is %s', (metadata) => {
  let secondary: AttackedSecondary | undefined;

  beforeAll(async () => {
    if (rsync !== undefined) secondary = await startAttackedSecondary(metadata, rsync);
  });
  afterAll(() => secondary?.stop());

  const session = (capabilities: string) => ({
    attack: itemAfterLink(BASIS_KIND['a partial file']),
    letters: LETTERS[metadata],
    capabilities,
  });

  test('overwrites the content of a sealed inode when it is told that a client can write in place', async (context) => {
    context.skip(rsync === undefined, why);
    const { changed, said } = (await secondary?.throughRrsync(session('iLsfxCIu')))!;
    expect(changed.join('\n'), said).toMatch(/one/);
    const without = await secondary?.throughRrsync(session('iLsfxCu'));
    expect(without).toMatchObject({ letIn: true, changed: [] });
  });

  test('does not when the gate speaks for the client', async (context) => {
    context.skip(rsync === undefined, why);
    expect(await secondary?.throughGate(session('iLsfxCIu'))).toMatchObject({ letIn: true, changed: [] });
  });
});
