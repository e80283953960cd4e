import type { AlertSeverity } from '../message.ts';
import { clip, oneLine } from '../text.ts';
import { defineChannel, refused, SENT, type SendResult } from '../channel.ts';

const URGENCY: Readonly<Record<AlertSeverity, string>> = { error: 'critical', warning: 'normal', info: 'low' };

/** Longest text; a notification shows a few lines. */
const LONGEST = 600;

/** Seconds that a notification stays; the desktop keeps a critical one until it is dismissed. */
const SHOWN_SECONDS = 20;

/** A notification on the desktop of the user who runs this (notify-send, by node-notifier). */
export const desktop = defineChannel({
  options: {},
  missingInUnits: 'needs a desktop; a unit has none. Use another channel beside it.',
  program: () => ({ path: 'notify-send', advice: 'Install it (Debian: apt-get install libnotify-bin).' }),
  async send(message, _channel, { environment }) {
    // Loaded only here: a run without a desktop channel does not pay for it.
    const { default: NotifySend } = await import('node-notifier/notifiers/notifysend.js');
    const notification = {
      title: message.subject,
      message: markup(clip(message.body, LONGEST)),
      urgency: URGENCY[message.severity],
      'app-name': 'offsite-rsync',
      time: SHOWN_SECONDS,
    };
    return new Promise<SendResult>((resolve) => {
      new NotifySend({ withFallback: false }).notify(
        notification,
        // What a successful notify-send writes to standard error arrives here too, as a string.
        (error: unknown) => resolve(error instanceof Error ? refused(reasonOf(error, environment)) : SENT),
      );
    });
  },
});

// The body of a desktop notification is markup (Desktop Notifications Specification): a file name may hold a "<".
function markup(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

function reasonOf(error: Error, environment: Readonly<Record<string, string | undefined>>): string {
  if (error.message.includes('not found: notify-send')) {
    return 'notify-send is not installed (Debian: apt-get install libnotify-bin)';
  }
  // The first line repeats the whole command; what notify-send said follows.
  const said = oneLine(error.message.split('\n').slice(1).join(' '), 200);
  const noSession = environment.DBUS_SESSION_BUS_ADDRESS === undefined;
  const hint = noSession ? '; there is no desktop session here (DBUS_SESSION_BUS_ADDRESS is not set)' : '';
  return `notify-send failed${said === '' ? '' : `: ${said}`}${hint}`;
}
