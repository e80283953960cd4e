import type { PlacedReference } from '../shared/secret-reference.ts';
import { COMMON_OPTIONS, eventsOption, type Channel, type NeededProgram } from './channel.ts';
import type { SendDeps, SendResult } from './channel.ts';
import { apprise } from './channels/apprise.ts';
import { command } from './channels/command.ts';
import { desktop } from './channels/desktop.ts';
import { email } from './channels/email.ts';
import { gotify } from './channels/gotify.ts';
import { ntfy } from './channels/ntfy.ts';
import { pagerduty } from './channels/pagerduty.ts';
import { ping } from './channels/ping.ts';
import { pushover } from './channels/pushover.ts';
import { sendmail } from './channels/sendmail.ts';
import { uptimeKuma } from './channels/uptime_kuma.ts';
import { webhook } from './channels/webhook.ts';
import type { AlertMessage } from './message.ts';
import { referencesIn, schemaOf, type Options, type WrittenOf } from '../settings/option.ts';

/** Every channel by its `type` in the configuration. A new one is a row here and a file. */
export const CHANNELS = {
  ...{ webhook, ntfy, gotify, apprise, pushover, pagerduty, ping, uptime_kuma: uptimeKuma },
  ...{ email, sendmail, command, desktop },
};

/** The `type` of a channel. */
export type ChannelType = keyof typeof CHANNELS;

type Common = WrittenOf<typeof COMMON_OPTIONS & { readonly events: ReturnType<typeof eventsOption> }>;
type SettingsByType = {
  readonly [T in ChannelType]: { readonly type: T } & Common & WrittenOf<(typeof CHANNELS)[T]['options']>;
};

/** What the configuration says of one channel, validated and with defaults. */
export type ChannelSettings = SettingsByType[ChannelType];

/** JSON Schema of {@link ChannelSettings}. */
export const channelSchema = {
  type: 'object',
  required: ['type'],
  properties: { type: { type: 'string', enum: Object.keys(CHANNELS), description: 'What kind of channel it is.' } },
  // `if`/`then` instead of `oneOf`: only the branch of the given type reports problems, so a wrong key is one problem,
  // not one for each type.
  allOf: Object.entries<Channel>(CHANNELS).map(([type, channel]) => ({
    if: { properties: { type: { const: type } }, required: ['type'] },
    then: branchOf(channel),
  })),
};

function branchOf(channel: Channel) {
  const { type: _, properties, ...rest } = schemaOf(optionsOf(channel));
  return { ...rest, properties: { type: true, ...properties }, ...channel.restrictions };
}

function optionsOf(channel: Channel): Options {
  return { events: eventsOption(channel), ...COMMON_OPTIONS, ...channel.options };
}

/** Every reference to a secret in the settings of a channel, with the keys that lead to it. */
export function secretsOf(settings: ChannelSettings): readonly PlacedReference[] {
  return referencesIn(optionsOf(rowOf(settings)), settings);
}

/** The program that a channel starts, if any. */
export function programOf(settings: ChannelSettings): NeededProgram | undefined {
  return rowOf(settings).program?.(settings);
}

/** Why a channel cannot work in a systemd unit, as a sentence that follows its name; undefined if it can. */
export function missingInUnits(settings: ChannelSettings): string | undefined {
  return rowOf(settings).missingInUnits;
}

/** Makes one attempt to send a message through a channel of whatever type. Throws what the channel throws. */
export async function sendThrough(
  message: AlertMessage,
  settings: ChannelSettings,
  deps: SendDeps,
): Promise<SendResult> {
  return rowOf(settings).send(message, settings, deps);
}

/** The channel that these settings are for. It accepts only its own type of settings, which these are. */
function rowOf({ type }: ChannelSettings): Channel {
  return CHANNELS[type];
}
