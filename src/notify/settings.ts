import { group, ofSchema } from '../settings/kinds.ts';
import type { WrittenOf } from '../settings/option.ts';
import { channelSchema, type ChannelSettings } from './registry.ts';

const ALERTS = {
  channels: ofSchema<Readonly<Record<string, ChannelSettings>>>({
    type: 'object',
    propertyNames: { type: 'string', format: 'name' },
    additionalProperties: channelSchema,
  }).byDefault({}, 'Whom to tell, each under a name of its own.'),
};

/** The `alerts` of a config file, validated and with defaults. The journal is always told and needs no channel. */
export type AlertSettings = WrittenOf<typeof ALERTS>;

/**
 * The key `alerts`, on the primary and on the secondary. Its schema is the only check, so that a program that only
 * checks settings bundles the compiled schema and no channel.
 */
export const alerts = group(ALERTS, 'Whom to tell that something failed. The journal is always told.');
