import { createHash } from 'node:crypto';
import { lstatSync, readdirSync, readFileSync } from 'node:fs';
import { truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import type { SnapshotId } from '../../../../src/shared/snapshot-id.ts';
import { ALIAS } from '../../../support/sshd.ts';
import { DIRECTORY, FILE, fileList, type Entry } from '../../sender/file-list.ts';
import {
  HostileSender,
  ITEM_BASIS,
  ITEM_NAME,
  ITEM_TRANSFER,
  NO_SEND,
  type Wish,
} from '../../sender/hostile-sender.ts';
import { int16, int32, LISTS_END } from '../../sender/wire.ts';
import { casesOf, type Case } from '../cases.ts';
import type { Siege } from '../siege.ts';

/* A sender of the attacker's own making, which says what stock rsync never would. */

/** Of a push of a list of names, which comes as one list. */
const LETTERS = 'logDtpAR';
const CAPABILITIES = 'LsfxCu';
const MTIME = 1_700_000_000;
const LINK = 0o120000;

interface Session {
  readonly protocol?: number;
  readonly letters?: string;
  readonly capabilities?: string;
  /** Words between the letters and the dot. */
  readonly words?: string;
  readonly destination?: string;
  /** Milliseconds that it may take if nobody ends it. */
  readonly patience?: number;
}

interface Ended {
  readonly code: number;
  readonly said: string;
  readonly id: SnapshotId;
}

async function converse(
  siege: Siege,
  { protocol = 31, letters = LETTERS, capabilities = CAPABILITIES, words, destination, patience = 1500 }: Session,
  speak: (sender: HostileSender) => Promise<void>,
): Promise<Ended> {
  const { host, sealed } = siege;
  const id = host.nextId();
  const given = words ?? `--partial --numeric-ids --compare-dest /db/${sealed[1]}/ --fake-super`;
  const commandLine = `rsync --server -${letters}e.${capabilities} ${given} . ${destination ?? `db/${id}/`}`;
  const sender = await HostileSender.connect({
    remoteShell: [...host.sshd.remoteShell, ALIAS],
    commandLine,
    protocol,
    letters,
  });
  await Promise.race([speak(sender), new Promise((resolve) => setTimeout(resolve, patience))]);
  return { ...(await sender.end(patience)), id };
}

const directory = (name: string, mode = 0o755): Entry => ({ name, mode: DIRECTORY | mode, mtime: MTIME });
const file = (name: string, more: Partial<Entry> = {}): Entry => ({
  name,
  mode: FILE | 0o644,
  size: 9,
  mtime: MTIME,
  ...more,
});
const symlink = (name: string, target: string): Entry => ({ name, mode: LINK | 0o777, mtime: MTIME, target });

const CONTENT = Buffer.from('attacked\n');

/** Answers whatever is to be sent. Of directories the server only says what it does to them. */
function answer(sender: HostileSender, speak: (wish: Wish) => void): Promise<void> {
  return sender.serve((wish) => {
    if (wish.bits & ITEM_TRANSFER) speak(wish);
  });
}

/** Sends what is asked for: always the same nine bytes. */
function give(sender: HostileSender, { index, head }: Wish, content: Buffer = CONTENT, sum?: Buffer): void {
  const right = createHash('md5').update(content).digest();
  sender.sendFile(index, ITEM_TRANSFER, [head, int32(content.length), content, int32(0), sum ?? right]);
}

/** Names in an attempt, whatever became of it. */
function written(siege: Siege, id: SnapshotId): string[] {
  const names = readdirSync(siege.host.jobDirectory).filter((name) => name.startsWith(id));
  return names.flatMap((name) => readdirSync(join(siege.host.jobDirectory, name), { recursive: true }) as string[]);
}

/** Lists of names that no source can have, or that lead somewhere. Whatever is asked for is sent. */
const LISTS: readonly (readonly [what: string, entries: (siege: Siege) => readonly Entry[]])[] = [
  ['a name that climbs', () => [file('../stolen')]],
  ['a name that climbs to a sealed file', ({ sealed }) => [file(`../${sealed[1]}/dump.sql`)]],
  ['a name that climbs from within', () => [directory('deep'), file('deep/../../stolen')]],
  ['an absolute name', ({ outside }) => [file(join(outside, 'file'))]],
  ['an absolute name of a sealed file', ({ host, sealed }) => [file(join(host.jobDirectory, sealed[1], 'dump.sql'))]],
  ['a link out, and a file below it', ({ outside }) => [symlink('way', outside), file('way/file')]],
  ['a link into a sealed snapshot, and a file below it', ({ sealed }) => [symlink('way', `../${sealed[1]}`), file('way/dump.sql')]],
  ['a link and a directory of one name, and a file below', ({ outside }) => [symlink('way', outside), directory('way'), file('way/file')]],
  ['a directory and a link of one name, and a file below', ({ outside }) => [directory('way'), symlink('way', outside), file('way/file')]],
  ['links in a circle, and a file below', () => [symlink('a', 'b'), symlink('b', 'a'), file('a/x')]],
  ['a link to itself through /proc', () => [symlink('self', '/proc/self/cwd'), file('self/x')]],
  ['a link that is already munged', ({ outside }) => [symlink('way', `/rsyncd-munged/${outside}`), file('way/file')]],
  ['an empty link', () => [symlink('way', '')]],
  ['a link with a target of 4,000 bytes', () => [symlink('way', 'x/'.repeat(2000))]],
  ['one name five times', () => Array.from({ length: 5 }, () => file('dump.sql'))],
  ['one name as a file, a directory and a link', () => [file('x'), directory('x'), symlink('x', 'y')]],
  ['names with ./ and // in them', () => [directory('deep'), file('deep/./a'), file('deep//b'), file('./c')]],
  ['an empty name', () => [file('')]],
  ['the name .', () => [directory('.', 0), file('.')]],
  ['a name with NUL in it', () => [file('a\0b')]],
  ['a name with control characters', () => [file('\x1b[2J\r\n\x07'), file('\u202e')]],
  ['a name of 255 bytes', () => [file('n'.repeat(255))]],
  ['a directory of mode 000 with a file in it', () => [directory('closed', 0), file('closed/x')]],
  ['the root with mode 000', () => [directory('.', 0), file('x')]],
  ['setuid, setgid and sticky bits', () => [file('x', { mode: FILE | 0o7777 }), directory('d', 0o7777)]],
  ['a device, a named pipe and a socket', () => [file('c', { mode: 0o020666 }), file('p', { mode: 0o010666 }), file('s', { mode: 0o140666 })]],
  ['a type that does not exist', () => [file('x', { mode: 0o170644 }), file('y', { mode: 0o644 })]],
  ['a file of fewer than no bytes', () => [file('x', { size: -1 })]],
  ['a file of 8 exabytes', () => [file('x', { size: 2 ** 62 })]],
  ['times before and after all times', () => [file('x', { mtime: -(2 ** 55) }), file('y', { mtime: 2 ** 55 })]],
  ['names of rsync’s own: temporary, partial, lock', () => [file('.dump.sql.AbCdEf'), directory('.~tmp~'), file('.~tmp~/dump.sql'), file('.rsync-partial')]],
  ['names like a seal, a manifest and notes', ({ sealed }) => [file(`${sealed[1]}.sealed`), file(`${sealed[1]}.sha256`), file('../x.sealed')]],
  ['a file in a directory that is not in the list', () => [file('nowhere/at/all')]],
  ['a list without an entry', () => []],
]; // prettier-ignore

const PLAIN_LISTS: readonly Case[] = [
  {
    // Were it not so, none of the others would prove anything.
    name: 'an honest list by the same sender, which is stored',
    often: true,
    attack: async (siege) => {
      const { id } = await converse(siege, {}, async (sender) => {
        sender.sendList([directory('.'), directory('deep'), file('deep/x')]);
        await answer(sender, (wish) => give(sender, wish));
      });
      const name = readdirSync(siege.host.jobDirectory).find((each) => each.startsWith(id)) ?? '';
      expect(readFileSync(join(siege.host.jobDirectory, name, 'deep/x'), 'utf8')).toBe(CONTENT.toString());
    },
  },
];

const FORGED_LISTS = casesOf(
  LISTS,
  2,
  ([what]) => `a list with ${what}`,
  async (siege, [, entries]) => {
    const { id } = await converse(siege, {}, async (sender) => {
      sender.sendList(entries(siege));
      await answer(sender, (wish) => give(sender, wish));
    });
    for (const name of written(siege, id)) expect(name).not.toMatch(/stolen/);
  },
);

export const NAMES = [...PLAIN_LISTS, ...FORGED_LISTS];

/** Numbers of protocols. With ACLs, rsync speaks none below 30, and takes none above its own. */
export const PROTOCOLS = casesOf(
  [-(2 ** 31), -1, 0, 19, 26, 27, 28, 29, 30, 32, 33, 40, 255, 2 ** 31 - 1],
  1,
  (protocol) => `protocol ${protocol}, with an honest name and one that climbs`,
  async (siege, protocol) => {
    const spoken = protocol >= 30 && protocol <= 40;
    // One after the other: two sessions at a time are busy, and nothing of the second would have been tried.
    const send = (name: string) =>
      converse(siege, { protocol }, async (sender) => {
        sender.sendList([directory('.'), file(name)]);
        await answer(sender, (wish) => give(sender, wish));
      }).then(
        ({ id }) => written(siege, id),
        (error: unknown): string[] => {
          expect(spoken, String(error)).toBe(false);
          expect(String(error)).toMatch(/not let in/);
          expect(String(error)).not.toMatch(/busy/);
          return [];
        },
      );
    expect((await send('honest')).includes('honest')).toBe(spoken);
    expect(await send('../stolen')).not.toContain('stolen');
    expect(readdirSync(siege.host.jobDirectory)).not.toContain('stolen');
  },
);

/** What is said after an honest list of three files, of which one is like that of the basis. */
const ITEMS: readonly (readonly [what: string, speak: (sender: HostileSender, wish: Wish) => void])[] = [
  ['another content than it has', (sender, wish) => give(sender, wish, Buffer.from('something else'))],
  ['content with a wrong sum', (sender, wish) => give(sender, wish, CONTENT, Buffer.alloc(16))],
  ['no content', (sender, wish) => give(sender, wish, Buffer.alloc(0))],
  ['a block that the basis does not have', (sender, wish) => sender.sendFile(wish.index, ITEM_TRANSFER, [wish.head, int32(-1000), int32(0), Buffer.alloc(16)])],
  ['the lowest of all block numbers', (sender, wish) => sender.sendFile(wish.index, ITEM_TRANSFER, [wish.head, int32(-(2 ** 31)), int32(0), Buffer.alloc(16)])],
  ['a literal of two gigabytes', (sender, wish) => sender.sendFile(wish.index, ITEM_TRANSFER, [wish.head, int32(2 ** 31 - 1), CONTENT])],
  ['a head of sums that it was not asked for', (sender, wish) => sender.sendFile(wish.index, ITEM_TRANSFER, [int32(2 ** 20), int32(2 ** 17), int32(16), int32(1), int32(-1), int32(0), Buffer.alloc(16)])],
  ['a head with blocks of no length', (sender, wish) => sender.sendFile(wish.index, ITEM_TRANSFER, [int32(5), int32(0), int32(2), int32(0), int32(-1), int32(0), Buffer.alloc(16)])],
  ['a head with fewer than no blocks', (sender, wish) => sender.sendFile(wish.index, ITEM_TRANSFER, [int32(-1), int32(-1), int32(-1), int32(-1), int32(0), Buffer.alloc(16)])],
  ['a basis under another name, which climbs', (sender, wish) => sender.sendFile(wish.index, ITEM_TRANSFER | ITEM_BASIS | ITEM_NAME, [Buffer.from([0x83]), named('../../../../etc/passwd'), wish.head, int32(-1), int32(0), Buffer.alloc(16)])],
  ['a basis that is a partial file of another name', (sender, wish) => sender.sendFile(wish.index, ITEM_TRANSFER | ITEM_BASIS | ITEM_NAME, [Buffer.from([0x81]), named('../dump.sql'), wish.head, int32(-1), int32(0), Buffer.alloc(16)])],
  ['a basis of a number that does not exist', (sender, wish) => sender.sendFile(wish.index, ITEM_TRANSFER | ITEM_BASIS, [Buffer.from([0x42]), wish.head, int32(-1), int32(0), Buffer.alloc(16)])],
  ['an index beyond the list', (sender) => sender.sendFile(4711, ITEM_TRANSFER, [Buffer.alloc(16), int32(0), Buffer.alloc(16)])],
  ['an index below the list', (sender) => sender.sendFile(-77, ITEM_TRANSFER, [Buffer.alloc(16), int32(0), Buffer.alloc(16)])],
  ['the index of a directory', (sender) => sender.sendFile(0, ITEM_TRANSFER, [Buffer.alloc(16), int32(CONTENT.length), CONTENT, int32(0), Buffer.alloc(16)])],
  ['a file that was not asked for', (sender) => sender.sendFile(2, ITEM_TRANSFER, [Buffer.alloc(16), int32(CONTENT.length), CONTENT, int32(0), createHash('md5').update(CONTENT).digest()])],
  ['one file a hundred times', (sender, wish) => { for (let times = 0; times < 100; times += 1) give(sender, wish); }],
  ['that it will not be sent, of every index', (sender) => { for (let index = -3; index < 50; index += 1) sender.sendMessage(NO_SEND, int32(index)); }],
  ['that files were deleted, in messages', (sender) => sender.sendMessage(101, Buffer.from('../dump.sql\0'))],
  ['that files succeeded, in messages', (sender) => sender.sendMessage(100, int32(1))],
  ['errors, warnings and a log line for the server', (sender) => { for (const tag of [1, 2, 3, 4, 5, 8, 9]) sender.sendMessage(tag, Buffer.from('%n%s\x1b[2J')); }],
  ['messages of kinds that do not exist', (sender) => { for (const tag of [17, 42, 80, 120]) sender.sendMessage(tag, Buffer.alloc(40, 1)); }],
  ['a message of 16 MiB', (sender) => sender.sendMessage(1, Buffer.alloc(0xffff00, 0x41))],
  ['nothing at all any more', () => undefined],
]; // prettier-ignore

function named(name: string): Buffer {
  return Buffer.concat([Buffer.from([name.length]), Buffer.from(name)]);
}

export const SAID = casesOf(
  ITEMS,
  1,
  ([what]) => `of a file, ${what}`,
  async (siege, [, speak]) => {
    const { id } = await converse(siege, {}, async (sender) => {
      sender.sendList([
        directory('.'),
        directory('deep'),
        file('deep/secret.conf'),
        file('dump.sql', { size: 700_000 }),
      ]);
      let spoken = false;
      await answer(sender, (wish) => {
        if (!spoken) speak(sender, wish);
        spoken = true;
      });
    });
    // Of a file with a wrong sum nothing bears its name but what a broken push keeps: it is never sealed.
    const state = readdirSync(siege.host.jobDirectory).filter((name) => name.startsWith(id));
    expect(state.filter((name) => name.endsWith('.sealed'))).toEqual([]);
  },
);

/** Dry runs of both kinds: nothing may be written, whatever is sent. */
const DRY = [
  ['a dry run of a push', 'nlogDtpAR', undefined],
  ['a verification', 'nlogDtpAcR', '--log-format=%i --numeric-ids --fake-super'],
] as const;

export const DRY_RUNS: readonly Case[] = [
  ...casesOf(
    DRY,
    1,
    ([what]) => `data in ${what}, whether it is asked for or not`,
    async (siege, [, letters, words]) => {
      const destination = words === undefined ? undefined : `db/${siege.sealed[1]}/`;
      const { id } = await converse(
        siege,
        { letters, ...(words === undefined ? {} : { words, destination: destination! }) },
        async (sender) => {
          sender.sendList([directory('.'), directory('deep'), file('deep/secret.conf'), file('dump.sql'), file('new')]);
          for (const index of [2, 3, 4]) sender.sendFile(index, ITEM_TRANSFER, [Buffer.alloc(16), int32(CONTENT.length), CONTENT, int32(0), createHash('md5').update(CONTENT).digest()]); // prettier-ignore
          await answer(sender, (wish) => give(sender, wish));
        },
      );
      expect(written(siege, id)).toEqual([]);
    },
  ),
  {
    name: 'forged sums under -c, which say that another content is that of the basis',
    often: true,
    attack: async (siege) => {
      const { host, sealed } = siege;
      const content = readFileSync(join(host.jobDirectory, sealed[1], 'deep/secret.conf'), 'utf8');
      const { id } = await converse(siege, { letters: 'logDtpAcR' }, async (sender) => {
        sender.sendList([
          directory('.'),
          directory('deep'),
          file('deep/secret.conf', { content, size: content.length }),
        ]);
        await answer(sender, (wish) => give(sender, wish));
      });
      // A sum that lies gains nothing but what lies there already.
      const name = readdirSync(host.jobDirectory).find((each) => each.startsWith(id)) ?? '';
      expect(readFileSync(join(host.jobDirectory, name, 'deep/secret.conf'), 'utf8')).toBe(content);
    },
  },
];

/** What a rule can name. */
export const RULES: readonly (readonly [what: string, rule: (siege: Siege) => string])[] = [
  ['merge of a file outside', ({ outside }) => `. ${outside}/file`],
  ['merge of a file outside, word by word', ({ outside }) => `.w ${outside}/file`],
  ['merge of a sealed file', ({ host, sealed }) => `. ${host.jobDirectory}/${sealed[1]}/deep/secret.conf`],
  ['merge of a sealed file by a relative name', ({ sealed }) => `. ${sealed[1]}/deep/secret.conf`],
  ['merge of a name that climbs', () => '. ../../../outside/file'],
  ['merge of /etc/passwd', () => '. /etc/passwd'],
  ['merge of the settings', ({ host }) => `. ${host.config}`],
  ['merge of the log of the gate', ({ host }) => `. ${host.hostState}/gate.log`],
  ['merge of standard input', () => '. -'],
  ['a file of rules for each directory, outside', ({ outside }) => `: ${outside}/file`],
  ['a file of rules for each directory that climbs', () => ': ../../../outside/file'],
  ['a file of rules for each directory, in the snapshot', () => ': secret.conf'],
  ['rules of CVS', () => ':C'],
  ['a rule of 5,000 bytes', () => `- ${'x'.repeat(5000)}`],
  ['a rule that is none', () => 'x y'],
];

/** Words of files outside of the snapshots. */
export const SECRET_OUTSIDE = /outside of the root|root:x:|min_free_space|"event"/;
/** Words of stored files, which a client with the push key may not read so easily either. */
const SECRET = new RegExp(`hunter2|${SECRET_OUTSIDE.source}`);

export const FILTERS = casesOf(
  RULES,
  1,
  ([what]) => `over the wire, ${what}, in a verification that deletes`,
  async (siege, [, rule]) => {
    const text = Buffer.from(rule(siege));
    const words = '--log-format=%i --delete --numeric-ids --fake-super';
    const destination = `db/${siege.sealed[1]}/`;
    const session = { letters: 'nlogDtpAcr', capabilities: `i${CAPABILITIES}`, words, destination };
    const { said } = await converse(siege, session, async (sender) => {
      sender.send(Buffer.concat([int32(text.length), text, int32(0)]));
      sender.sendList([directory('.')]);
      sender.sendIndex(LISTS_END);
      await sender.serve();
    });
    expect(said).not.toMatch(SECRET);
  },
);

/** Bytes in the largest file of an attempt. */
function largest(siege: Siege, id: SnapshotId): number {
  const at = readdirSync(siege.host.jobDirectory).find((name) => name.startsWith(id));
  if (at === undefined) return 0;
  const place = join(siege.host.jobDirectory, at);
  return Math.max(
    0,
    ...(readdirSync(place, { recursive: true }) as string[]).map((name) => lstatSync(join(place, name)).size),
  );
}

/** A file was larger than one may be, or the gate noticed first that the session wrote too much. */
async function expectTooMuch({ host }: Siege, id: SnapshotId): Promise<void> {
  const { event, end, reason } = (await host.log()).findLast((entry) => entry.id === id) ?? {};
  expect(event).toBe('ended');
  expect(reason ?? end).toEqual(reason === undefined ? 11 : expect.stringContaining('max_session_bytes'));
}

/** As the settings of the siege say (max_session_bytes). */
const MOST = 64 * 1024 ** 2;

/** Entries that differ in their name only. */
function manyFiles(count: number): Buffer {
  const format = { protocol: 31, letters: LETTERS, start: 0, varyingBits: false };
  const name = 'n0000000';
  const end = fileList([], format);
  const one = fileList([file(name)], format);
  const entry = one.subarray(0, one.length - end.length);
  const at = entry.indexOf(name);
  const all = Buffer.alloc(entry.length * count);
  for (let index = 0; index < count; index += 1) {
    entry.copy(all, index * entry.length);
    all.write(`n${String(index).padStart(7, '0')}`, index * entry.length + at, 'latin1');
  }
  return Buffer.concat([all, end]);
}

export const FLOODS: readonly Case[] = [
  {
    name: 'block tokens that make 85 MB of 400 kB',
    attack: async (siege) => {
      const { id, code } = await converse(siege, { patience: 8000 }, async (sender) => {
        sender.sendList([directory('.'), file('dump.sql', { size: 700_001 })]);
        const tokens = Buffer.alloc(400_000);
        for (let at = 0; at < tokens.length; at += 4) tokens.writeInt32LE(-1, at);
        await answer(sender, ({ index, head }) => {
          expect(head.readInt32LE(0)).toBeGreaterThan(100);
          const what = [Buffer.from([0]), head, tokens, int32(0), Buffer.alloc(16)];
          sender.sendFile(index, ITEM_TRANSFER | ITEM_BASIS, what);
        });
      });
      expect(code).not.toBe(0);
      await expectTooMuch(siege, id);
      expect(largest(siege, id)).toBeLessThanOrEqual(MOST);
    },
  },
  {
    name: 'compressed runs of block tokens that make 3 GB of 32 kB',
    attack: async (siege) => {
      const { id, code } = await converse(siege, { letters: `${LETTERS}z`, patience: 8000 }, async (sender) => {
        sender.sendList([directory('.'), file('dump.sql', { size: 700_001 })]);
        await answer(sender, ({ index, head }) => {
          // From block 0 on (0x21, token.c), all of the others: seven bytes for the whole basis.
          const all = Buffer.concat([Buffer.from([0x21]), int32(0), int16(head.readInt32LE(0) - 1)]);
          const what = [Buffer.from([0]), head, ...Array.from({ length: 4500 }, () => all), Buffer.alloc(17)];
          sender.sendFile(index, ITEM_TRANSFER | ITEM_BASIS, what);
        });
      });
      expect(code).not.toBe(0);
      await expectTooMuch(siege, id);
      expect(largest(siege, id)).toBeLessThanOrEqual(MOST);
    },
  },
  {
    name: '200 MiB of zeros, compressed to nothing',
    attack: async (siege) => {
      const source = siege.hostileTree();
      await writeFile(join(source, 'zeros'), '');
      await truncate(join(source, 'zeros'), 200 * 1024 ** 2);
      const id = siege.host.nextId();
      const { code } = await siege.host.push(id, { source, compress: true });
      expect(code).not.toBe(0);
      expect(largest(siege, id)).toBeLessThanOrEqual(MOST);
    },
  },
  {
    name: 'a list of a million names',
    attack: async (siege) => {
      const { id } = await converse(siege, { patience: 6000 }, async (sender) => {
        sender.send(manyFiles(1_000_000));
        await new Promise((resolve) => setTimeout(resolve, 5000));
      });
      expect(written(siege, id)).toEqual([]);
      expect((await siege.host.push(siege.host.nextId(), { bases: [siege.sealed[1]] })).code).toBe(0);
    },
  },
];

export const GUESSES: readonly Case[] = [
  {
    // It is written down as such in docs/security.md. If it ends, this test says so.
    name: 'what remains: lines of a stored file can be guessed, by rules that name it',
    attack: async (siege) => {
      const { host, sealed } = siege;
      const source = siege.hostileTree();
      const guesses = ['password=hunter1', 'password=hunter2', 'password=hunter3'];
      for (const guess of guesses) await writeFile(join(source, guess), '');
      const id = host.nextId();
      expect((await host.push(id, { source })).code).toBe(0);
      const words = '--log-format=%i --delete --numeric-ids --fake-super';
      const session = { letters: 'nlogDtpAcr', capabilities: `i${CAPABILITIES}`, words, destination: `db/${id}/` };
      const rule = Buffer.from(`.- ${host.jobDirectory}/${sealed[1]}/deep/secret.conf`);
      const { said } = await converse(siege, session, async (sender) => {
        sender.send(Buffer.concat([int32(rule.length), rule, int32(0)]));
        sender.sendList([directory('.')]);
        sender.sendIndex(LISTS_END);
        await sender.serve();
      });
      expect(guesses.filter((guess) => !said.includes(guess))).toEqual(['password=hunter2']);
    },
  },
];
