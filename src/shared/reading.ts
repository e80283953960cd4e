import { manifestName } from './entry-names.ts';
import { sealName } from './seal.ts';
import { parseSnapshotId, type SnapshotId } from './snapshot-id.ts';

/*
 * What a client with the read key may name on the secondary (design.md#the-wire). Both hosts use this.
 *
 *   JOB/ID/[PATH]           in a sealed snapshot
 *   JOB/ID.unsealed/[PATH]  in an attempt without a seal, which nobody has verified; behind the gate alone
 *   JOB/ID.sealed           the seal
 *   JOB/ID.sha256           the manifest, if there is one
 */

/** What is read of one snapshot. */
export type ReadableThing = 'sealed' | 'unsealed' | 'seal' | 'manifest';

const NAMES: Readonly<Record<ReadableThing, (id: SnapshotId) => string>> = {
  sealed: (id) => id,
  unsealed: (id) => `${id}.unsealed`,
  seal: sealName,
  manifest: manifestName,
};
const THINGS = Object.keys(NAMES) as ReadableThing[];

/** Reads the name behind `JOB/`. @returns undefined for another name */
export function parseReadable(name: string): { readonly id: SnapshotId; readonly thing: ReadableThing } | undefined {
  const id = parseSnapshotId(name.split('.')[0] ?? '');
  if (id === undefined) return undefined;
  const thing = THINGS.find((each) => NAMES[each](id) === name);
  return thing === undefined ? undefined : { id, thing };
}

/** The name behind `JOB/`; the reverse of {@link parseReadable}. */
export function readableName(id: SnapshotId, thing: ReadableThing): string {
  return NAMES[thing](id);
}

/** What a client asks for to be told what is stored: this word, or this word and a job. */
export const LIST = 'list';
