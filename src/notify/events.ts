/** What people can be told of; each channel chooses from these. */
export const ALERT_EVENTS = ['start', 'success', 'failure', 'recovery', 'warning', 'stale'] as const;
/** One of {@link ALERT_EVENTS}. A run ends in exactly one of `success`, `recovery` and `failure`. */
export type AlertEvent = (typeof ALERT_EVENTS)[number];
