import { createConnection, createServer, type AddressInfo, type Socket } from 'node:net';

/** A connection between primary and secondary that can be cut: a relay on loopback with real TCP on both sides. */
export interface Line {
  readonly port: number;
  /** Sets the address of the other end; must be called before the first connection. */
  connectTo(port: number): void;
  /** Cuts the line once `bytes` more have gone towards the secondary. */
  cutAfter(bytes: number): void;
  /** Whether it is cut. */
  isCut(): boolean;
  /** Restores the line. */
  mend(): void;
  readonly close: () => Promise<void>;
}

/** Creates a line. */
export async function layLine(): Promise<Line> {
  const sockets = new Set<Socket>();
  let target = 0;
  let cut = false;
  let left = Infinity;
  const cutNow = () => {
    cut = true;
    left = Infinity;
    for (const socket of sockets) socket.destroy();
  };
  const server = createServer((client) => {
    if (cut) {
      client.destroy();
      return;
    }
    const secondary = createConnection({ host: '127.0.0.1', port: target });
    for (const [socket, other] of [
      [client, secondary],
      [secondary, client],
    ] as const) {
      sockets.add(socket);
      socket.on('error', () => other.destroy());
      socket.on('close', () => {
        sockets.delete(socket);
        other.destroy();
      });
    }
    secondary.pipe(client);
    client.pipe(secondary);
    client.on('data', (chunk: Buffer) => {
      left -= chunk.length;
      if (left <= 0) cutNow();
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    connectTo: (port) => (target = port),
    cutAfter: (bytes) => (left = bytes),
    isCut: () => cut,
    mend: () => (cut = false),
    close: () =>
      new Promise((resolve) => {
        for (const socket of sockets) socket.destroy();
        server.close(() => resolve());
      }),
  };
}
