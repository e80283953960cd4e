import { decodeName, displayName, encodeName, parseItem, type Item } from '../../../src/rsync/itemized.ts';
import { parseEntry, type ListedEntry } from '../../../src/rsync/listing.ts';
import { readOutputLine } from '../../../src/rsync/output.ts';
import { readErrorIn } from '../../../src/rsync/read-errors.ts';
import { parseStoredItem } from '../../../src/rsync/stored-item.ts';
import { must, mustBeSame, type Target } from '../target.ts';

/** Every line that rsync writes: items in each of our formats, figures, errors. */
export const itemisedLines: Target = {
  name: 'itemised-lines',
  check: (line) => {
    for (const withWire of [true, false]) {
      const event = readOutputLine(line, withWire);
      if (event.kind !== 'item') mustBeFinite(event);
      const item = parseItem(line, withWire);
      if (item === undefined) continue;
      mustBeFinite(item);
      mustBeSame(parseItem(written(item, withWire), withWire), item, 'comes back as another item');
    }
    const stored = parseStoredItem(line);
    if (stored !== undefined) {
      mustBeFinite(stored);
      const { isExtra, mode, uid, gid = 'DEFAULT', target } = stored;
      const [, what, facts] = /^(@.{11}) (.*)$/s.exec(written(stored, false)) ?? [];
      const again = `${what} ${mode} ${uid} ${gid} ${facts}//${target === undefined ? '' : ` -> ${target}`}`;
      must(!isExtra, 'a stored file that is to be deleted');
      mustBeSame(parseStoredItem(again), stored, 'comes back as another stored file');
    }
    const failed = readErrorIn(line);
    for (const name of [line, parseItem(line, true)?.name, stored?.name, failed?.name]) mustComeBack(name);
    return stored !== undefined || readOutputLine(line, true).kind !== 'other' || failed !== undefined;
  },
};

/** The lines of `--list-only`. */
export const listedLines: Target = {
  name: 'listed-lines',
  check: (line) => {
    const entry = parseEntry(line);
    if (entry === undefined) return false;
    mustBeFinite(entry);
    const { kind, size, mtime, name } = entry;
    // A year is filled up with blanks.
    const year = (dashes: string) => (entry.mtimeMs < BEGINNING ? '-' : '').padStart(dashes.length);
    const time = mtime.replace(/-(?=[^-]*$)/, ' ').replace(/^-+/, year);
    const again = `${LISTED[kind]}rw-r--r-- ${String(size).padStart(14)} ${time} ${name}`;
    mustBeSame(parseEntry(again), entry, 'comes back as another entry');
    mustComeBack(name);
    return true;
  },
};

const BEGINNING = Date.parse('0000-01-01T00:00:00Z');

const LISTED: Readonly<Record<ListedEntry['kind'], string>> = {
  file: '-',
  directory: 'd',
  symlink: 'l',
  device: 'c',
  special: 'p',
};

const ACTIONS: Readonly<Record<Item['action'], string>> = {
  sent: '<',
  received: '>',
  created: 'c',
  linked: 'h',
  unchanged: '.',
  message: '*',
};

const KINDS: Readonly<Record<Item['kind'], string>> = {
  file: 'f',
  directory: 'd',
  symlink: 'L',
  device: 'D',
  special: 'S',
};

/** An item as rsync writes it (log.c, rsync 3.5.0). */
function written(item: Item, withWire: boolean): string {
  const { action, kind, isNew, isExtra, differs, size, mtime, wire, name } = item;
  if (isExtra) return `@*deleting   0 1970/01/01-00:00:00 ${name}`;
  const attributes = isNew ? '+++++++++' : differs.padEnd(9, '.');
  return `@${ACTIONS[action]}${KINDS[kind]}${attributes} ${size} ${mtime} ${withWire ? `${wire} ` : ''}${name}`;
}

function mustBeFinite(value: object): void {
  for (const [key, each] of Object.entries(value) as [string, unknown][]) {
    if (typeof each === 'number') must(Number.isFinite(each), `${key} is ${each}`);
    if (typeof each === 'object' && each !== null) mustBeFinite(each);
  }
}

/** A name is bytes: written and read again, they are the same. */
function mustComeBack(name: string | undefined): void {
  if (name === undefined) return;
  const bytes = decodeName(name);
  must(decodeName(encodeName(bytes)).equals(bytes), `the name ${JSON.stringify(name)} has other bytes`);
  displayName(name);
}
