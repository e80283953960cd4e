import { childEnvironment } from '../child-environment.ts';
import { path, secret } from '../../settings/kinds.ts';
import { resultOfProgram } from '../program-result.ts';
import { defineChannel, refused } from '../channel.ts';
import { mailOf } from '../mail.ts';

const options = {
  program: path.byDefault('/usr/sbin/sendmail', 'The program that takes the mail.'),
  from: secret.optional('Default: what the local mail system fills in.', { env: 'MAIL_FROM' }),
  to: secret.required('One address, or several with commas.', { env: 'MAIL_TO' }),
};

/** Mail by the local mail system, which queues it and tries again by itself. */
export const sendmail = defineChannel({
  options,
  program: ({ program }) => ({
    path: program,
    advice: 'Install a mail system (Debian: msmtp-mta), or name its program, or use type: email.',
  }),
  async send(message, channel, deps) {
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
  },
});
