import { lstatSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Store } from '../../prune/support/store.ts';

const DAY = 86_400_000;

/** When the first snapshot of {@link history} was begun. */
export const START = Date.parse('2026-11-01T02:15:00Z');

/** Seals snapshots of a source that changes: of each file some version, most shared with the snapshot before. */
export function history(made: Store, snapshots: number, files: number, random: () => number): string[] {
  const ids: string[] = [];
  let before = new Map<string, string>();
  for (let day = 0; day < snapshots; day += 1) {
    const time = new Date(START + day * DAY);
    const id = time.toISOString().replace(/:|\.000/g, '');
    const content = { files: {} as Record<string, string>, links: {} as Record<string, string> };
    const now = new Map<string, string>();
    for (let at = 0; at < files; at += 1) {
      const name = `dir-${at % 7}/file-${at}`;
      if (random() < 0.05) continue; // the source has lost it, or does not have it yet
      const held = before.get(name);
      if (held !== undefined && random() < 0.9) content.links[name] = held;
      else content.files[name] = `${id} ${name} ${'x'.repeat(Math.floor(random() * 300))}`;
      now.set(name, `${id}/${name}`);
    }
    ids.push(made.seal('db', time, content));
    before = now;
  }
  return ids;
}

/** A file of a store's snapshots. */
export interface StoredFile {
  readonly name: string;
  /** The snapshots that hold it, oldest first. */
  readonly snapshots: string[];
  readonly path: string;
}

/** Every file of a store's snapshots, by inode. */
export function storedFiles(store: Store): Map<string, StoredFile> {
  const files = new Map<string, StoredFile>();
  for (const id of store.names('db').filter((name) => !name.includes('.'))) {
    const snapshot = join(store.root, 'db', id);
    for (const entry of readdirSync(snapshot, { recursive: true, withFileTypes: true })) {
      if (!entry.isFile()) continue;
      const path = join(entry.parentPath, entry.name);
      const inode = String(lstatSync(path, { bigint: true }).ino);
      const known = files.get(inode);
      if (known === undefined) files.set(inode, { name: path.slice(snapshot.length + 1), snapshots: [id], path });
      else known.snapshots.push(id);
    }
  }
  return files;
}

/** What a record of damage says when the bytes of these inodes have changed, by inode. */
export function expectedDamage(files: ReadonlyMap<string, StoredFile>, inodes: readonly string[]) {
  return inodes
    .map((inode) => ({ inode, kind: 'content', name: files.get(inode)?.name, snapshots: files.get(inode)?.snapshots }))
    .sort((a, b) => Number(a.inode) - Number(b.inode));
}
