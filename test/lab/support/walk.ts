import { readFileSync } from 'node:fs';
import type { Block } from './documented.ts';
import { ADDRESS, MESSENGER, type NewcomerLab, type Typed } from './newcomer-lab.ts';

/** One block of the pages, as a newcomer meets it. */
export interface Step {
  /** A line that only this block has. */
  readonly block: string;
  readonly on: 'primary' | 'secondary';
  /** Commands that do not end with 0, as in {@link Typed.failed}, each with its reason. */
  readonly failing?: readonly RegExp[];
  /** Prepares what a newcomer would have. */
  readonly before?: (lab: NewcomerLab) => void;
  /** How a block that is not for a shell is put into place; by default it is typed. */
  readonly put?: (lab: NewcomerLab, text: string) => void;
  /** Checks the result. */
  readonly after?: (lab: NewcomerLab, typed: Typed) => void | Promise<void>;
}

/** The version of what is built. */
export const { version } = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8')) as {
  version: string;
};

const HOST_KEY = '/etc/ssh/ssh_host_ed25519_key.pub';

/** What a newcomer writes where the pages have a placeholder. */
const PLACEHOLDERS: readonly (readonly [RegExp, (lab: NewcomerLab) => string])[] = [
  [/(?<=git clone )…/, () => '/opt/lab/origin'],
  [/(?<=offsite-rsync-secondary-)VERSION/g, () => version],
  [/mount -o ro \/dev\/sdb1/, () => 'mount --bind -o ro /srv/offsite'],
  [/AAAA…/, ({ primary }) => primary.read('/etc/offsite-rsync/vault.key.pub').split(' ')[1] ?? ''],
  [/SHA256:…/, ({ secondary }) => secondary.must('ssh-keygen', '-l', '-f', HOST_KEY).split(' ')[1] ?? ''],
  [/(?<=VAULT_HOST=)…/, () => ADDRESS.secondary],
  [/(?<=NTFY_URL=)…/, () => MESSENGER],
  [/VAULT-ADDRESS/, () => ADDRESS.secondary],
  [/2026-11-23T021500Z/g, newestSealed],
  // A day to come.
  [/(?<=--until )\d{4}-\d\d-\d\d/, () => new Date(Date.now() + 90 * 86_400_000).toISOString().slice(0, 10)],
  // What is typed or pasted there.
  [/(?<=\/dev\/stdin vault-host) .*$/m, () => ` <<<${ADDRESS.secondary}`],
  [/(?<=\/dev\/stdin vault-user) .*$/m, () => ' <<<offsite-db1'],
  [/(?<=\/dev\/stdin \S*\/phone) .*$/m, () => ` <<<${MESSENGER}`],
];

/** Id of the newest sealed snapshot of the job `postgres`. */
export function newestSealed({ secondary }: NewcomerLab): string {
  const names = secondary.must('ls', '/srv/offsite/db1/postgres').split('\n');
  return (names.filter((name) => name.endsWith('.sealed')).at(-1) ?? '').slice(0, -'.sealed'.length);
}

/** Fills in every placeholder of a block. */
export function filledIn(text: string, lab: NewcomerLab): string {
  return PLACEHOLDERS.reduce(
    (filled, [placeholder, value]) => filled.replace(placeholder, (found) => (found === '' ? '' : value(lab))),
    text,
  );
}

/** Types a block, or puts it into place. @throws Error when it contains an unknown placeholder */
export function take(step: Step, block: Block, lab: NewcomerLab): Typed {
  step.before?.(lab);
  const text = filledIn(block.text, lab);
  if (/^(?! *#).*…/m.test(text))
    throw new Error(`${block.page}:${block.line} holds a placeholder that no row fills in:\n${text}`);
  if (!step.put) return lab.type(step.on, text);
  step.put(lab, text);
  return { output: '', failed: [] };
}
