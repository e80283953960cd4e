import { channelSchema, type ChannelSettings } from './registry.ts';

/** The `alerts` of a config file, validated and with defaults. The journal is always told and needs no channel. */
export interface AlertSettings {
  readonly channels: Readonly<Record<string, ChannelSettings>>;
}

/**
 * JSON Schema of {@link AlertSettings}: the value of the key `alerts`, on the primary and on the secondary. No rule stands
 * beside it, so that a program that only checks the settings holds the compiled schema and nothing of the channels.
 */
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
