import { OPTIONS, rowOf, type Given, type OptionName } from '../../../remote-scripts/gate/options.ts';
import { parseReadRequest } from '../../../remote-scripts/gate/read/request.ts';
import { parseRequest } from '../../../remote-scripts/gate/request.ts';
import { readableName } from '../../../src/shared/reading.ts';
import { must, mustBeSame, type Target } from '../target.ts';
import { mustBePush } from './push-facts.ts';

/** The command lines of the push key: accepted is what rsync sends for the options that were read, and what push-facts.ts allows. */
export const pushCommands: Target = {
  name: 'push-commands',
  check: (line) => {
    const parsed = parseRequest(line);
    if (!parsed.ok) return refused(parsed.reason);
    const { request } = parsed;
    mustBePush(line, request);
    const { kind, job, id, wire } = request;
    const bases = kind === 'push' ? request.bases.flatMap((basis) => ['--compare-dest', `/${job}/${basis}/`]) : [];
    const file = kind === 'notes' ? '.notes' : kind === 'seal' ? '.sealed' : '/';
    const written = [...words(['--server'], wire.capabilities, wire.given), ...bases, '.', `${job}/${id}${file}`];
    mustBeWritten(line, written);
    mustBeSame(parseRequest(written.join(' ')), parsed, 'comes back as another request');
    return true;
  },
};

/** The command lines of the read key. */
export const readCommands: Target = {
  name: 'read-commands',
  check: (line) => {
    const parsed = parseReadRequest(line);
    if (!parsed.ok) return refused(parsed.reason);
    const { request } = parsed;
    if (request.kind === 'list') {
      must(line === (request.job === undefined ? 'list' : `list ${request.job}`), `took ${line} for a question`);
      return true;
    }
    const { job, id, thing, path, wire } = request;
    const place = `/${job}/${readableName(id, thing)}${thing === 'seal' || thing === 'manifest' ? '' : `/${path}`}`;
    const written = [...words(['--server', '--sender'], wire.capabilities, wire.given), '.', place];
    const steps = path.replace(/\/$/, '').split('/');
    must(path === '' || !steps.some((step) => ['', '.', '..'].includes(step)), `the path ${path} leads elsewhere`);
    mustBeWritten(line.replace(/ \. (?=[^/])(?=\S*$)/, ' . /'), written);
    mustBeSame(parseReadRequest(written.join(' ')), parsed, 'comes back as another request');
    return true;
  },
};

/** A reason goes to the client and into the log, so it must not carry the client's bytes there. */
function refused(reason: string): false {
  must(/^[\x20-\x7e]{1,5200}$/.test(reason), `the reason ${JSON.stringify(reason)}`);
  return false;
}

/** What rsync sends for these options: the letters in one group, which comes first. */
function words(server: readonly string[], capabilities: string, given: Given): string[] {
  const names = (Object.keys(OPTIONS) as OptionName[]).filter((name) => given.has(name));
  const letters = names.flatMap((name) => (rowOf(name).letter === undefined ? [] : [given.get(name) ?? '']));
  const long = names.flatMap((name) => {
    const { long: option } = rowOf(name);
    const value = given.get(name) ?? '';
    return option === undefined ? [] : [value === '' ? `--${option}` : `--${option}=${value}`];
  });
  return ['rsync', ...server, `-${letters.join('')}e.${capabilities}`, ...long];
}

/** The same words in any order behind the letters, which may be in any order too: rsync's has changed with its versions. */
function mustBeWritten(line: string, written: readonly string[]): void {
  const fixed = written.findIndex((word) => /^-[^-]/.test(word)) + 1;
  const found = line.split(' ');
  const shape = (all: readonly string[]) => [
    ...all
      .slice(0, fixed)
      .map((word) => word.replace(/^-[^-].*?(?=e\.)/, (group) => Array.from(group).sort().join(''))),
    ...all.slice(fixed).sort(),
  ];
  mustBeSame(shape(found), shape(written), 'no rsync of ours sends');
}
