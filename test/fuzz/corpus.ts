import { readFileSync } from 'node:fs';

const SEPARATOR = '\n%%\n';

/** The seeds of a target. For the settings, the examples that people begin with are among them. */
export function corpusOf(name: string): string[] {
  const seeds = read(`corpus/${name}.txt`).trimEnd().split(SEPARATOR);
  if (name === 'primary-settings') seeds.push(read('../../config.example.yaml'));
  if (name === 'secondary-settings') seeds.push(read('../../remote-scripts/secondary.example.yaml'));
  return seeds;
}

function read(path: string): string {
  return readFileSync(new URL(path, import.meta.url), 'utf8');
}
