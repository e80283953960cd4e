import { spawnSync } from 'node:child_process';
import { TREE_PROGRAM } from '../../remote-scripts/gate/tree/tree-program.ts';
import { NOTES_HEADER } from '../../src/shared/notes.ts';
import type { Fuzzed, Limits } from './fuzz.ts';

/** What the gate reads in notes: names as latin1; `refused`: why it takes none. */
export type ReadNotes =
  { readonly gone: readonly string[]; readonly groups: readonly (readonly string[])[] } | { readonly refused: string };

/** Lets the gate's own reader read notes. */
export function readNotes(all: readonly Buffer[]): ReadNotes[] {
  return JSON.parse(python('read', ...all.map((notes) => notes.toString('base64')))) as ReadNotes[];
}

/** Inputs of one process of the reader. */
const PART = 100_000;

/**
 * Lets the gate's reader read so many mutated notes, and write and read again what it accepts.
 * @returns as {@link fuzz} does
 * @throws Error with the notes that it failed on
 */
export function fuzzNotes({ most = Infinity, ms = Infinity, seed = 1 }: Limits): Fuzzed {
  const until = performance.now() + ms;
  let [inputs, accepted, slowest] = [0, 0, 0];
  while (inputs < most && performance.now() < until) {
    const part = Math.min(PART, most - inputs);
    const [took, longest] = JSON.parse(python('fuzz', String(part), String(seed + inputs))) as [number, number];
    [inputs, accepted, slowest] = [inputs + part, accepted + took, Math.max(slowest, longest)];
  }
  return { inputs, accepted, slowest };
}

function python(...args: readonly string[]): string {
  const program = `PROGRAM = ${JSON.stringify(TREE_PROGRAM)}\n${HARNESS}`;
  const { status, stdout, stderr } = spawnSync('python3', ['-I', '-c', program, ...args], { encoding: 'utf8' });
  if (status !== 0) throw new Error(stderr);
  return stdout;
}

const HARNESS = `
import base64, io, json, random, sys, time
reader = {}
exec(PROGRAM.rsplit('\\ntry: print', 1)[0], reader)

class Refused(Exception): pass
def bad(why): raise Refused(why)
def parse(notes):
    reader['open'] = lambda path, mode: io.BytesIO(notes)
    return reader['read_notes']('notes')
reader['bad'] = bad

HEADER = b'${NOTES_HEADER}'
def write(gone, groups):
    records = [HEADER] + [b'-' + name for name in sorted(gone)]
    for group in groups: records += [(b'+' if index else b'=') + name for index, name in enumerate(group)]
    return b''.join(record + b'\\0' for record in records)

def check(notes):
    try: gone, groups = parse(notes)
    except Refused: return False
    for name in list(gone) + [name for group in groups for name in group]:
        steps = name.split(b'/')
        assert not any(step in (b'', b'.', b'..') or len(step) > 255 or b'\\0' in step for step in steps), name
    assert parse(write(gone, groups)) == (gone, groups), 'comes back as other notes'
    return True

SEEDS = [write({b'gone', b'etc/x y'}, [[b'a', b'b/c'], [b'\\xff\\n', b'd', b'e']]), write(set(), [[b'one']]), write({b'a/' * 40 + b'b'}, [])]
PIECES = [b'', b'\\0', b'-', b'=', b'+', b'/', b'//', b'.', b'..', b'../', b'\\n', b'\\xff', HEADER, b'x' * 256, b'\\0-\\0', b'\\0+x\\0', b'\\0=x\\0']
def mutate(rng):
    notes = rng.choice(SEEDS)
    for _ in range(rng.randrange(1, 5)):
        at = rng.randrange(len(notes) + 1)
        notes = notes[:at] + rng.choice(PIECES) + notes[at + rng.randrange(3):]
    return notes

def main(what, *args):
    if what == 'read':
        found = []
        for text in args:
            try:
                gone, groups = parse(base64.b64decode(text))
                found.append({'gone': sorted(name.decode('latin1') for name in gone), 'groups': [[name.decode('latin1') for name in group] for group in groups]})
            except Refused as why: found.append({'refused': str(why)})
        return json.dumps(found)
    rng, accepted, longest = random.Random(int(args[1])), 0, 0
    for _ in range(int(args[0])):
        notes, began = mutate(rng), time.monotonic()
        try: accepted += check(notes)
        except BaseException:
            print('the notes ' + repr(notes), file=sys.stderr)
            raise
        longest = max(longest, time.monotonic() - began)
    return json.dumps([accepted, longest * 1000])
print(main(*sys.argv[1:]))
`;
