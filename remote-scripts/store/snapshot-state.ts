import type { SnapshotId } from '../../src/shared/snapshot-id.ts';
import { frozenName, parseEntryName, partialName, type EntryName } from '../../src/shared/entry-names.ts';

/**
 * The state of an id (design.md#on-the-secondary), as shown by the names in the directory of its job:
 *
 *   none -> partial -> sealed -> trash -> none
 *              `----> frozen -> none (it leaves for the trash in one step)
 *
 * `trash`: prune has moved the directory away and was killed before the seal followed. `bare`: a directory under its
 * final name without a seal. Either a seal was being placed when the gate died, or its origin is unknown. It is left
 * alone.
 */
export type SnapshotState = 'none' | 'partial' | 'frozen' | 'sealed' | 'trash' | 'bare';

/** What may be done with an id in some state. */
export interface Standing {
  /** Name of the directory that a session may use; undefined if there is none. */
  readonly directory: string | undefined;
  /** Whether a later push may link to what is in it. */
  readonly basis: boolean;
  /** Whether it is an attempt without a seal. It is thrown away if the disk may have failed to write it. */
  readonly unsealed: boolean;
}

/** What each state means. A new state has to be added here only. */
export function standingOf(id: SnapshotId, state: SnapshotState): Standing {
  switch (state) {
    case 'partial':
      return { directory: partialName(id), basis: false, unsealed: true }; // a push may still be writing to it
    case 'frozen':
      return { directory: frozenName(id), basis: true, unsealed: true };
    case 'sealed':
      return { directory: id, basis: true, unsealed: false };
    case 'trash':
    case 'bare':
    case 'none':
      return { directory: undefined, basis: false, unsealed: false };
    default:
      return state satisfies never;
  }
}

/** What may lie there whatever the state of its id is. */
const SAYS_NOTHING: ReadonlySet<EntryName['kind']> = new Set(['unfinished-seal', 'manifest', 'unfinished-manifest']);

/** Derives the states from the names in a job's directory. Names that are not ours are ignored. */
export function statesOf(names: readonly string[]): Map<SnapshotId, SnapshotState> {
  const found = new Map<SnapshotId, Set<EntryName['kind']>>();
  for (const name of names) {
    const entry = parseEntryName(name);
    if (entry === undefined || SAYS_NOTHING.has(entry.kind)) continue;
    found.set(entry.id, (found.get(entry.id) ?? new Set()).add(entry.kind));
  }
  return new Map([...found].map(([id, kinds]) => [id, stateOf(kinds)]));
}

function stateOf(kinds: ReadonlySet<EntryName['kind']>): SnapshotState {
  if (kinds.has('complete')) return kinds.has('seal') ? 'sealed' : 'bare';
  if (kinds.has('partial')) return 'partial';
  // An id that has only a seal counts as used nevertheless.
  return kinds.has('frozen') ? 'frozen' : 'trash';
}
