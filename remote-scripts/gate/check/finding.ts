/** The result of one check. */
export interface Finding {
  /**
   * `good`: in order. `bad`: not in order, and `fix` says what to do. `hint`: works, but could be better. `unseen`:
   * this user cannot see it.
   */
  readonly kind: 'good' | 'bad' | 'hint' | 'unseen';
  readonly text: string;
  readonly fix?: string;
}

const MARKS: Readonly<Record<Finding['kind'], string>> = { good: '✓', bad: '✗', hint: '!', unseen: '–' };

export function good(text: string): Finding {
  return { kind: 'good', text };
}

export function bad(text: string, fix: string): Finding {
  return { kind: 'bad', text, fix };
}

export function hint(text: string, fix: string): Finding {
  return { kind: 'hint', text, fix };
}

export function unseen(text: string): Finding {
  return { kind: 'unseen', text };
}

/** Findings as lines for people. */
export function formatFindings(findings: readonly Finding[]): string {
  return findings
    .map(({ kind, text, fix }) => `${MARKS[kind]} ${text}\n${fix === undefined ? '' : `    ${fix}\n`}`)
    .join('');
}
