import { createConnection, createServer, type AddressInfo, type Socket } from 'node:net';

/** Bytes that went over the line: towards the secondary, and back. */
export interface Traffic {
  readonly up: number;
  readonly down: number;
}

/** A TCP relay on loopback that counts: what ssh itself adds (handshake, encryption) is in the figures. */
export interface Relay {
  readonly port: number;
  traffic(): Traffic;
  readonly stop: () => Promise<void>;
}

/** Lays a counting relay before a port on loopback. */
export async function layRelay(to: number): Promise<Relay> {
  const sockets = new Set<Socket>();
  let up = 0;
  let down = 0;
  const server = createServer((near) => {
    const far = createConnection({ host: '127.0.0.1', port: to, noDelay: true });
    near.setNoDelay(true);
    for (const [socket, other] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(socket);
      socket.on('error', () => other.destroy());
      socket.on('close', () => {
        sockets.delete(socket);
        other.destroy();
      });
    }
    near.on('data', (chunk: Buffer) => (up += chunk.length));
    far.on('data', (chunk: Buffer) => (down += chunk.length));
    near.pipe(far);
    far.pipe(near);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    traffic: () => ({ up, down }),
    stop: () =>
      new Promise((resolve) => {
        for (const socket of sockets) socket.destroy();
        server.close(() => resolve());
      }),
  };
}
