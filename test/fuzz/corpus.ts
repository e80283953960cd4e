import { readFileSync } from 'node:fs';
import type { Target } from './target.ts';

const SEPARATOR = '\n%%\n';

/** The seeds of a target, whose name is also that of its corpus unless it says otherwise. For the settings, the examples that people begin with are among them. */
export function corpusOf({ name: own, corpus: name = own, seed = (text) => text }: Target): string[] {
  const seeds = read(`corpus/${name}.txt`).trimEnd().split(SEPARATOR);
  if (name === 'primary-settings') seeds.push(read('../../config.example.yaml'));
  if (name === 'secondary-settings') seeds.push(read('../../remote-scripts/secondary.example.yaml'));
  return seeds.map(seed);
}

function read(path: string): string {
  return readFileSync(new URL(path, import.meta.url), 'utf8');
}
