import type { GateRequest } from '../../../remote-scripts/gate/request.ts';
import { must, mustBeSame } from '../target.ts';

/*
 * What a command of the push key looks like and means, written down a second time and on purpose not taken from the table of the gate
 * (gate/options.ts): a row that allows more than it should must not allow it here as well.
 */

const ID = /\d{4}-\d\d-\d\dT\d{6}Z/.source;
const PLACE = new RegExp(`^([A-Za-z0-9][A-Za-z0-9._-]{0,62}|_selftest)/(${ID})(/|\\.notes|\\.sealed)$`);

/** The letters of a session in the order of the alphabet, with those that it may lack in brackets. */
const LETTERS: Readonly<Record<string, string>> = {
  'push fake_super': 'AD(H)(R)(c)gl(n)op(r)t(yy)(z)',
  'push plain': 'D(H)(R)(c)l(n)p(r)t(yy)(z)',
  'push none': '(H)(c)l(n)rt(yy)(z)', // session.ts refuses it
  'verify fake_super': 'AD(H)(R)(c)glnop(r)t(z)',
  'verify plain': 'D(H)(R)(c)lnp(r)t(z)',
  'verify none': '(H)(c)lnrt(z)',
  'notes undefined': 't(z)',
  'seal undefined': 't(z)',
};

const ANY = ['timeout=[1-9]\\d{0,5}', 'bwlimit=[1-9]\\d{0,8}', 'compress-choice=(?:zstd|lz4|zlibx|zlib|none)'];
const TREE = [...ANY, 'log-format=%i(?:%I)?', 'stats'];

const LONG: Readonly<Record<GateRequest['kind'], readonly string[]>> = {
  push: [...TREE, 'partial', 'mkpath'],
  verify: [...TREE, 'delete'],
  notes: [...ANY, 'mkpath'],
  seal: [...ANY, 'mkpath'],
};

/**
 * What the gate has read in a command must be what the command says.
 * @throws Error for what no client of ours sends
 */
export function mustBePush(line: string, request: GateRequest): void {
  must(line.length <= 1024 && /^[A-Za-z0-9 ._/=%-]+$/.test(line), 'too long, or with foreign characters');
  const words = line.split(' ');
  const [, letters = '', capabilities] = /^-([A-Za-z]+?)e\.([A-Za-z]{0,24})$/.exec(words[2] ?? '') ?? [];
  must(words.slice(0, 2).join(' ') === 'rsync --server' && capabilities !== undefined, 'no rsync begins like this');
  const { kind, wire } = request;
  const metadata = String(wire.metadata);
  const sorted = Array.from(letters).sort().join('');
  const allowed = (LETTERS[`${kind} ${metadata}`] ?? '').replace('(yy)', 'y{0,2}').replaceAll(')', ')?');
  must(new RegExp(`^${allowed}$`).test(sorted), `the letters ${sorted} in a ${kind} with ${metadata}`);
  const has = (letter: string) => sorted.includes(letter);
  const isTree = kind === 'push' || kind === 'verify';
  must(!isTree || has('r') !== has('R'), 'a tree and a list');
  must(!has('r') || capabilities!.includes('i'), 'a tree in one list');
  must(!has('R') || !has('H') || has('n'), 'hard links of a list');

  const rest = words.slice(3, -2).join(' ');
  const bases = [...rest.matchAll(new RegExp(`--compare-dest /([^/ ]+)/(${ID})/(?= |$)`, 'g'))];
  const options = rest.split(' ').filter((word) => word !== '--compare-dest' && !word.startsWith('/') && word !== '');
  must(options.length + 2 * bases.length === (rest === '' ? 0 : rest.split(' ').length), 'words beside the options');
  must(bases.length <= (kind === 'push' ? 5 : 0), `${bases.length} bases`);
  const names = options.map((option) => option.split('=')[0]);
  must(new Set(names).size === names.length, 'an option twice');
  const isFake = metadata === 'fake_super';
  const long = [...LONG[kind], ...(isFake ? ['numeric-ids', 'fake-super'] : [])].join('|');
  for (const option of options) must(new RegExp(`^--(?:${long})$`).test(option), `${option} in a ${kind}`);
  must(!isFake || (names.includes('--numeric-ids') && names.includes('--fake-super')), 'names of owners');
  must(kind !== 'push' || names.includes('--partial') || !(has('n') || has('c')), 'a push that is a verification');

  const [, job = '', id = '', end] = PLACE.exec(words.at(-1) ?? '') ?? [];
  must(words.at(-2) === '.' && !/\.(?:sealed|partial|frozen)$/.test(job), `the place ${words.at(-1)}`);
  must(job !== '_selftest' || isTree, 'a trial that is sealed');
  for (const each of [id, ...bases.map(([, , basis = '']) => basis)]) must(exists(each), `the second ${each}`);
  must(
    bases.every(([, of]) => of === job),
    'a basis of another job',
  );
  must(request.job === job && request.id === id, 'another place');
  must({ push: '/', verify: '/', notes: '.notes', seal: '.sealed' }[kind] === end, `a ${kind} of ${end}`);
  const named = bases.map(([, , basis]) => basis);
  const meant =
    kind === 'push'
      ? { dryRun: has('n'), listed: has('R'), checksum: has('c'), bases: named }
      : kind === 'verify'
        ? { extras: names.includes('--delete') }
        : {};
  mustBeSame({ ...request, ...meant }, request, 'read as something else');
}

function exists(id: string): boolean {
  const time = `${id.slice(0, 13)}:${id.slice(13, 15)}:${id.slice(15, 17)}`;
  const at = Date.parse(`${time}Z`);
  return !Number.isNaN(at) && new Date(at).toISOString().startsWith(time);
}
