import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { LETTERS, startAttackedSecondary, type AttackedSecondary } from './sender/attacked-secondary.ts';
import { forgedGroup } from './sender/attacks.ts';

/*
 * A sender of our own making, which is not bound to what rsync's client would send, with nothing but the push key. Without
 * the capability `i` (one list for each directory) rsync 3.5.0 takes the number of a basis for the index of a name when the
 * first of a group of hard links is declared as not to be sent: that name, a directory, becomes a hard link to the sealed
 * inode, whose mode and time are set at the end.
 */

/** Milliseconds. All that a session can do is done in a fraction of that. */
const PATIENCE = 1500;

describe.each(['fake_super', 'plain'] as const)(
  'the key, and a sender of its own making, where metadata is %s',
  (metadata) => {
    let secondary: AttackedSecondary;

    beforeAll(async () => {
      secondary = await startAttackedSecondary(metadata);
    });
    afterAll(() => secondary.stop());

    const sendForgedGroup = (protocol: number, capabilities: string) =>
      secondary.throughGate({
        attack: forgedGroup,
        letters: LETTERS[metadata],
        capabilities,
        protocol,
        patience: PATIENCE,
      });

    test.each(
      [27, 28, 29, 30, 31, 32].flatMap((protocol) => ['', 'LsfxCu'].map((letters) => [protocol, letters] as const)),
    )(
      'is not let in with one list for all directories (protocol %i, capabilities "%s")',
      async (protocol, capabilities) => {
        const result = await sendForgedGroup(protocol, capabilities);
        expect(result).toMatchObject({ letIn: false, changed: [] });
        expect(result.said).toMatch(/one list for each directory/);
      },
    );

    // Such a sender may say that it can send one list for each directory, and then speak a protocol that knows only one.
    test.each([27, 28, 29, 30, 32])(
      'changes nothing that is sealed by a protocol from before such lists, or after it (%i)',
      async (protocol) => {
        const result = await sendForgedGroup(protocol, 'iLsfxCu');
        expect(result).toMatchObject({ letIn: metadata === 'plain' || protocol >= 30, changed: [] });
        if (!result.letIn) expect(result.said).toMatch(/--acls requires protocol 30/);
      },
    );

    test('changes nothing that is sealed where it keeps to one list for each directory', async () => {
      expect(await sendForgedGroup(31, 'iLsfxCIu')).toMatchObject({ letIn: true, changed: [] });
    });
  },
);
