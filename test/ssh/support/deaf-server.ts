import { spawn } from 'node:child_process';
import { once } from 'node:events';

/** A port whose queue is full: a SYN is dropped, as by a firewall or a host that is down. */
export interface DeafServer {
  readonly port: number;
  stop(): Promise<void>;
}

/** Listens on `host` and never accepts a connection. */
export async function startDeafServer(host: string): Promise<DeafServer> {
  const server = spawn('python3', ['-I', '-u', '-c', LISTEN, host], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [said] = (await once(server.stdout, 'data')) as [Buffer];
  return {
    port: Number(said.toString()),
    stop: async () => {
      const ended = once(server, 'exit');
      server.kill();
      await ended;
    },
  };
}

// Node accepts every connection at once, so it cannot be used for this.
const LISTEN = `
import socket, sys, time
server = socket.socket()
server.bind((sys.argv[1], 0))
server.listen(0)
callers = []
for _ in range(4):
    caller = socket.socket()
    caller.setblocking(False)
    caller.connect_ex(server.getsockname())
    callers.append(caller)
time.sleep(0.2)
print(server.getsockname()[1])
time.sleep(3600)
`;
