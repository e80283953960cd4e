import { secretReferenceSchema, type SecretReference } from './secret-reference.ts';
import { parseDuration } from './units.ts';
import type { ConfigProblem, Locate } from './yaml-config.ts';

/** What a person can be told about; the channels choose among these. */
export const ALERT_EVENTS = ['start', 'success', 'failure', 'recovery', 'warning', 'stale'] as const;
/** One of {@link ALERT_EVENTS}. A run ends in exactly one of `success`, `recovery` and `failure`. */
export type AlertEvent = (typeof ALERT_EVENTS)[number];

/** Whose JSON a webhook speaks. */
export const WEBHOOK_PRESETS = ['generic', 'slack', 'mattermost', 'teams', 'discord'] as const;
/** One of {@link WEBHOOK_PRESETS}. */
export type WebhookPreset = (typeof WEBHOOK_PRESETS)[number];

/** ntfy's priorities, lowest first; their place from 1 is the number on its wire. */
export const NTFY_PRIORITIES = ['min', 'low', 'default', 'high', 'max'] as const;

/** How a connection to a mail server is protected. */
const SMTP_TLS = ['starttls', 'implicit', 'none'] as const;

interface Common {
  readonly events: readonly AlertEvent[];
  /** How long one attempt may take, as a duration (`10s`). */
  readonly timeout: string;
  /** Attempts after the first. */
  readonly retries: number;
}

/** A JSON POST to a URL. */
export interface WebhookChannel extends Common {
  readonly type: 'webhook';
  readonly url: SecretReference;
  readonly preset: WebhookPreset;
  /** Sent as `Authorization: Bearer …`. */
  readonly token?: SecretReference;
}

/** A topic of an ntfy server. */
export interface NtfyChannel extends Common {
  readonly type: 'ntfy';
  /** The topic's URL: server and topic. */
  readonly url: SecretReference;
  readonly token?: SecretReference;
  /** Of failures and stale backups; the rest stays below. */
  readonly priority: (typeof NTFY_PRIORITIES)[number];
}

/** A ping URL in the style of healthchecks: `/start`, success, `/fail`. */
export interface PingChannel extends Common {
  readonly type: 'ping';
  readonly url: SecretReference;
  /** Whether the message goes along as the body. */
  readonly send_log: boolean;
}

/** Mail by SMTP. */
export interface EmailChannel extends Common {
  readonly type: 'email';
  readonly host: SecretReference;
  /** Default: 465 with `tls: implicit`, otherwise 587. */
  readonly port?: SecretReference;
  readonly tls: (typeof SMTP_TLS)[number];
  readonly user?: SecretReference;
  readonly password?: SecretReference;
  readonly from: SecretReference;
  /** One address, or several with commas. */
  readonly to: SecretReference;
}

/** Mail by the local `sendmail` program. */
export interface SendmailChannel extends Common {
  readonly type: 'sendmail';
  readonly program: string;
  /** Default: what the local mail system fills in. */
  readonly from?: SecretReference;
  readonly to: SecretReference;
}

/** A program of the administrator's own. */
export interface CommandChannel extends Common {
  readonly type: 'command';
  /** Program and arguments; no shell. */
  readonly command: readonly string[];
  /** Secrets for the program's environment; it gets nothing of ours but PATH, HOME, the locale and the like. */
  readonly env: Readonly<Record<string, SecretReference>>;
}

/** A notification on the desktop of the user who runs this. */
export interface DesktopChannel extends Common {
  readonly type: 'desktop';
}

/** One way to tell people, by its `type`. */
export type ChannelSettings =
  WebhookChannel | NtfyChannel | PingChannel | EmailChannel | SendmailChannel | CommandChannel | DesktopChannel;

/** The `alerts` of a config file, validated and with defaults. The journal is always told and needs no channel. */
export interface AlertSettings {
  readonly channels: Readonly<Record<string, ChannelSettings>>;
}

const TOLD = ['success', 'failure', 'recovery', 'warning', 'stale'] as const;
const TOLD_BY_DEFAULT = ['failure', 'recovery', 'warning', 'stale'] as const;
// A ping service raises the alarm when the pings stop, so a healthy run must be told too.
const PINGED_BY_DEFAULT = ['start', 'success', 'failure', 'recovery', 'stale'] as const;

