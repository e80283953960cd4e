import { expect, test } from 'vitest';
import { parseReadRequest, type ListRequest, type ReadRequest } from '../../remote-scripts/gate/read/request.ts';
import { rebuiltCommand } from '../../remote-scripts/gate/rebuilt-command.ts';
import fc from '../support/properties.ts';

const ID = '2026-11-23T021500Z';

/** What a stock client of the read key sends; the attacker starts from here. */
const HONEST = [
  `rsync --server --sender -lHogDtpAre.iLsfxCIvu --timeout=300 --numeric-ids --fake-super . /db/${ID}/`,
  `rsync --server --sender -nlHogDtpArce.iLsfxCIvu --numeric-ids --fake-super . /db/${ID}.unsealed/etc/`,
  `rsync --server --sender -lHDtprSze.iLsfxCIvu --bwlimit=500 . db/${ID}/a/b`,
  `rsync --server --sender -de.LsfxCIvu --list-only . /db/${ID}/etc/`,
  `rsync --server --sender -te.LsfxCIvu . db/${ID}.sha256`,
  'list',
  'list db',
];

const PIECES = [
  ...HONEST.flatMap((line) => line.split(' ')),
  ...['..', '../', '/../', '/etc/passwd', '/', '.', '//', '~', `/db/${ID}/../`, `db/${ID}/./x`, '.trash/', `db/${ID}.partial/`, `db/${ID}.frozen/`],
  ...['--remove-source-files', '--delete', '--files-from=-', '--from0', '--log-file=/x', '--copy-links', '--inplace', '--partial', '--daemon'],
  ...['-L', '-k', '-R', '-s', '-X', '-e.', '\t', '\n', '\0', '\\', '"', "'", '*', '?', '{a,b}', '$(id)', ';', '|', 'é', ' '],
]; // prettier-ignore

const piece = fc.oneof(
  fc.constantFrom(...PIECES),
  fc.string({ maxLength: 6 }),
  fc.string({ unit: 'binary', maxLength: 3 }),
);
const mutation = fc.record({ how: fc.constantFrom('insert', 'replace', 'splice', 'letter'), at: fc.nat(), piece });
const hostileLine = fc
  .tuple(fc.constantFrom(...HONEST), fc.array(mutation, { maxLength: 4 }))
  .map(([line, mutations]) =>
    mutations.reduce((text, { how, at, piece: with_ }) => {
      const words = text.split(' ');
      if (how === 'insert') return words.toSpliced(at % (words.length + 1), 0, with_).join(' ');
      if (how === 'replace') return words.toSpliced(at % words.length, 1, with_).join(' ');
      if (how === 'letter') return text.replace(/ -(?=[a-zA-Z]+e\.)/, ` -${with_}`);
      return `${text.slice(0, at % (text.length + 1))}${with_}${text.slice(at % (text.length + 1))}`;
    }, line),
  );

/** Everything that may be handed to rrsync, written down a second time, independently of the code that emits it. */
const EMITTED =
  /^rsync --server --sender -n?l?H?o?g?D?t?p?A?r?d?S?c?z?e\.i?L?s?f?x?C?v?u?( (?:--timeout=\d{1,6}|--bwlimit=\d{1,9}|--compress-choice=(?:zstd|lz4|zlibx|zlib|none)|--list-only|--numeric-ids|--fake-super))* \. \/[A-Za-z0-9._/=%+,@:~-]*$/;

function must(condition: boolean, what: string): void {
  if (!condition) throw new Error(what);
}

function assertHarmless(line: string, request: ReadRequest | ListRequest): void {
  must(request.job === undefined || /^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(request.job), `job ${request.job ?? ''}`);
  if (request.kind === 'list') {
    must(/^list( \S+)?$/.test(line), `listed for ${line}`);
    return;
  }
  const { path } = request;
  must(!path.startsWith('/') && !/(^|\/)\.{0,2}\//.test(path) && !/(^|\/)\.\.?$/.test(path), `path ${path}`);
  const rebuild = {
    place: `/${path}`,
    basis: undefined,
    timeoutSeconds: 9,
    delta: true,
    fuzzy: false,
    continues: false,
  };
  const command = rebuiltCommand(request, rebuild);
  must(EMITTED.test(command), `emitted ${command}`);
}

test('lets nothing that writes, climbs or hides through in 50,000 mutated command lines of the read key', () => {
  const count = { accepted: 0, refused: 0 };
  fc.assert(
    fc.property(hostileLine, (line) => {
      const parsed = parseReadRequest(line);
      count[parsed.ok ? 'accepted' : 'refused'] += 1;
      if (parsed.ok) assertHarmless(line, parsed.request);
      // The reason goes to the client and into the log: it must not carry the attacker's bytes there.
      else must(/^[\x20-\x7e]{1,5200}$/.test(parsed.reason), `reason ${parsed.reason}`);
    }),
    { numRuns: 50_000, verbose: false },
  );
  expect(count.accepted).toBeGreaterThan(5000);
  expect(count.refused).toBeGreaterThan(20_000);
});
