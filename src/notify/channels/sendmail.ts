import type { SendmailChannel } from '../../shared/alert-settings.ts';
import { childEnvironment } from '../child-environment.ts';
import { resultOfProgram } from '../program-result.ts';
import { refused, type Send } from '../channel.ts';
import { mailOf } from '../mail.ts';

/** Hands the mail to the local mail system, which queues it and tries again by itself. */
export const sendSendmail: Send<SendmailChannel> = async (message, channel, deps) => {
  const mail = mailOf(message, channel, deps.readSecret);
  const { createTransport } = await import('nodemailer');
  const composer = createTransport({ streamTransport: true, buffer: true, newline: 'unix' });
  const { message: composed } = await composer.sendMail(mail);
  if (!Buffer.isBuffer(composed)) return refused('the mail could not be composed');
  const end = await deps.runProcess({
    program: channel.program,
    // -t: recipients from the headers, so that none shows in the process list; -i: a lone dot does not end the mail.
    args: ['-t', '-i'],
    env: childEnvironment(deps.environment),
    input: composed.toString(),
    signal: deps.signal,
  });
  return resultOfProgram(channel.program, end);
};
