import { expect, it } from 'vitest';
import { createRecordStream } from '../../../src/platform/record-stream.ts';

it('passes on every record with a NUL at its end, many at a time', async () => {
  const records = createRecordStream();
  const chunks: Buffer[] = [];
  records.stream.on('data', (chunk: Buffer) => chunks.push(chunk));
  const names = Array.from({ length: 10_000 }, (_, index) => `name ${index}`);
  for (const name of names) records.add(Buffer.from('./'), Buffer.from(name));
  records.end();
  await new Promise((resolve) => records.stream.once('end', resolve));
  expect(Buffer.concat(chunks).toString()).toBe(names.map((name) => `./${name}\0`).join(''));
  expect(chunks.length).toBeLessThan(10);
});

it('ends without anything where nothing was added', async () => {
  const records = createRecordStream();
  records.stream.resume();
  records.end();
  await new Promise((resolve) => records.stream.once('end', resolve));
});
