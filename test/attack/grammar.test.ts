import { expect, test } from 'vitest';
import { rebuiltCommand } from '../../remote-scripts/gate/rebuilt-command.ts';
import { parseRequest, type GateRequest } from '../../remote-scripts/gate/request.ts';
import fc from '../support/properties.ts';
import { seedOfRun } from '../support/seed.ts';
import { FORBIDDEN_OPTIONS, FORBIDDEN_PATHS, ID, PREVIOUS } from './forbidden.ts';

/** What stock clients send; the attacker starts from here. */
const HONEST = [
  `rsync --server -lyyHogDtpAre.iLsfxCIvu --log-format=%i%I --timeout=300 --stats --partial --numeric-ids --compare-dest /db/${PREVIOUS}/ --fake-super . db/${ID}/`,
  `rsync --server -lyyHogDtpArce.iLsfxCIvu --log-format=%i%I --timeout=300 --stats --partial --numeric-ids --compare-dest /db/${PREVIOUS}/ --fake-super . db/${ID}/`,
  `rsync --server -lyHDtprze.iLsfxCIvu --log-format=%i%I --stats --partial --mkpath . db/${ID}/`,
  `rsync --server -nlHogDtpArce.iLsfxCIvu --log-format=%i --delete --numeric-ids --fake-super . db/${ID}/`,
  `rsync --server -lyyogDtpARe.LsfxCIvu --log-format=%i%I --stats --partial --numeric-ids --compare-dest /db/${PREVIOUS}/ --fake-super . db/${ID}/`,
  `rsync --server -nlHogDtpAcRe.LsfxCIvu --log-format=%i --numeric-ids --fake-super . db/${ID}/`,
  `rsync --server -nlHtrce.iLsfxCIvu --log-format=%i --delete . db/${ID}/`,
  `rsync --server -nlHtre.iLsfxCIvu --log-format=%i --delete . db/${ID}/`,
  `rsync --server -te.LsfxCIvu . db/${ID}.notes`,
  `rsync --server -te.LsfxCIvu . db/${ID}.sealed`,
];

const FORBIDDEN_LETTERS = /[BCEFIJKLNOQSTUVWXYZabdfhijkmqsuvwx]/;
const LETTERS_TO_TRY = 'BCEFIJKLNOQRSTUVWXYZabdfhijkmqsuvwxnlyHogDtpArcz'.split('');

const FORBIDDEN_WORDS: ReadonlySet<string> = new Set([...FORBIDDEN_OPTIONS, ...FORBIDDEN_PATHS]);

const SPECIAL = [' ', '  ', '\t', '\n', '\u2003', '\u00a0', '\u0085', '\0', '\\', '\\ ', '"', "'", '$(id)', '`id`', ';', '|', '&', '*', '?', '{a,b}', '[a]', '!', '#', '%f', '=', '--', '-', '.', 'é', '\x1b[2J']; // prettier-ignore

const pieces = fc.oneof(
  fc.constantFrom(...FORBIDDEN_OPTIONS, ...FORBIDDEN_PATHS, ...SPECIAL),
  fc.constantFrom(...HONEST.flatMap((line) => line.split(' '))),
  fc.string({ maxLength: 8 }),
  fc.string({ unit: 'binary', maxLength: 4 }),
);

/** One change of an honest line, by words or by characters. */
const mutation = fc.oneof(
  fc.record({ kind: fc.constant('insert' as const), at: fc.nat(), piece: pieces }),
  fc.record({ kind: fc.constant('replace' as const), at: fc.nat(), piece: pieces }),
  fc.record({ kind: fc.constant('remove' as const), at: fc.nat(), piece: fc.constant('') }),
  fc.record({ kind: fc.constant('splice' as const), at: fc.nat(), piece: pieces }),
  fc.record({ kind: fc.constant('letter' as const), at: fc.nat(), piece: fc.constantFrom(...LETTERS_TO_TRY) }),
);

const hostileLine = fc.oneof(
  { weight: 8, arbitrary: fc.tuple(fc.constantFrom(...HONEST), fc.array(mutation, { maxLength: 4 })).map(mutate) },
  { weight: 2, arbitrary: fc.array(pieces, { maxLength: 14 }).map((words) => `rsync --server ${words.join(' ')}`) },
  { weight: 1, arbitrary: fc.string({ maxLength: 200 }) },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 200 }) },
);

type Mutation = { kind: 'insert' | 'replace' | 'remove' | 'splice' | 'letter'; at: number; piece: string };

