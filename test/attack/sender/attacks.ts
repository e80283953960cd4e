import { DIRECTORY, FILE, type Entry } from './file-list.ts';
import { ITEM_BASIS, ITEM_TRANSFER, NO_SEND, type HostileSender } from './hostile-sender.ts';
import { directoryList, int32, LISTS_END } from './wire.ts';

/*
 * What a sender of our own making says once it has been let in. Each attack is aimed at two files of a sealed snapshot, b/one
 * and b/two, as `SEALED` describes them.
 */

/** How both files lie in the sealed snapshot: alike, for the group of hard links is made of that. */
export const SEALED = { mode: 0o644, size: 4, mtime: 1_700_000_000, content: 'same' } as const;

/** Begins with the session's first list and ends with its last word; the caller then ends the session. */
export type Attack = (sender: HostileSender) => Promise<void>;

const linked = { mode: FILE | SEALED.mode, size: SEALED.size, mtime: SEALED.mtime, content: SEALED.content };
const FORGED_MTIME = 1_000_000_000;

/**
 * A group of hard links whose first name is declared as not to be sent: the number of the basis is then taken for the index
 * of a name, an empty directory, which becomes a hard link to the sealed inode. Mode and time of that are set at the end.
 */
export const forgedGroup: Attack = async (sender) => {
  const other = { mode: FILE | 0o600, size: 7, mtime: SEALED.mtime };
  // The message is to arrive while the receiver is still busy with the list.
  const fillers = Array.from({ length: 8000 }, (_, index): Entry => {
    return { name: `b/p${String(index).padStart(4, '0')}`, mode: FILE | 0o644, size: 9, mtime: SEALED.mtime };
  });
  const top: Entry[] = [
    { name: 'b', mode: DIRECTORY | 0o755, mtime: SEALED.mtime },
    { name: 'c', mode: DIRECTORY | 0o755, mtime: SEALED.mtime },
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
  await sender.serve();
};

/** Kinds of basis that an item can name (rsync.h, FNAMECMP_*). */
export const BASIS_KIND = {
  'the first basis directory': 0x00,
  'the file itself': 0x80,
  'a partial file': 0x81,
  'a backup': 0x82,
  'another name': 0x83,
} as const;

/**
 * Once the file was linked to the sealed inode, it is sent after all, with another content and a wrong sum.
 * @param kind what the item says the basis of the file is
 */
export function itemAfterLink(kind: number): Attack {
  return async (sender) => {
    const top: Entry[] = [{ name: 'b', mode: DIRECTORY | 0o755, mtime: SEALED.mtime }];
    const files: Entry[] = ['b/one', 'b/two'].map((name) => ({ name, ...linked }));
    if (sender.incremental) {
      sender.sendList(top);
      sender.sendIndex(directoryList(0));
      sender.sendList(files, 3);
      sender.sendIndex(LISTS_END);
    } else {
      sender.sendList([...top, ...files]);
    }
    const content = Buffer.from('BAD!');
    const item = [
      Buffer.from([kind]),
      Buffer.alloc(16), // no blocks
      int32(content.length),
      content,
      int32(0),
      Buffer.alloc(16), // the sum, which is wrong
    ];
    // When the generator has ended with the list of `b`, all links are there.
    const ended = sender.incremental ? 2 : 1;
    await sender.serve(undefined, (phases) => {
      if (phases === ended) sender.sendFile(sender.incremental ? 3 : 1, ITEM_TRANSFER | ITEM_BASIS, item);
    });
  };
}

/** The file is in the list twice, and its directory too: once as it is sealed, once with another mode and time. */
export const toldTwice: Attack = async (sender) => {
  const top: Entry[] = ['b', 'b'].map((name) => ({ name, mode: DIRECTORY | 0o755, mtime: SEALED.mtime }));
  const forged = { ...linked, mode: FILE | 0o666, mtime: FORGED_MTIME };
  const files: Entry[] = [
    { name: 'b/one', ...linked },
    { name: 'b/one', ...forged },
  ];
  if (!sender.incremental) {
    sender.sendList([...top, ...files, { name: 'b/./two', ...linked }, { name: 'b/two', ...forged }]);
  } else {
    sender.sendList(top);
    for (const [index, start] of [
      [0, 4],
      [1, 7],
    ] as const) {
      sender.sendIndex(directoryList(index));
      sender.sendList(index === 0 ? files : [{ name: 'b/two', ...forged }], start);
    }
    sender.sendIndex(LISTS_END);
  }
  await sender.serve();
};
