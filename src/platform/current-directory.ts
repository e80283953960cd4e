/**
 * Goes to `/` when the current directory has been removed under the shell that starts us: no program can be started from
 * there, not even what tells people. Nothing of ours is relative to it.
 */
export function leaveRemovedDirectory(): void {
  try {
    process.cwd();
  } catch {
    process.stderr.write('warning: The current directory does not exist any more; going on in /.\n');
    process.chdir('/');
  }
}
