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
  /** Names of one file each, where one of them may have changed. Only the first of each is on the {@link list}. */
  readonly groups: readonly (readonly string[])[];
}

/** Names that a push has to look at. */
export interface PushList {
  /** As rsync writes them: every directory, and what may have changed. */
  readonly names: readonly string[];
  /** The regular files among them, and their bytes. */
  readonly files: number;
  readonly bytes: number;
  /** Was given everything else that the source holds. */
  readonly manifest: ManifestWriter;
}

/** Surveys a source while it is walked. */
export interface SurveyWatch {
  readonly onEntry: (entry: ListedEntry) => void;
  readonly onInode: (inode: Inode) => void;
  /** @param basis calls its argument with each name of the basis */
  end(basis: (onName: (name: string) => void) => Promise<boolean>): Promise<Survey>;
}

/** Characters of all names together that are kept. */
const MOST = 32 * 1024 ** 2;

/**
 * Starts a survey.
 * @param table what the basis holds
 * @param since files that were touched since then may have changed, whatever their size and time say
 * @param manifest is given what has not changed; the push names the rest
 */
export function surveySource(table: NameTable, since: Date, manifest: ManifestWriter): SurveyWatch {
  /** What is on the list, with what is known of it; nothing of directories. */
  const listed = new Map<string, string>();
  const groups = new Map<string, string[]>();
  /** Symbolic links by each name that their line may stand for. */
  const doubtful = new Map<string, string>();
  let length = 0;
  const list = (name: string, facts: string): void => {
    if (!listed.has(name)) length += name.length;
    if (length <= MOST) listed.set(name, facts);
  };
  const compare = (name: string, facts: string): void => {
    if (table.see(name, facts) === 'same') manifest.add(entryOf(name, facts));
    else list(name, facts);
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
      if (names.length === 1 && only !== undefined) compare(only, factsOf(entry));
      else for (const each of names) doubtful.set(each, factsOf(entry));
    },
    onInode: ({ name, links, ctimeMs, number, facts }) => {
      const [type, size = '0'] = facts.split(' ');
      const known = doubtful.get(name);
      if (known !== undefined && type === 'l') compare(name, known);
      if (ctimeMs < since.getTime()) return;
      if (!listed.has(name)) list(name, type === 'f' ? `file ${size} -` : '');
      if (links < 2) return;
      length += name.length;
      if (length <= MOST) groups.set(number, [...(groups.get(number) ?? []), name]);
    },
    end: async (basis) => {
      const gone: string[] = [];
      const isGone = (name: string) => !name.endsWith('/') && table.isUnseen(name);
      // A table without anything may be one that could not be read.
      const none = table.size() === 0 || table.unseen() > 0;
      const known = !none || (await basis((name) => isGone(name) && gone.push(name)));
      const several = [...groups.values()].filter(({ length: names }) => names > 1);
      for (const name of several.flatMap(([, ...others]) => others)) {
        const facts = listed.get(name) ?? '';
        if (!facts.endsWith('-')) manifest.add(entryOf(name, facts));
        listed.delete(name);
      }
      const sizes = [...listed.values()].filter((facts) => facts.startsWith('file ')).map((facts) => sizeIn(facts));
      const bytes = sizes.reduce((sum, size) => sum + size, 0);
      const names = [...listed.keys()];
      return {
        list: length > MOST ? undefined : { names, files: sizes.length, bytes, manifest },
        gone: known ? gone : undefined,
        groups: several,
      };
    },
  };
}

/** The reverse of factsOf. */
function entryOf(name: string, facts: string): ManifestEntry {
  const [kind = '', , mtime = ''] = facts.split(' ');
  return { name, kind, size: sizeIn(facts), mtime };
}

function sizeIn(facts: string): number {
  return Number(facts.split(' ')[1] ?? 0);
}
