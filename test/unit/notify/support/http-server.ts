import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { onTestFinished } from 'vitest';

/** A request as it arrived. */
export interface Received {
  readonly method: string;
  /** Path and query. */
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** A real HTTP server on a loopback port; ends with the test. */
export interface TestServer {
  /** `http://127.0.0.1:PORT`, without a slash at the end. */
  readonly origin: string;
  readonly received: Received[];
  /** Connections that carried a request and that the client has not closed yet. (fetch may open a spare one.) */
  openConnections(): number;
}

/**
 * Starts a server for one test.
 * @param answer writes the response; `count` is 1 for the first request. A server that never calls `end` hangs.
 */
export async function startHttpServer(
  answer: (response: ServerResponse, request: Received, count: number) => void = (response) => response.end('ok'),
): Promise<TestServer> {
  const received: Received[] = [];
  const open = new Set<Socket>();
  const server = createServer((request, response) => {
    const { socket } = request;
    open.add(socket);
    for (const event of ['end', 'close']) socket.once(event, () => open.delete(socket));
    let body = '';
    request.setEncoding('utf8');
    request.on('data', (chunk: string) => (body += chunk));
    request.on('end', () => {
      const { method = '', url: path = '', headers } = request;
      const one = { method, path, headers, body };
      received.push(one);
      answer(response, one, received.length);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return {
    origin: `http://127.0.0.1:${port}`,
    received,
    openConnections: () => open.size,
  };
}

/** A loopback address where nobody listens: a port that was free a moment ago. */
export async function unusedOrigin(): Promise<string> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return `http://127.0.0.1:${port}`;
}
