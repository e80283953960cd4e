import type { RunProcess } from '../platform/process.ts';
import { judgeSession } from '../rsync/exit.ts';
import { listSource, type ListingSpec } from '../rsync/listing.ts';
import { formatCount } from '../shared/units.ts';

/** How many regular files of one source each of those saw that looked at it. */
export interface Views {
  /** The walk before anything was sent. */
  readonly walked: number;
  /** The push; undefined where nothing was pushed. */
  readonly pushed?: number;
  /** The verification, where it compared everything. */
  readonly compared?: number;
}

/**
 * Compares the views of one source. rsync takes options from files that are not ours (`/etc/popt`), and what leaves a file out of a
 * push leaves it out of the verification too: both then agree that all is well. A walk that says something else is made again, for
 * the source may have changed since.
 * @param spec the source as push and verification were told of it
 * @returns why it cannot be said that everything is there; undefined when the views agree
 */
export async function disagreement(views: Views, spec: ListingSpec, run: RunProcess): Promise<string | undefined> {
  const { walked, pushed, compared } = views;
  const seen = pushed ?? compared ?? walked;
  if (pushed !== undefined && compared !== undefined && compared !== pushed) {
    return `rsync has sent ${formatCount(pushed, 'file')} of the source and compared ${compared}: it changes meanwhile, or rsync is told to see less than there is`;
  }
  if (walked === seen) return undefined;
  const now = await countFiles(spec, run);
  if (now === undefined || now === seen) return undefined;
  const did = [...(pushed === undefined ? [] : ['sent']), ...(compared === undefined ? [] : ['compared'])].join(
    ' and ',
  );
  return `the source holds ${formatCount(now, 'file')}, and rsync has ${did} ${seen}: it changes meanwhile, or an alias for rsync (/etc/popt) leaves files out`;
}

/** Counts the regular files of a source; undefined when it could not be listed to its end. */
async function countFiles(spec: ListingSpec, run: RunProcess): Promise<number | undefined> {
  let files = 0;
  const end = await listSource(spec, run, ({ kind }) => {
    if (kind === 'file') files += 1;
  });
  return judgeSession(end).kind === 'ok' ? files : undefined;
}
