import type { ChannelSettings } from '../shared/alert-settings.ts';
import type { AlertMessage } from './message.ts';
import type { SendDeps, SendResult } from './channel.ts';
import { sendCommand } from './channels/command.ts';
import { sendDesktop } from './channels/desktop.ts';
import { sendEmail } from './channels/email.ts';
import { sendNtfy } from './channels/ntfy.ts';
import { sendPing } from './channels/ping.ts';
import { sendSendmail } from './channels/sendmail.ts';
import { sendWebhook } from './channels/webhook.ts';

/** Makes one attempt to send a message through a channel of whatever type. Throws what the channel throws. */
export async function sendThrough(
  message: AlertMessage,
  channel: ChannelSettings,
  deps: SendDeps,
): Promise<SendResult> {
  switch (channel.type) {
    case 'webhook':
      return sendWebhook(message, channel, deps);
    case 'ntfy':
      return sendNtfy(message, channel, deps);
    case 'ping':
      return sendPing(message, channel, deps);
    case 'email':
      return sendEmail(message, channel, deps);
    case 'sendmail':
      return sendSendmail(message, channel, deps);
    case 'command':
      return sendCommand(message, channel, deps);
    case 'desktop':
      return sendDesktop(message, channel, deps);
    default:
      return channel satisfies never;
  }
}
