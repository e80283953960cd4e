import { GATE } from '../../remote-scripts/gate/help.ts';
import { SECONDARY_CONFIG } from '../../remote-scripts/config/location.ts';
import type { Block } from './roff.ts';
import { item, nameLine, paragraph, section, verbatim } from './words.ts';

/** The page of the gate, whose few options are no commands of commander. */
export function gatePage(seeAlso: readonly string[]): readonly Block[] {
  const { name, usages, description, keys, options, exits } = GATE;
  return [
    ...nameLine(name, 'lets one primary add snapshots to the secondary, and nothing else'),
    section('Synopsis'),
    ...usages.map((usage): Block => ({ kind: 'paragraph', text: [{ typed: name }, ` ${usage}`] })),
    section('Description'),
    paragraph(description),
    ...keys.flatMap(([about, line]) => [paragraph(about), verbatim(line)]),
    section('Options'),
    ...options.map(([flag, text]) => item([{ typed: flag }], text)),
    section('Exit status'),
    ...exits.map(([code, text]) => item([{ typed: code }], text)),
    section('Files'),
    item([{ open: SECONDARY_CONFIG }], 'what this machine accepts, offsite-rsync-secondary.yaml(5)'),
    section('See also'),
    paragraph(seeAlso.join(', ')),
  ];
}
