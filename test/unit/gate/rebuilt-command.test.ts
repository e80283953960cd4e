import { expect, test } from 'vitest';
import type { Rebuild } from '../../../remote-scripts/gate/options.ts';
import { rebuiltCommand } from '../../../remote-scripts/gate/rebuilt-command.ts';
import { parseRequest, type GateRequest } from '../../../remote-scripts/gate/request.ts';

const ID = '2026-11-23T021500Z';
const PUSH = `rsync --server -lyyHogDtpArze.LiZsfxCIvu --log-format=%i%I --timeout=300 --stats --partial --numeric-ids --mkpath --compare-dest /db/2026-11-22T021500Z/ --fake-super . db/${ID}/`;

const REBUILD: Rebuild = {
  place: `${ID}.partial/`,
  basis: '2026-11-22T021500Z',
  timeoutSeconds: 600,
  delta: true,
  fuzzy: true,
  continues: false,
};

function requestOf(commandLine: string): GateRequest {
  const parsed = parseRequest(commandLine);
  if (!parsed.ok) throw new Error(parsed.reason);
  return parsed.request;
}

test('writes a push anew, with the names on this machine and without what the client should not decide', () => {
  expect(rebuiltCommand(requestOf(PUSH), REBUILD)).toBe(
    `rsync --server -lHogDtpAryyze.iLsfxCvu --log-format=%i%I --timeout=600 --stats --partial --numeric-ids --compare-dest /2026-11-22T021500Z/ --fake-super . ${ID}.partial/`,
  );
});

test('writes a verification anew, always as a dry run', () => {
  const verify = `rsync --server -nlHDtprce.i --log-format=%i --delete . db/${ID}/`;
  expect(rebuiltCommand(requestOf(verify), { ...REBUILD, place: `${ID}/`, basis: undefined })).toBe(
    `rsync --server -nlHDtprce.i --log-format=%i --timeout=600 --delete . ${ID}/`,
  );
});

test('may remove what is in the way in the tree of an attempt that it continues, and only there', () => {
  const force = (continues: boolean) =>
    rebuiltCommand(requestOf(PUSH), { ...REBUILD, continues }).includes(' --force ');
  expect([force(true), force(false)]).toEqual([true, false]);
  const verify = requestOf(`rsync --server -nlHDtprce.i . db/${ID}/`);
  expect(rebuiltCommand(verify, { ...REBUILD, continues: true })).not.toContain('--force');
});

test('asks for hard links where the client does', () => {
  expect(rebuiltCommand(requestOf(PUSH.replace(/( -[a-z]*)H/, '$1')), REBUILD)).toContain(' -logDtpAryyze.');
});

test('writes a seal anew', () => {
  const seal = `rsync --server -te.LsfxCIvu . db/${ID}.sealed`;
  expect(rebuiltCommand(requestOf(seal), { ...REBUILD, place: `${ID}.sealed`, basis: undefined })).toBe(
    `rsync --server -te.LsfxCvu --timeout=600 . ${ID}.sealed`,
  );
});

test('never hands on what lets a client write into a file in place', () => {
  expect(rebuiltCommand(requestOf(PUSH.replace('LiZsfxCIvu', 'iI')), REBUILD)).toContain(' -lHogDtpAryyze.i ');
});

test('takes the search for another name away where fuzzy is false', () => {
  expect(rebuiltCommand(requestOf(PUSH), { ...REBUILD, fuzzy: false })).toContain(' -lHogDtpArze.');
});

test('asks for whole files where delta is false', () => {
  expect(rebuiltCommand(requestOf(PUSH), { ...REBUILD, delta: false })).toContain(' -lHogDtpAryyWze.');
});
