import { describe, expect, it } from 'vitest';
import { judgeAnswer } from '../../../src/notify/webhook-answers.ts';
import { deliverAlert } from '../../../src/notify/deliver.ts';
import { WEBHOOK_PRESETS } from '../../../src/notify/webhook-presets.ts';
import { runFacts } from './support/facts.ts';
import { startHttpServer } from './support/http-server.ts';
import { settings, testDeps } from './support/deps.ts';

const RATE_LIMITED =
  'Webhook message delivery failed with error: Microsoft Teams endpoint returned HTTP error 429 with ContextId tcid=1,server=X';
const TOO_LARGE =
  'Webhook message delivery failed with error: Microsoft Teams endpoint returned HTTP error 413 with ContextId tcid=1,server=X';

describe('an answer with a success code', () => {
  it.each([
    ['teams', '1'],
    ['teams', ''],
    ['slack', 'ok'],
    ['slack', '{"success":true}'],
    ['slack', '{"result":"success","msg":""}'],
    ['mattermost', 'ok\n'],
    ['discord', ''],
    ['discord', '{"type":0,"content":"x","id":"1234567890"}'],
    ['generic', 'whatever'],
    ['generic', '{"ok":true,"error":"none so far"}'],
    ['generic', '{"error":null,"errors":[],"status":"accepted"}'],
  ] as const)('of %s that says %j means that it took the message', (preset, text) => {
    expect(judgeAnswer(preset, text)).toEqual({ kind: 'sent' });
  });

  it.each([
    ['teams', TOO_LARGE, false],
    ['teams', RATE_LIMITED, true],
    ['teams', 'Summary or Text is required.', false],
    ['slack', 'no_text', false],
    ['slack', '{"ok":false,"error":"ratelimited"}', true],
    ['mattermost', '{"message":"Invalid webhook"}', false],
    ['discord', '<html><title>Sign in</title>', false],
    ['generic', '{"ok":false,"error_code":400,"description":"Bad Request: chat not found"}', false],
    ['generic', '{"ok":false,"error":"channel_not_found"}', false],
    ['generic', '{"ok":false,"error_code":429,"description":"Too Many Requests: retry after 5"}', true],
    ['generic', '{"success":false}', false],
    ['generic', '{"error":{"message":"no such room"}}', false],
    ['generic', '{"errors":["text is missing"]}', false],
    ['generic', '{"status":"error"}', false],
  ] as const)('of %s that says %j is a failure (worth another attempt: %s)', (preset, text, transient) => {
    expect(judgeAnswer(preset, text)).toMatchObject({ kind: 'failed', transient });
  });

  it.each(WEBHOOK_PRESETS.filter((preset) => preset !== 'generic'))(
    'of %s that is a sign-in page is a failure',
    (preset) => {
      expect(judgeAnswer(preset, '<!DOCTYPE html><html><body>Sign in</body></html>')).toMatchObject({ kind: 'failed' });
    },
  );
});

it('of Teams is tried again when it tells of a limit in the words of an error', async () => {
  const server = await startHttpServer((response, _request, count) => response.end(count < 3 ? RATE_LIMITED : '1'));
  const channel = 'ops: { type: webhook, preset: teams, url: { env: URL }, retries: 3 }';
  const deliveries = await deliverAlert(runFacts(), settings(channel), testDeps({ URL: server.origin }));
  expect(deliveries).toEqual([{ channel: 'ops', sent: true, attempts: 3 }]);
});
