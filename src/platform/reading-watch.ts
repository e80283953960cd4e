import { readFileSync } from 'node:fs';

/** Milliseconds between two looks. */
const LOOK_EVERY = 500;

/**
 * Tells from time to time how many bytes a process has read: files, pipes and sockets (rchar in proc(5)). Without /proc it tells nothing.
 * @param onRead called with the sum so far; never with less than before
 * @returns ends it
 */
export function watchReading(pid: number, onRead: (bytes: number) => void): () => void {
  let most = 0;
  const timer = setInterval(() => {
    const read = bytesRead(pid);
    if (read <= most) return;
    most = read;
    onRead(read);
  }, LOOK_EVERY);
  return () => clearInterval(timer);
}

function bytesRead(pid: number): number {
  try {
    return Number(/^rchar: (\d+)$/m.exec(readFileSync(`/proc/${pid}/io`, 'utf8'))?.[1] ?? 0);
  } catch {
    return 0; // it has ended, or we may not read this
  }
}
