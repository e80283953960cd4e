import { describe, expect, it } from 'vitest';
import { createLearningRedactor, createRedactor, redactDeep } from '../../../src/shared/redaction.ts';
import fc from '../../support/properties.ts';

const redactor = (...values: string[]) => createRedactor(values.map((value, index) => ({ name: `s${index}`, value })));

describe('the redactor', () => {
  it('replaces a value by its name, in any case, wherever it stands as a word', () => {
    const redact = redactor('backup.example.org');
    expect(redact('to Backup.Example.ORG: refused (backup.example.org:22)')).toBe('to [s0]: refused ([s0]:22)');
  });

  it('takes the longest first, so that a part does not spoil the whole', () => {
    expect(redactor('example.org', 'vault.example.org')('vault.example.org and example.org')).toBe('[s1] and [s0]');
  });

  it('lets a short value not eat into words and numbers', () => {
    const redact = redactor('bob', 'ab');
    expect(redact('bobsleigh, bob, thumbob, cab ab')).toBe('bobsleigh, [s0], thumbob, cab [s1]');
  });

  it('knows a key line by line, because messages quote single lines', () => {
    const key = '-----BEGIN KEY-----\nc2VjcmV0LWxpbmU\nbW9yZS1zZWNyZXQ\n-----END KEY-----\n';
    expect(redactor(key)('bad line: bW9yZS1zZWNyZXQ')).toBe('bad line: [s0]');
  });

  it('knows a URL by its host, credentials and path, but not by ordinary words of it', () => {
    const redact = redactor('https://user:p%40ss@hooks.example.org/services/T0123456789/api');
    expect(redact('getaddrinfo ENOTFOUND hooks.example.org')).toBe('getaddrinfo ENOTFOUND [s0]');
    expect(redact('login user with p@ss')).toBe('login [s0] with [s0]');
    expect(redact('POST /services/T0123456789/api 404')).toBe('POST [s0] 404');
    expect(redact('token T0123456789')).toBe('token [s0]');
    expect(redact('the api answered')).toBe('the api answered');
  });

  it('knows a value as a URL, a form or JSON writes it', () => {
    const value = 'a token/with "everything" in+it';
    const redact = redactor(value);
    for (const written of [encodeURIComponent(value), encodeURI(value), JSON.stringify(value).slice(1, -1)])
      expect(redact(`the server said: ${written}.`)).toBe('the server said: [s0].');
    const form = String(new URLSearchParams({ token: value }));
    expect(redact(`sent ${form}`)).toBe('sent token=[s0]');
    expect(redact(`sent ${form.toLowerCase()}`)).toBe('sent token=[s0]');
    expect(redactor('half a \ud800 pair')('half a \ud800 pair')).toBe('[s0]');
  });

  it('treats characters that mean something in patterns as themselves', () => {
    expect(redactor('a.b*c')('a.b*c aXbbc')).toBe('[s0] aXbbc');
    expect(redactor('$&$1')('x $&$1 y')).toBe('x [s0] y');
  });

  it('skips empty and one-character values', () => {
    expect(redactor('', 'x', ' ')('x marks the spot')).toBe('x marks the spot');
  });

  it('leaves no value standing as a word in any text around it', () => {
    const secret = fc.stringMatching(/^[a-z0-9][a-z0-9.@_-]{1,20}[a-z0-9]$/);
    fc.assert(
      fc.property(fc.uniqueArray(secret, { minLength: 1, maxLength: 4 }), fc.string(), (values, text) => {
        const spoken = values.map((value) => `${text} ${value} `).join('');
        const named = values.map((value, index) => ({ name: `#${index}`, value }));
        const shown = createRedactor(named)(spoken);
        for (const value of values) expect(shown.split(' ')).not.toContain(value);
      }),
    );
  });

  it('learns, and everything that holds it profits at once', () => {
    const learning = createLearningRedactor();
    const { redact } = learning;
    expect(redact('canary')).toBe('canary');
    learning.learn([{ name: 'a', value: 'canary' }]);
    learning.learn([{ name: 'b', value: 'other' }]);
    expect(redact('canary other')).toBe('[a] [b]');
  });

  it('reaches into objects and lists, and leaves other values alone', () => {
    const redact = redactor('canary');
    expect(redactDeep({ a: ['canary', 1, null, true], b: { c: 'x canary' } }, redact)).toEqual({
      a: ['[s0]', 1, null, true],
      b: { c: 'x [s0]' },
    });
  });
});
