/** One metric family of a text file for Prometheus: its help, and the rows that one subject has in it. */
export interface Family<Subject> {
  /** Names and units follow https://prometheus.io/docs/practices/naming/: base units, `_total` only for counters. */
  readonly name: string;
  readonly help: string;
  readonly type: 'gauge' | 'counter';
  /** A number, several with a label of their own each, or nothing: unknown values are left out. */
  readonly value: (subject: Subject) => number | undefined | readonly LabelledValue[];
}

/** A value with labels beside those of its subject. */
export interface LabelledValue {
  readonly labels: Labels;
  readonly value: number;
}

export type Labels = Readonly<Record<string, string>>;

/**
 * The text for node_exporter's textfile collector.
 * @param labelsOf what tells the subjects apart
 */
export function renderFamilies<Subject>(
  families: readonly Family<Subject>[],
  subjects: readonly Subject[],
  labelsOf: (subject: Subject) => Labels,
): string {
  return families
    .map(({ name, help, type, value }) => {
      const rows = subjects.flatMap((subject) => {
        const found = value(subject);
        const values = typeof found === 'object' ? found : found === undefined ? [] : [{ labels: {}, value: found }];
        return values
          .filter((each) => Number.isFinite(each.value))
          .map((each) => `${name}${labelText({ ...labelsOf(subject), ...each.labels })} ${each.value}\n`);
      });
      return rows.length === 0 ? '' : `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${rows.join('')}`;
    })
    .join('');
}

function labelText(labels: Labels): string {
  const pairs = Object.entries(labels).map(([name, text]) => `${name}="${escapeLabel(text)}"`);
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`;
}

// Our names contain none of these characters, but the format requires the escaping.
function escapeLabel(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}
