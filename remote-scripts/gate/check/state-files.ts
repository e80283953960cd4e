import type { Dirent } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { bad, type Finding } from './finding.ts';

/** What belongs in a host's state directory: names there, and what bears them. What matches none is nobody's concern. */
const KINDS: readonly (readonly [names: RegExp, kind: 'file' | 'directory'])[] = [
  [/^gate\.log(\.1)?$/, 'file'],
  [/^settings\.json$/, 'file'],
  [/\.(lock|attempts\.jsonl|unflushed)$/, 'file'],
  [/^prune\.json$/, 'file'],
  [/^(spool|inodes|prune\.tmp)$/, 'directory'],
  [/^(spool|inodes)\/[^/]+$/, 'directory'],
  [/^spool\/[^/]+\/(incoming|accepted)$/, 'directory'],
  [/^spool\/[^/]+\/accepted\/[^/]+$/, 'file'],
  [/^inodes\/[^/]+\/[^/]+$/, 'file'],
];

/** Steps below the state directory at which the last of {@link KINDS} lies. */
const DEEPEST = 4;

/**
 * Finds what lies in the place of a file or directory of the gate's or prune's and is none: the gate names it in its log, but
 * not where it is the log, and passes over what it can do without.
 * @param state the host's state directory; one that cannot be read shows nothing, and is found fault with elsewhere
 */
export async function checkState(state: string): Promise<Finding[]> {
  const findings: Finding[] = [];
  const look = async (below: string, depth: number): Promise<void> => {
    const entries = await readdir(join(state, below), { withFileTypes: true }).catch(() => []);
    for (const entry of entries) {
      const place = join(below, entry.name);
      const kind = KINDS.find(([names]) => names.test(place))?.[1];
      if (kind === undefined) continue;
      const fits = kind === 'file' ? entry.isFile() : entry.isDirectory();
      if (!fits) findings.push(bad(`${join(state, place)} is ${whatIs(entry)}, and no ${kind}`, 'Move it away.'));
      else if (kind === 'directory' && depth < DEEPEST) await look(place, depth + 1);
    }
  };
  await look('', 1);
  return findings;
}

function whatIs(entry: Dirent): string {
  if (entry.isDirectory()) return 'a directory';
  if (entry.isSymbolicLink()) return 'a symbolic link';
  if (entry.isFile()) return 'a file';
  return entry.isFIFO() ? 'a named pipe' : 'a socket or device';
}
