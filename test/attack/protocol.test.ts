import { mkdir, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { SnapshotId } from '../../src/shared/snapshot-id.ts';
import { startGateHost, type GateHost } from '../ssh/support/gate-host.ts';
import { ALIAS } from '../ssh/support/private-sshd.ts';
import { recordTree } from '../ssh/support/tree-record.ts';
import { DIRECTORY, FILE, type Entry } from './sender/file-list.ts';
import { HostileSender, NO_SEND } from './sender/hostile-sender.ts';
import { directoryList, int32, LISTS_END } from './sender/wire.ts';

/*
 * A sender of our own making, which is not bound to what rsync's client would send, with nothing but the push key. Without
 * the capability `i` (one list for each directory) rsync 3.5.0 takes the number of a basis for the index of a name when the
 * first of a group of hard links is declared as not to be sent: that name, a directory, becomes a hard link to the sealed
 * inode, whose mode and time are set at the end.
 */

const LETTERS = { fake_super: 'lHogDtpAr', plain: 'lHDtpr' } as const;
const MTIME = 1_700_000_000;
const FORGED_MTIME = 1_000_000_000;

/** Milliseconds that a session may take that the other side does not end. */
const PATIENCE = 4000;

describe.each(['fake_super', 'plain'] as const)(
  'the key, and a sender of its own making, where metadata is %s',
  (metadata) => {
    let host: GateHost;
    let sealed: SnapshotId;
    let before: string[];

    beforeAll(async () => {
      host = await startGateHost();
      await host.configure({ metadata, gate: { attempts_per_day: 1000 } });
      await mkdir(join(host.source, 'b'));
      for (const name of ['one', 'two']) {
        await writeFile(join(host.source, 'b', name), `${name}\n`, { mode: 0o644 });
        await utimes(join(host.source, 'b', name), MTIME, MTIME);
      }
      sealed = await host.store();
      before = recordTree(join(host.jobDirectory, sealed));
    });
    afterAll(() => host.stop());

    /** Sends a group of hard links whose first name is declared as not to be sent. Returns what the other side said. */
    async function sendForgedGroup(protocol: number, capabilities: string): Promise<string> {
      const letters = LETTERS[metadata];
      const sender = await HostileSender.connect({
        remoteShell: [...host.sshd.remoteShell, ALIAS],
        protocol,
        letters,
        commandLine: [
          `rsync --server -${letters}e.${capabilities} --partial --timeout=10`,
          ...(metadata === 'fake_super' ? ['--numeric-ids --fake-super'] : []),
          `--link-dest /db/${sealed}/ . db/${host.nextId()}/`,
        ].join(' '),
      });
      const linked = { mode: FILE | 0o644, size: 4, mtime: MTIME };
      const other = { mode: FILE | 0o600, size: 7, mtime: MTIME };
      // The message is to arrive while the receiver is still busy with the list.
      const fillers = Array.from({ length: 8000 }, (_, index): Entry => {
        return { name: `b/p${String(index).padStart(4, '0')}`, mode: FILE | 0o644, size: 9, mtime: MTIME };
      });
      const top: Entry[] = [
        { name: 'b', mode: DIRECTORY | 0o755, mtime: MTIME },
        { name: 'c', mode: DIRECTORY | 0o755, mtime: MTIME },
        { name: 'a', mode: DIRECTORY | 0o500, mtime: FORGED_MTIME, hardLink: 'first' },
      ];
      const inB = (start: number): Entry[] => [
        { name: 'b/aaa', ...other, hardLink: 'first' },
        { name: 'b/aab', ...other, hardLink: start },
        { name: 'b/one', ...linked, hardLink: 'first' },
        ...fillers,
        { name: 'b/two', ...linked, hardLink: start + 2 },
      ];
      if (sender.incremental) {
        sender.sendList(top);
        sender.sendIndex(directoryList(1));
        sender.sendList(inB(0), 5);
        sender.sendIndex(LISTS_END);
      } else {
        sender.sendList([...top, ...inB(3)]);
      }
      const first = sender.incremental ? 7 : 4;
      for (let times = 0; times < 300; times += 1) sender.sendMessage(NO_SEND, int32(first));
      const patience = new Promise((resolve) => setTimeout(resolve, PATIENCE));
      await Promise.race([sender.serve(), patience]);
      return (await sender.end(PATIENCE)).said;
    }

    const unchanged = () => expect(recordTree(join(host.jobDirectory, sealed))).toEqual(before);

    test.each(
      [27, 28, 29, 30, 31, 32].flatMap((protocol) => ['', 'LsfxCu'].map((letters) => [protocol, letters] as const)),
    )(
      'is not let in with one list for all directories (protocol %i, capabilities "%s")',
      async (protocol, capabilities) => {
        await expect(sendForgedGroup(protocol, capabilities)).rejects.toThrow(/one list for each directory/);
        unchanged();
      },
    );

    // Such a sender may say that it can send one list for each directory, and then speak a protocol that knows only one.
    test.each([28, 29])(
      'changes nothing that is sealed by a protocol from before such lists (%i)',
      async (protocol) => {
        const session = sendForgedGroup(protocol, 'iLsfxCu');
        if (metadata === 'fake_super') await expect(session).rejects.toThrow(/--acls requires protocol 30/);
        else await session;
        unchanged();
      },
    );

    test('changes nothing that is sealed where it keeps to one list for each directory', async () => {
      await sendForgedGroup(31, 'iLsfxCIu').catch(() => undefined);
      unchanged();
    });
  },
);
