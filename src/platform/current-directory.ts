/**
 * Changes to `/` if the current directory of the shell that starts us was removed: no program can be started from a removed
 * directory, not even one that sends an alert. We use no path relative to it.
 */
export function leaveRemovedDirectory(): void {
  try {
    process.cwd();
  } catch {
    process.stderr.write('warning: The current directory does not exist any more; going on in /.\n');
    process.chdir('/');
  }
}