function mutate([line, mutations]: [string, Mutation[]]): string {
  return mutations.reduce((text, { kind, at, piece }) => {
    const words = text.split(' ');
    const index = at % (words.length + 1);
    switch (kind) {
      case 'insert':
        return words.toSpliced(index, 0, piece).join(' ');
      case 'replace':
        return words.toSpliced(index, 1, piece).join(' ');
      case 'remove':
        return words.toSpliced(index, 1).join(' ');
      case 'splice':
        return `${text.slice(0, at % (text.length + 1))}${piece}${text.slice(at % (text.length + 1))}`;
      case 'letter':
        return text.replace(/ -(?=[a-zA-Z]+e\.)/, ` -${piece}`);
      default:
        return kind satisfies never;
    }
  }, line);
}

const NAME = '2\\d{3}-\\d{2}-\\d{2}T\\d{6}Z';
/** Everything that may be emitted, written down a second time, independently of the code that emits it. */
const EMITTED = new RegExp(
  `^rsync --server -(?:n?(?:lH?ogDtpA(?:r|R)|lH?Dtp(?:r|R)|lH?tr)y{0,2}c?z?|tz?)e\\.i?L?s?f?x?C?I?v?u?( (?:--log-format=%i(?:%I)?|--timeout=\\d{1,6}|--bwlimit=\\d{1,9}|--compress-choice=(?:zstd|lz4|zlibx|zlib|none)|--delete|--stats|--partial|--numeric-ids|--fake-super|--compare-dest /${NAME}/))* \\. ${NAME}(?:\\.partial/|\\.notes|\\.sealed)$`,
);

/** The words of a line as a lenient reader (rrsync) would find them: split at every Unicode blank, quotes dropped. */
function lenientWords(line: string): string[] {
  return line.split(/[\s\u0085]+/u).map((word) => word.replace(/["'\\]/g, ''));
}

/** Plain conditions: a million calls of `expect` would take a minute. */
function must(condition: boolean, what: string): void {
  if (!condition) throw new Error(what);
}

function assertHarmless(line: string, request: GateRequest): void {
  const words = lenientWords(line);
  for (const word of words) must(!FORBIDDEN_WORDS.has(word), `accepted with ${word}`);
  const clusters = words.filter((word) => /^-[^-]/.test(word));
  must(clusters.length === 1, 'accepted with several groups of letters');
  const letters = clusters[0]?.replace(/e\..*/, '') ?? '';
  must(!FORBIDDEN_LETTERS.test(letters), `accepted with -${letters}`);
  must(!words.includes('--delete') || letters.includes('n'), 'accepted a deletion that is no dry run');

  const command = rebuiltCommand(request, {
    place: `${request.id}${request.kind === 'seal' ? '.sealed' : request.kind === 'notes' ? '.notes' : '.partial/'}`,
    basis: request.kind === 'push' ? request.bases[0] : undefined,
    timeoutSeconds: 600,
    delta: true,
    fuzzy: true,
    continues: false,
  });
  must(EMITTED.test(command), `emitted ${command}`);
  must(request.kind !== 'verify' || command.includes(' -n'), `emitted a verification that writes: ${command}`);
  must(!command.includes('--delete') || command.includes(' -n'), `emitted a deletion: ${command}`);
}

test('lets no forbidden option or path through in 100,000 random and mutated command lines', () => {
  let accepted = 0;
  let refused = 0;
  fc.assert(
    fc.property(hostileLine, (line) => {
      const parsed = parseRequest(line);
      if (parsed.ok) {
        accepted += 1;
        assertHarmless(line, parsed.request);
      } else {
        refused += 1;
        // The reason goes to the client and into the log: it must not carry the attacker's bytes there.
        must(/^[\x20-\x7e]{1,1100}$/.test(parsed.reason), `reason ${parsed.reason}`);
      }
    }),
    { numRuns: 100_000, verbose: false },
  );
  process.stderr.write(`grammar: OFFSITE_TEST_SEED=${seedOfRun()}, ${accepted} accepted, ${refused} refused\n`);
  // A generator whose every line is refused would prove nothing.
  expect(accepted).toBeGreaterThan(5000);
  expect(refused).toBeGreaterThan(50_000);
});

test.each(FORBIDDEN_OPTIONS)('refuses %s at every place of every honest line', (option) => {
  for (const line of HONEST) {
    const words = line.split(' ');
    for (let at = 0; at <= words.length; at += 1) {
      expect(parseRequest(words.toSpliced(at, 0, option).join(' ')).ok).toBe(false);
    }
  }
});

test.each(FORBIDDEN_PATHS)('refuses the destination and the basis %s', (path) => {
  for (const line of HONEST) {
    expect(parseRequest(line.replace(/\S+$/, path)).ok).toBe(false);
    if (path !== `/db/${ID}/`) {
      expect(parseRequest(line.replace(' . ', ` --compare-dest ${path} . `)).ok).toBe(false);
      expect(parseRequest(line.replace(' . ', ` --compare-dest=${path} . `)).ok).toBe(false);
    }
  }
});
