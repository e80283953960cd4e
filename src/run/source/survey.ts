import type { ListedEntry } from '../../rsync/listing.ts';
import { factsOf, type ManifestEntry, type ManifestWriter } from '../../state/manifest.ts';
import type { Inode } from './inodes.ts';
import type { NameTable } from './name-table.ts';

/*
 * What differs between the source and the last sealed snapshot, as far as its names, sizes and times tell: what a push has to look at.
 * Nothing rests on it. What it misses, the verification finds, and the next attempt looks at everything.
 */

/** What the source has and the basis has not, or has otherwise. */
export interface Survey {
  /** What the push has to look at; undefined if that is everything. */
  readonly list: PushList | undefined;
  /** Names that the basis has and the source no longer has; undefined if it is not known what the basis has. */
  readonly gone: readonly string[] | undefined;
  /** Names of one file each; undefined if they would take too much memory. */
  readonly groups: Groups | undefined;
}

/** Names of one file each. Those after the first are linked to it. */
export interface Groups {
  /** Where something on the {@link Survey.list} belongs to them; of their names only the first is on it, if at all. */
  readonly onList: readonly (readonly string[])[];
  /** All of them: for a push that looks at everything, or goes on in a tree that may have some of them as files of their own. */
  readonly all: readonly (readonly string[])[];
}

/** Names that a push has to look at. */
export interface PushList {
  /** As rsync writes them: every directory and symbolic link, and what may have changed. */
  readonly names: readonly string[];
  /** The regular files among them, and their bytes. */
  readonly files: number;
  readonly bytes: number;
  /** Was given everything else that the source holds. */
  readonly manifest: ManifestWriter;
}

/** What is known of the inode numbers of a source: that they are right, that one of them is not, or nothing. */
export type Links = 'right' | 'false' | 'unknown';

/** Surveys a source while it is walked. */
export interface SurveyWatch {
  readonly onEntry: (entry: ListedEntry) => void;
  readonly onInode: (inode: Inode) => void;
  /**
   * @param basis calls its argument with each name of the basis, and what is known of it
   * @param links names with a false inode number are files of their own
   */
  end(basis: (onName: (name: string, facts: string) => void) => Promise<boolean>, links: Links): Promise<Survey>;
}

/** Characters of all names together that are kept for the list, and for the groups. */
const MOST = { list: 32 * 1024 ** 2, groups: 64 * 1024 ** 2 } as const;

/** What is known of the basis. */
export interface KnownBasis {
  readonly table: NameTable;
  /** Whether the table holds all of it. */
  readonly whole: boolean;
}

/**
 * Starts a survey.
 * @param since milliseconds since 1970: what was touched then or later may have changed, whatever its size and time say. A directory that
 * was moved brings along what is in it, so of those only what was moved later counts: the last that somebody who fills a source touches is
 * often a directory.
 * @param manifest is given what has not changed; the push names the rest
 */
