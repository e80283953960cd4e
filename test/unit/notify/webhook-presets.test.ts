import { describe, expect, it } from 'vitest';
import { wordMessage } from '../../../src/notify/message.ts';
import { WEBHOOK_PRESETS, webhookPayload } from '../../../src/notify/webhook-presets.ts';
import { runFacts } from './support/facts.ts';

const MENTION = '<!channel> @everyone @all ```[click](https://example.org)``` & <b>';
const message = wordMessage(runFacts({ event: 'warning', warnings: [MENTION], reason: MENTION }));

/** Every string in a payload. */
function texts(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  return value !== null && typeof value === 'object' ? Object.values(value).flatMap(texts) : [];
}

describe('a webhook payload', () => {
  it.each(WEBHOOK_PRESETS)('for %s carries the subject and the reason', (preset) => {
    const plain = wordMessage(runFacts({ job: 'täglich' }));
    const all = texts(webhookPayload(plain, preset)).join('\n');
    expect(all).toContain('Not secured: db1/täglich to vault: connection lost');
    expect(all).toContain('ssh: the line broke');
  });

  it('in generic form is one flat object with a version', () => {
    expect(webhookPayload(message, 'generic')).toMatchObject({
      version: 1,
      event: 'warning',
      severity: 'warning',
      subject: message.subject,
      body: message.body,
      job: 'postgres',
      target: 'vault',
      exit_code: 12,
    });
  });

  it('for Slack has no character that Slack would read as a mention or a link', () => {
    const payload = webhookPayload(message, 'slack') as { text: string };
    expect(payload.text).not.toMatch(/[<>]/);
    expect(payload.text).toContain('&lt;!channel&gt;');
    expect(payload.text).toContain('&amp; &lt;b&gt;');
  });

  it.each(['slack', 'mattermost'] as const)('for %s keeps the body inside of one code block', (preset) => {
    const { text } = webhookPayload(message, preset) as { text: string };
    // One fence opens in the second line, one closes in the last, and nothing in between or before is one.
    expect(text.match(/```/g)).toHaveLength(2);
    expect(text).toMatch(/^[^\n]+\n```\n[^]*\n```$/);
  });

  it('for Mattermost mentions nobody outside of the code block', () => {
    const { text } = webhookPayload(message, 'mattermost') as { text: string };
    const heading = text.slice(0, text.indexOf('```\n'));
    expect(heading).toContain('everyone');
    expect(heading).not.toMatch(/@(everyone|all)/);
    expect(heading).not.toContain('[click](');
  });

  it('for Discord allows no mention and no link', () => {
    const payload = webhookPayload(message, 'discord') as { content: string; allowed_mentions: unknown };
    expect(payload.allowed_mentions).toEqual({ parse: [] });
    expect(payload.content).not.toContain('[click](');
  });

  it('for Teams is an adaptive card of plain text, a row a line', () => {
    const payload = webhookPayload(message, 'teams') as {
      type: string;
      attachments: { contentType: string; content: { type: string; body: { type: string }[] } }[];
    };
    expect(payload.type).toBe('message');
    const [{ contentType, content }] = payload.attachments as [(typeof payload.attachments)[0]];
    expect(contentType).toBe('application/vnd.microsoft.card.adaptive');
    expect(content.type).toBe('AdaptiveCard');
    expect(new Set(content.body.map(({ type }) => type))).toEqual(new Set(['RichTextBlock'])); // a TextBlock is markdown
    expect(content.body).toHaveLength(1 + message.body.split('\n').filter(Boolean).length);
  });

  it.each([
    ['slack', 4000],
    ['discord', 4096],
    ['mattermost', 16_383],
    ['teams', 28_000],
  ] as const)('for %s stays below what the service takes (%i)', (preset, limit) => {
    const long = wordMessage(
      runFacts({
        reason: 'x '.repeat(5000),
        advice: 'y '.repeat(5000),
        warnings: Array.from({ length: 20 }, () => 'z '.repeat(500)),
      }),
    );
    expect(long.body.length).toBeGreaterThan(5000);
    for (const text of texts(webhookPayload(long, preset))) expect(text.length).toBeLessThanOrEqual(limit);
  });
});
