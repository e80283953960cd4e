import { createServer, type AddressInfo, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';

/** One mail as the server took it. */
export interface ReceivedMail {
  readonly from: string;
  readonly to: readonly string[];
  /** Headers and body as they came, with `\r\n`. */
  readonly data: string;
}

/** A fake SMTP server; ends with the test. */
export interface SmtpServer {
  readonly port: number;
  readonly mails: ReceivedMail[];
  /** Everything that clients said outside of a mail's data. */
  readonly commands: string[];
  /** Connections that were made so far, and those that are open. */
  connections(): { readonly made: number; readonly open: number };
}

/**
 * Starts a fake: it speaks just enough SMTP (RFC 5321) to accept a mail from a real client, without TLS.
 * @param reply overrides the reply to a command: a whole line, `hang` for none at all, `dribble` for one that never
 *   ends though a piece of it comes again and again, undefined for the usual one.
 *   The greeting is asked for as `CONNECT`, the end of the data as `.`
 */
export async function startSmtpServer(
  reply: (command: string, connection: number) => string | undefined = () => undefined,
): Promise<SmtpServer> {
  const mails: ReceivedMail[] = [];
  const commands: string[] = [];
  let made = 0;
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    made += 1;
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => undefined); // the client may hang up at any time
    converse(socket, made, { mails, commands, reply });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return { port, mails, commands, connections: () => ({ made, open: sockets.size }) };
}

function converse(
  socket: Socket,
  connection: number,
  { mails, commands, reply }: Pick<SmtpServer, 'mails' | 'commands'> & { reply: Parameters<typeof startSmtpServer>[0] },
): void {
  let rest = '';
  let from = '';
  let to: string[] = [];
  let inData = false;
  const say = (command: string, usual: string) => {
    const line = reply?.(command, connection) ?? usual;
    if (line === 'dribble') {
      const timer = setInterval(() => socket.write('250-wait\r\n'), 20);
      socket.on('close', () => clearInterval(timer));
    } else if (line !== 'hang') {
      socket.write(`${line}\r\n`);
    }
    return line.startsWith('2') || line.startsWith('3');
  };
  say('CONNECT', '220 test.invalid ESMTP');
  socket.setEncoding('utf8');
  socket.on('data', (chunk: string) => {
    rest += chunk;
    for (;;) {
      const end = inData ? rest.indexOf('\r\n.\r\n') : rest.indexOf('\r\n');
      if (end < 0) return;
      const text = rest.slice(0, end);
      rest = rest.slice(end + (inData ? 5 : 2));
      if (inData) {
        inData = false;
        if (say('.', '250 taken')) mails.push({ from, to, data: text });
        continue;
      }
      commands.push(text);
      const verb = text.slice(0, 4).toUpperCase();
      if (verb === 'EHLO') say(text, '250-test.invalid\r\n250 AUTH PLAIN');
      else if (verb === 'AUTH') say(text, '235 welcome');
      else if (verb === 'MAIL') {
        from = text;
        to = [];
        say(text, '250 ok');
      } else if (verb === 'RCPT') {
        if (say(text, '250 ok')) to.push(text);
      } else if (verb === 'DATA') inData = say(text, '354 go on');
      else if (verb === 'QUIT') socket.end('221 bye\r\n');
      else say(text, '502 not implemented'); // STARTTLS too
    }
  });
}
