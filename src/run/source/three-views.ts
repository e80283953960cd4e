import type { RunProcess } from '../../platform/process.ts';
import { judgeSession } from '../../rsync/exit.ts';
import { listSource, type ListedEntry, type ListingSpec } from '../../rsync/listing.ts';
import type { SessionResult } from '../../rsync/session.ts';
import { formatCount } from '../../shared/units.ts';

/** What one session saw of a source: entries by kinds. FIFOs, sockets and devices do not count, because they come and go and are never stored. */
export interface View {
  readonly files: number;
  readonly directories: number;
  readonly symlinks: number;
}

/** The views of all sessions that read one source. */
export interface Views {
  /** The walk before anything was sent. */
  readonly walked: View;
  /** The push; undefined where nothing was pushed. */
  readonly pushed?: View;
  /** The verification, where it compared everything. */
  readonly compared?: View;
}

/** What a session saw. With `--no-links` it sees symbolic links, but skips them. */
export function viewOf({ source, skippedSpecial }: Pick<SessionResult, 'source' | 'skippedSpecial'>): View {
  const { regularFiles: files, directories, symlinks, specials } = source;
  return { files, directories, symlinks: symlinks - Math.max(0, skippedSpecial - specials) };
}

/** What to do if the views differ. */
export const NOT_ALL_SEEN =
  'Make the source stable while it is sent (backup job finished? snapshot of the file system?). If it is, look for an alias for rsync in /etc/popt.';

/** Counts what a listing names. */
export function createView(): { add(kind: ListedEntry['kind']): void; view(): View } {
  const view = { files: 0, directories: 0, symlinks: 0 };
  return {
    add: (kind) => {
      if (kind === 'file') view.files += 1;
      else if (kind === 'directory') view.directories += 1;
      else if (kind === 'symlink') view.symlinks += 1;
    },
    view: () => ({ ...view }),
  };
}

/**
 * Compares the views of one source. rsync reads options from files that are not ours (`/etc/popt`). Such an option leaves a file out
 * of both push and verification, and both then agree that all is well. If the walk disagrees, it is repeated, because the source may
 * have changed since.
 * @param spec the source as push and verification used it
 * @returns why it is uncertain that everything was stored; undefined if the views agree
 */
export async function disagreement(views: Views, spec: ListingSpec, run: RunProcess): Promise<string | undefined> {
  const { walked, pushed, compared } = views;
  const seen = pushed ?? compared ?? walked;
  if (pushed !== undefined && compared !== undefined) {
    const [sent, read] = told(pushed, compared);
    if (sent !== '') {
      return `rsync has sent ${sent} of the source and compared ${read}: it changes meanwhile, or something makes rsync skip entries`;
    }
  }
  if (told(walked, seen)[0] === '') return undefined;
  const now = await look(spec, run);
  if (now === undefined) return undefined;
  const [there, dealtWith] = told(now, seen);
  if (there === '') return undefined;
  const did = [...(pushed === undefined ? [] : ['sent']), ...(compared === undefined ? [] : ['compared'])].join(
    ' and ',
  );
  return `the source holds ${there}, and rsync has ${did} ${dealtWith}: it changes meanwhile, or an alias for rsync (/etc/popt) leaves something out`;
}

const WORDS = {
  files: ['file', 'files'],
  directories: ['directory', 'directories'],
  symlinks: ['symbolic link', 'symbolic links'],
} as const satisfies Record<keyof View, readonly [string, string]>;

/** The kinds in which two views differ, for people: `8 files and 1 symbolic link`, `6 and 0`; both empty when they agree. */
function told(one: View, other: View): readonly [string, string] {
  const kinds = (Object.keys(WORDS) as (keyof View)[]).filter((kind) => one[kind] !== other[kind]);
  return [
    kinds.map((kind) => formatCount(one[kind], WORDS[kind][0], WORDS[kind][1])).join(' and '),
    kinds.map((kind) => String(other[kind])).join(' and '),
  ];
}

/** Lists a source again; undefined if it could not be listed completely. */
async function look(spec: ListingSpec, run: RunProcess): Promise<View | undefined> {
  const counter = createView();
  const end = await listSource(spec, run, ({ kind }) => counter.add(kind));
  return judgeSession(end).kind === 'ok' ? counter.view() : undefined;
}
