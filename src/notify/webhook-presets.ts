import { messageData, type AlertMessage, type AlertSeverity } from './message.ts';
import { clip } from './text.ts';

/** The services whose JSON a webhook can speak. */
export const WEBHOOK_PRESETS = ['generic', 'slack', 'mattermost', 'teams', 'discord'] as const;
/** One of {@link WEBHOOK_PRESETS}. */
export type WebhookPreset = (typeof WEBHOOK_PRESETS)[number];

/**
 * The longest text that each service shows in one message, in characters: by its documentation, or well below its
 * limit.
 */
const LONGEST = { slack: 3500, mattermost: 6000, discord: 4000, teams: 6000 } as const;

const COLOUR: Readonly<Record<AlertSeverity, number>> = { error: 0xc0392b, warning: 0xd68910, info: 0x2e86c1 };
const TEAMS_COLOUR: Readonly<Record<AlertSeverity, string>> = {
  error: 'attention',
  warning: 'warning',
  info: 'default',
};

/** The JSON that a service expects at its incoming webhook. */
export function webhookPayload(message: AlertMessage, preset: WebhookPreset): unknown {
  switch (preset) {
    case 'generic':
      return messageData(message);
    case 'slack':
      return slack(message);
    case 'mattermost':
      return { text: `#### ${markdown(message.subject)}\n${fenced(clip(message.body, LONGEST.mattermost))}` };
    case 'discord':
      return discord(message);
    case 'teams':
      return teams(message);
    default:
      return preset satisfies never;
  }
}

// Slack reads &, < and > as markup (<!channel> wakes everybody), even in a code block.
function slack({ subject, body }: AlertMessage): unknown {
  const escaped = (text: string) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
  return { text: `${escaped(subject.replaceAll('`', "'"))}\n${fenced(escaped(clip(body, LONGEST.slack)))}` };
}

function discord({ subject, body, severity }: AlertMessage): unknown {
  return {
    content: markdown(subject),
    embeds: [{ description: fenced(clip(body, LONGEST.discord)), color: COLOUR[severity] }],
    allowed_mentions: { parse: [] }, // a file called @everyone wakes nobody
  };
}

// RichTextBlock, because a TextBlock would read the text as markdown and make links of it.
function teams({ subject, body, severity }: AlertMessage): unknown {
  const row = (text: string, style: Readonly<Record<string, string>>) => ({
    type: 'RichTextBlock',
    inlines: [{ type: 'TextRun', text, ...style }],
  });
  const lines = clip(body, LONGEST.teams)
    .split('\n')
    .filter((text) => text !== '');
  return {
    type: 'message',
    attachments: [
      {
        contentType: 'application/vnd.microsoft.card.adaptive',
        content: {
          $schema: 'http://adaptivecards.io/schemas/adaptive-card.json',
          type: 'AdaptiveCard',
          version: '1.4',
          body: [
            row(subject, { weight: 'bolder', size: 'medium', color: TEAMS_COLOUR[severity] }),
            ...lines.map((text) => row(text, {})),
          ],
        },
      },
    ],
  };
}

// In a code block, mentions, links and pictures remain plain text.
function fenced(text: string): string {
  return `\`\`\`\n${text.replaceAll('```', "'''")}\n\`\`\``;
}

// Not every service lets a backslash escape a mention, so a zero-width space follows the @.
function markdown(text: string): string {
  return text.replace(/[\\`*_~[\]()#|<>!]/g, '\\$&').replaceAll('@', '@\u200b');
}