/** One branch: what else a channel of this `type` may and must have. */
function channelOf(
  type: ChannelSettings['type'],
  required: readonly string[],
  properties: Readonly<Record<string, unknown>>,
  events: readonly AlertEvent[] = TOLD,
  eventsByDefault: readonly AlertEvent[] = TOLD_BY_DEFAULT,
) {
  return {
    if: { properties: { type: { const: type } }, required: ['type'] },
    then: {
      required,
      additionalProperties: false,
      properties: {
        type: true,
        events: {
          type: 'array',
          items: { type: 'string', enum: events },
          minItems: 1,
          uniqueItems: true,
          default: eventsByDefault,
        },
        timeout: { type: 'string', format: 'duration', default: '10s' },
        retries: { type: 'integer', minimum: 0, maximum: 5, default: 2 },
        ...properties,
      },
    },
  };
}

// `if`/`then` instead of `oneOf`: only the branch of the given type speaks, so a wrong key is one problem, not seven.
const channelSchema = {
  type: 'object',
  required: ['type'],
  properties: {
    type: { type: 'string', enum: ['webhook', 'ntfy', 'ping', 'email', 'sendmail', 'command', 'desktop'] },
  },
  allOf: [
    channelOf('webhook', ['url'], {
      url: secretReferenceSchema,
      preset: { type: 'string', enum: WEBHOOK_PRESETS, default: 'generic' },
      token: secretReferenceSchema,
    }),
    channelOf('ntfy', ['url'], {
      url: secretReferenceSchema,
      token: secretReferenceSchema,
      priority: { type: 'string', enum: NTFY_PRIORITIES, default: 'high' },
    }),
    channelOf(
      'ping',
      ['url'],
      { url: secretReferenceSchema, send_log: { type: 'boolean', default: false } },
      ALERT_EVENTS,
      PINGED_BY_DEFAULT,
    ),
    channelOf('email', ['host', 'from', 'to'], {
      host: secretReferenceSchema,
      port: secretReferenceSchema,
      tls: { type: 'string', enum: SMTP_TLS, default: 'starttls' },
      user: secretReferenceSchema,
      password: secretReferenceSchema,
      from: secretReferenceSchema,
      to: secretReferenceSchema,
    }),
    channelOf('sendmail', ['to'], {
      program: { type: 'string', format: 'absolute-path', default: '/usr/sbin/sendmail' },
      from: secretReferenceSchema,
      to: secretReferenceSchema,
    }),
    channelOf('command', ['command'], {
      command: { type: 'array', items: { type: 'string' }, minItems: 1 },
      env: {
        type: 'object',
        default: {},
        propertyNames: { type: 'string', pattern: '^[A-Za-z_][A-Za-z0-9_]*$' },
        additionalProperties: secretReferenceSchema,
      },
    }),
    channelOf('desktop', [], {}),
  ],
} as const;

/** JSON Schema of {@link AlertSettings}: the value of the key `alerts`, on the primary and on the secondary. */
export const alertSettingsSchema = {
  type: 'object',
  additionalProperties: false,
  default: {},
  properties: {
    channels: {
      type: 'object',
      default: {},
      propertyNames: { type: 'string', format: 'name' },
      additionalProperties: channelSchema,
    },
  },
} as const;

/** Longest time one attempt may be given: an alert that waits longer holds up the unit it belongs to. */
export const LONGEST_TIMEOUT = 60_000;

/**
 * The rules for {@link AlertSettings} that go beyond the schema, for the `rules` of `parseYamlConfig`.
 * @param path the keys above the settings, such as `['alerts']`
 */
export function alertSettingsProblems(
  settings: AlertSettings,
  path: readonly string[],
  locate: Locate,
): readonly ConfigProblem[] {
  return Object.entries(settings.channels).flatMap(([name, channel]) =>
    channelProblems(channel).map(({ key, message }) => {
      const keys = [...path, 'channels', name, ...(key === '' ? [] : [key])];
      return { path: keys.join('.'), line: locate(keys), message };
    }),
  );
}

function channelProblems(channel: ChannelSettings): { key: string; message: string }[] {
  const problems: { key: string; message: string }[] = [];
  const timeout = parseDuration(channel.timeout) ?? 0;
  if (timeout < 1 || timeout > LONGEST_TIMEOUT) {
    problems.push({ key: 'timeout', message: `"${channel.timeout}" does not fit: write more than 0 and at most 1m` });
  }
  if (channel.type === 'command' && channel.command[0] === '') {
    problems.push({ key: 'command', message: 'the first element is the program and cannot be empty' });
  }
  if (channel.type === 'email') {
    if (channel.user !== undefined && channel.password === undefined) {
      problems.push({ key: 'user', message: 'has no password beside it: give both, or neither' });
    }
    if (channel.password !== undefined && channel.user === undefined) {
      problems.push({ key: 'password', message: 'has no user beside it: give both, or neither' });
    }
    if (channel.tls === 'none' && channel.password !== undefined) {
      problems.push({ key: 'tls', message: 'none would send the password in the clear: use starttls or implicit' });
    }
  }
  return problems;
}
