/**
 * Changes to `/` if the current directory of the shell that starts us was removed: no program can be started from a removed
 * directory, not even one that sends an alert. We use no path relative to it.
 */
export function leaveRemovedDirectory(): void {
  try {
    process.cwd();
  } catch {
    process.stderr.write('warning: The current directory no longer exists; continuing in /.\n');
    process.chdir('/');
  }
}
