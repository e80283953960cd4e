import { describe, expect, it } from 'vitest';
import { compileSchema } from '../../../src/settings/schema-compiler.ts';
import { secretReferenceSchema } from '../../../src/shared/secret-reference.ts';
import { formatProblems, parseYamlConfig } from '../../../src/settings/yaml-config.ts';
import fc from '../../support/properties.ts';

const validate = compileSchema({
  type: 'object',
  additionalProperties: false,
  required: ['name'],
  properties: {
    name: { type: 'string', format: 'name' },
    wait: { type: 'string', format: 'duration', default: '5m' },
    zone: { type: 'string', format: 'timezone' },
    host: secretReferenceSchema,
    mode: { type: 'string', enum: ['full', 'changed'] },
    group: {
      type: 'object',
      additionalProperties: false,
      default: {},
      properties: { count: { type: 'integer', minimum: 1, default: 3 } },
    },
    list: { type: 'array', items: { type: 'string', format: 'absolute-path' } },
  },
});

function problems(text: string) {
  const parsed = parseYamlConfig(text, validate);
  if (parsed.ok) throw new Error('it was accepted');
  return parsed.problems;
}

describe('a YAML file', () => {
  it('is filled up with its defaults, in groups too', () => {
    expect(parseYamlConfig('name: a', validate)).toMatchObject({
      ok: true,
      value: { name: 'a', wait: '5m', group: { count: 3 } },
    });
  });

  it('is told all of its problems at once, each with path, line and fix', () => {
    const found = problems(
      'name: -a\nwait: 5 minutes\nzone: Mars/Base\nhost: h.example.org\nmode: ful\ngroup:\n  cuont: 2\nlist: [a]\n',
    );
    expect(found).toEqual([
      { path: 'name', line: 1, message: expect.stringContaining('starts with a letter or digit') as string },
      { path: 'wait', line: 2, message: expect.stringContaining('write a duration such as') as string },
      { path: 'zone', line: 3, message: expect.stringContaining('Europe/Berlin') as string },
      { path: 'host', line: 4, message: expect.stringContaining('by reference only') as string },
      { path: 'mode', line: 5, message: '"ful" is not one of: full, changed; did you mean "full"?' },
      { path: 'group.cuont', line: 7, message: 'unknown key; did you mean "count"?' },
      { path: 'list.0', line: 8, message: expect.stringContaining('absolute path') as string },
    ]);
    expect(formatProblems('c.yaml', found)).toMatch(/^c\.yaml: 7 problems\n {2}line 1, name: /);
  });

  it('never repeats a literal that stands where a secret is referred to', () => {
    for (const literal of ['canary.example.org', '[canary]', '{ value: canary }', '{ env: canary-x!, file: canary }']) {
      const text = formatProblems('c.yaml', problems(`name: a\nhost: ${literal}\n`));
      expect(text).toContain('host');
      expect(text).not.toContain('canary.example.org');
    }
  });

  it('lists what is known where no key comes near', () => {
    expect(problems('name: a\nxylophone: 1\n')[0]?.message).toMatch(/^unknown key; known here: name, wait/);
  });

  it('that is empty, or holds no keys, says what is missing', () => {
    expect(problems('')).toMatchObject([{ path: '', message: 'the key "name" is missing' }]);
    expect(problems('# only a comment\n')).toMatchObject([{ message: 'the key "name" is missing' }]);
    expect(problems('- a\n')).toHaveLength(1);
    expect(problems('name:\n')[0]?.message).toContain('an empty value');
  });

  it('with a key twice, or broken, is told where', () => {
    expect(problems('name: a\nwait: 1s\nname: b\n')).toMatchObject([
      { line: 3, message: expect.stringMatching(/not valid YAML/) as string },
    ]);
    expect(problems('name: [a\n')[0]?.message).toMatch(/not valid YAML/);
    expect(problems('name: "a\n').length).toBeGreaterThan(0);
  });

  it('with keys twice is told all of them, each by its name, its group and the line of the first', () => {
    const again = (first: number) =>
      expect.stringContaining(`appears twice in one group, first in line ${first}`) as string;
    expect(problems('name: a\ngroup:\n  count: 1\n  count: 2\nname: b\n')).toEqual([
      { path: 'name', line: 5, message: again(1) },
      { path: 'group.count', line: 4, message: again(3) },
    ]);
  });

  it('in UTF-16, or with a byte that is not UTF-8, is told so and how to convert it', () => {
    const asRead = (bytes: Buffer) => problems(bytes.toString('utf8'));
    const utf16 = Buffer.from('\uFEFFname: a\n', 'utf16le');
    for (const bytes of [utf16, Buffer.from(utf16).swap16()]) {
      expect(asRead(bytes)).toEqual([
        { path: '', line: undefined, message: expect.stringContaining('iconv -f UTF-16') as string },
      ]);
    }
    expect(asRead(Buffer.from('name: a\n# f\xfcr\n', 'latin1'))).toEqual([
      { path: '', line: 2, message: expect.stringContaining('not UTF-8') as string },
    ]);
    expect(parseYamlConfig('\uFEFFname: a # für\n', validate)).toMatchObject({ ok: true });
  });

  it('is what YAML 1.2 says, whatever it says of itself: sets and ordered maps would hide what is in them', () => {
    for (const text of ['name: a\ngroup: !!omap [count: 2, cuont: 1]\n', 'name: a\ngroup: !!set {cuont}\n']) {
      expect(problems(text).length).toBeGreaterThan(0);
    }
    expect(parseYamlConfig('%YAML 1.1\n---\nname: yes\n', validate)).toMatchObject({ value: { name: 'yes' } });
  });

  it('has keys that are words: an alias could repeat one without being seen', () => {
    for (const text of ['&a name: a\n*a : b\n', 'name: a\n[wait]: 5m\n', 'name: a\n? {wait: x}\n: 5m\n']) {
      expect(problems(text)).toMatchObject([{ message: expect.stringContaining('a plain word') as string }]);
    }
  });

  it('that begins a second document says where, and not what a library offers', () => {
    expect(problems('name: a\n---\nname: b\n')).toEqual([
      { path: '', line: 2, message: expect.stringMatching(/second document begins.*---/) as string },
    ]);
  });

  it('is never executed or expanded without end', () => {
    const bomb = [
      'a: &a [x,x,x,x,x,x,x,x,x]',
      ...'bcdefghij'.split('').map(
        (key, i) =>
          `${key}: &${key} [${Array(9)
            .fill(`*${'abcdefghij'[i] ?? ''}`)
            .join(',')}]`,
      ),
    ].join('\n');
    expect(problemsOrError(bomb)).toBeDefined();
  });

  it('of any content is answered, not thrown at', () => {
    fc.assert(fc.property(fc.string(), (text) => void parseYamlConfig(text, validate)));
  });
});

function problemsOrError(text: string): unknown {
  try {
    return problems(text);
  } catch (error) {
    return error;
  }
}
