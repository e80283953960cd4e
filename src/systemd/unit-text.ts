/** One file below the directory of units (`/etc/systemd/system`). */
export interface UnitFile {
  /** Relative to that directory: `pg-backup.service.d/offsite-rsync.conf`. */
  readonly path: string;
  readonly text: string;
}

/** Where `systemctl help` leads. */
export const MANUAL = 'Documentation=man:offsite-rsync(1)';

/** A unit file cannot contain a value, a name is no name of a unit, or no unit can do what is wanted. The message says which. */
export class UnitTextError extends Error {
  override readonly name = 'UnitTextError';
}

/** Sections in order, each with its lines; comments and assignments. */
export function unitText(
  comment: readonly string[],
  sections: Readonly<Record<string, readonly string[]>>,
): UnitFile['text'] {
  const head = comment.map((line) => `# ${line}`);
  const body = Object.entries(sections).flatMap(([name, lines]) => ['', `[${name}]`, ...lines]);
  return `${[...head, ...body].join('\n')}\n`;
}

/** One word of a command line, or one path of a list (systemd.syntax(7)): specifiers are not expanded, and blanks do not split it. */
export function quoteWord(word: string): string {
  const escaped = escapeSpecifiers(word).replaceAll('\\', '\\\\').replaceAll('"', '\\"');
  return /^[\w@%+=:,./-]+$/.test(escaped) ? escaped : `"${escaped}"`;
}

/** A command line for `ExecStart=` and similar settings; variables are not expanded either. */
export function commandLine(words: readonly string[]): string {
  return words.map((word) => quoteWord(word).replaceAll('$', '$$$$')).join(' ');
}

/** A setting that takes one path literally, including blanks (`PathChanged=`). */
export function escapeSpecifiers(text: string): string {
  // A line break would begin another setting, so a path could add settings to the unit.
  if (/\p{Cc}/u.test(text)) {
    throw new UnitTextError(`${JSON.stringify(text)} contains a control character, which systemd does not accept.`);
  }
  return text.replaceAll('%', '%%');
}

/** A template that is started for one instance: `offsite-rsync@` and `db` give `offsite-rsync@db.service`. */
export function instanceOf(template: string, instance: string): string {
  return `${template}${instance}.service`;
}

/**
 * Checks the name of an existing service.
 * @throws UnitTextError when it is no such name, because it becomes part of a path
 */
export function checkServiceName(name: string): string {
  if (/^[\w:.\\@-]{1,240}\.service$/.test(name) && !name.startsWith('.') && !name.startsWith('@')) return name;
  throw new UnitTextError(
    `"${name}" is not the name of a service. Write it as systemctl shows it, such as pg-backup.service`,
  );
}
