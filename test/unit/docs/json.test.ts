import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { describeJson, jsonSchema } from '../../../scripts/describe-json.mjs';

it('docs/json.md and its schema say what the types say (npm run docs:json writes them anew)', async () => {
  const schema = jsonSchema();
  expect(Object.keys(schema.properties)).toContain('run --json');
  expect(readFileSync('docs/json.schema.json', 'utf8')).toBe(`${JSON.stringify(schema, null, 2)}\n`);
  expect(readFileSync('docs/json.md', 'utf8')).toBe(await describeJson(schema));
});