export function surveySource({ table, whole }: KnownBasis, since: number, manifest: ManifestWriter): SurveyWatch {
  /** What is on the list, with what is known of it; nothing of directories. */
  const listed = new Map<string, string>();
  const groups = new Map<string, string[]>();
  /** Symbolic links by each name that their line may stand for. */
  const doubtful = new Map<string, string>();
  /** Directories that were moved since, or given other owners or modes. */
  const moved = new Set<string>();
  let length = 0;
  let grouped = 0;
  const list = (name: string, facts: string): void => {
    if (!listed.has(name)) length += name.length;
    if (length <= MOST.list) listed.set(name, facts);
  };
  const compare = (name: string, facts: string): void => {
    if (table.see(name, facts) === 'same') manifest.add(entryOf(name, facts));
    else list(name, facts);
  };
  // Always: without owners and modes, a comparison cannot see symbolic links (verify/verification.ts).
  const listLink = (name: string, facts: string): void => {
    table.see(name, facts);
    list(name, facts);
  };
  return {
    onEntry: (entry) => {
      const { kind, name } = entry;
      if (kind === 'directory') {
        table.see(name, ''); // where the basis has something else of that name
        list(name, '');
        return;
      }
      if (kind === 'device' || kind === 'special') return;
      if (kind === 'file') {
        compare(name, factsOf(entry));
        return;
      }
      // A symbolic link is listed with its target, and both may contain an arrow. find(1) tells which name exists.
      const names = [...name.matchAll(/ -> /g)].map(({ index }) => name.slice(0, index));
      const [only] = names;
      if (names.length === 1 && only !== undefined) listLink(only, factsOf(entry));
      else for (const each of names) doubtful.set(each, factsOf(entry));
    },
    onInode: ({ name, links, mtimeMs, ctimeMs, number, facts }) => {
      const [type, size = '0'] = facts.split(' ');
      if (type === 'd') {
        // A move leaves no trace on what is in the directory. A new entry in it, in contrast, sets both of its times.
        if (ctimeMs > mtimeMs && ctimeMs > since && name !== '.') moved.add(name);
        return;
      }
      const known = doubtful.get(name);
      if (known !== undefined && type === 'l') listLink(name, known);
      if (ctimeMs >= since && !listed.has(name)) list(name, `${type === 'f' ? 'file' : 'other'} ${size} -`);
      if (links < 2) return;
      grouped += name.length;
      if (grouped > MOST.groups) return;
      const group = groups.get(number);
      if (group === undefined) groups.set(number, [name]);
      else group.push(name);
    },
    end: async (basis, links) => {
      const gone: string[] = [];
      // Where its directory is gone too, the gate has nothing to link it into.
      const hasPlace = (name: string) =>
        !name.includes('/') || length > MOST.list || listed.has(name.replace(/\/[^/]*$/, ''));
      const isGone = (name: string) => !name.endsWith('/') && table.isUnseen(name) && hasPlace(name);
      const known =
        whole &&
        ((table.unseen() === 0 && moved.size === 0) ||
          (await basis((name, facts) => {
            if (isGone(name)) gone.push(name);
            else if (table.isSeen(name) && !listed.has(name) && isBelow(name, moved)) list(name, facts);
          })));
      const all = (links === 'right' ? [...groups.values()] : [])
        .filter(({ length: names }) => names > 1)
        .map((group) => firstToLinkTo(group, listed));
      const onList = all.flatMap((group) => groupOnList(group, listed));
      for (const name of onList.flatMap(([, ...others]) => others)) {
        const facts = listed.get(name) ?? '';
        if (!facts.endsWith('-')) manifest.add(entryOf(name, facts));
        listed.delete(name);
      }
      const sizes = [...listed.values()].filter((facts) => facts.startsWith('file ')).map((facts) => sizeIn(facts));
      const bytes = sizes.reduce((sum, size) => sum + size, 0);
      const names = [...listed.keys()];
      // Without a look at the inodes, nobody knows what was touched.
      const fits = length <= MOST.list && grouped <= MOST.groups && links !== 'unknown';
      return {
        list: fits ? { names, files: sizes.length, bytes, manifest } : undefined,
        gone: known ? gone : undefined,
        groups: grouped <= MOST.groups ? { onList, all } : undefined,
      };
    },
  };
}

/** Whether a directory above a name is one of these. */
function isBelow(name: string, directories: ReadonlySet<string>): boolean {
  if (directories.size === 0 || name.endsWith('/')) return false;
  for (let slash = name.lastIndexOf('/'); slash > 0; slash = name.lastIndexOf('/', slash - 1)) {
    if (directories.has(name.slice(0, slash))) return true;
  }
  return false;
}

/**
 * Names of one file, the one first to which the others are linked: one that has not changed, which is linked from the basis, or else the
 * first, which is sent.
 */
function firstToLinkTo(group: readonly string[], listed: ReadonlyMap<string, string>): string[] {
  const unchanged = group.find((name) => !listed.has(name));
  return unchanged === undefined ? [...group] : [unchanged, ...group.filter((name) => name !== unchanged)];
}

/** The same for those that are on the list, if any are. */
function groupOnList([first = '', ...others]: readonly string[], listed: ReadonlyMap<string, string>): string[][] {
  const some = others.filter((name) => listed.has(name));
  return some.length === 0 ? [] : [[first, ...some]];
}

/** The reverse of factsOf. */
function entryOf(name: string, facts: string): ManifestEntry {
  const [kind = '', , mtime = ''] = facts.split(' ');
  return { name, kind, size: sizeIn(facts), mtime };
}

function sizeIn(facts: string): number {
  return Number(facts.split(' ')[1] ?? 0);
}
