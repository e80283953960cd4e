import { commandLine, escapeSpecifiers, instanceOf, MANUAL, unitText, type UnitFile } from './unit-text.ts';
import type { Manager } from './manager.ts';
import { ON_FAILURE, TRANSFER } from './services.ts';

/** How a transfer follows a backup. */
export type Coupling =
  /** The backup unit waits; if the transfer fails, it fails too. */
  | { readonly style: 'exec-start-post'; readonly backupUnit: string }
  /** The transfer starts when the backup unit has succeeded, and has a status of its own. */
  | { readonly style: 'on-success'; readonly backupUnit: string }
  /** The transfer starts when a file is written or touched, whoever makes the backup. */
  | { readonly style: 'path'; readonly marker: string };

/** The styles by name, as `--style` takes them. */
export const STYLES = ['exec-start-post', 'on-success', 'path'] as const satisfies readonly Coupling['style'][];

/** What couples a job to its backup: a drop-in for the existing unit, or a path unit. */
export function couplingUnit(job: string, coupling: Coupling, { kind, systemctl, wantedBy }: Manager): UnitFile {
  const transfer = instanceOf(TRANSFER, job);
  switch (coupling.style) {
    case 'exec-start-post':
      return {
        path: dropInPath(coupling.backupUnit),
        text: unitText(
          [
            `The backup counts as made only when it is off-site: ${transfer} is started and waited for.`,
            'Written by "offsite-rsync units".',
          ],
          {
            Unit: ['# Also if there is nothing to send because the backup itself failed.', ON_FAILURE],
            Service: [
              ...(kind === 'user'
                ? []
                : ['# "+": as root and outside of the sandbox of this unit, whatever its User= and restrictions are.']),
              `ExecStartPost=${kind === 'user' ? '' : '+'}${commandLine([...systemctl, 'start', transfer])}`,
              '# The transfer has a deadline of its own; this unit has to wait for it.',
              'TimeoutStartSec=infinity',
            ],
          },
        ),
      };
    case 'on-success':
      return {
        path: dropInPath(coupling.backupUnit),
        text: unitText([`When the backup has succeeded, ${transfer} sends it. Written by "offsite-rsync units".`], {
          Unit: [
            `OnSuccess=${transfer}`,
            '# If the backup itself fails there is nothing to send, and that has to be reported too.',
            ON_FAILURE,
          ],
        }),
      };
    case 'path':
      return {
        path: `offsite-rsync-${job}.path`,
        text: unitText(
          [
            'Starts the transfer when a backup has been made: touch the file as the last step. Written by "offsite-rsync units".',
          ],
          {
            Unit: [`Description=Watch for a finished backup of ${job}`, MANUAL],
            Path: [`PathChanged=${escapeSpecifiers(coupling.marker)}`, `Unit=${transfer}`],
            Install: [`WantedBy=${wantedBy}`],
          },
        ),
      };
    default:
      return coupling satisfies never;
  }
}

/** Our drop-in for an existing unit. All styles use the same file, so that a change of style replaces it. */
export function dropInPath(unit: string): string {
  return `${unit}.d/offsite-rsync.conf`;
}
