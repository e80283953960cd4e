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

const SUFFIXES: Readonly<Record<ReadableThing, string>> = {
  sealed: '',
  unsealed: '.unsealed',
  seal: '.sealed',
  manifest: '.sha256',
};
const THINGS = Object.keys(SUFFIXES) as ReadableThing[];

/** Reads the name behind `JOB/`. @returns undefined for another name */
export function parseReadable(name: string): { readonly id: SnapshotId; readonly thing: ReadableThing } | undefined {
  const [, stem = name, suffix = ''] = /^([^.]*)(\..*)$/.exec(name) ?? [];
  const id = parseSnapshotId(stem);
  const thing = THINGS.find((each) => suffix === SUFFIXES[each]);
  return id === undefined || thing === undefined ? undefined : { id, thing };
}

/** The name behind `JOB/`; the reverse of {@link parseReadable}. */
export function readableName(id: SnapshotId, thing: ReadableThing): string {
  return `${id}${SUFFIXES[thing]}`;
}

/** What a client asks for to be told what is stored: this word, or this word and a job. */
export const LIST = 'list';
