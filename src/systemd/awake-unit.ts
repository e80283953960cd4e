import { HARDENING } from './hardening.ts';
import { MANUAL, unitText, type UnitFile } from './unit-text.ts';

/** The template of what keeps the machine awake; its instance is a job. */
export const AWAKE = 'offsite-rsync-awake@';

/**
 * `offsite-rsync-awake@.service`: holds an inhibitor as long as the transfer of the job goes on. It is a unit of its own because the
 * transfer cannot reach logind: its sandbox closes D-Bus.
 */
export function awakeService(): UnitFile {
  return {
    path: `${AWAKE}.service`,
    text: unitText(
      [
        'Asks logind not to put this machine to sleep, or shut it down, while the job %i is sent. Written by "offsite-rsync units".',
        'systemctl poweroff --check-inhibitors=no goes ahead all the same.',
      ],
      {
        Unit: [
          'Description=Keep this machine awake while %i is sent off-site',
          MANUAL,
          '# It is started by the transfer, and stops with it.',
          'StopWhenUnneeded=yes',
          'ConditionPathExists=/usr/bin/systemd-inhibit',
        ],
        Service: [
          '# "-": a machine without logind sends its backups too.',
          "ExecStart=-/usr/bin/systemd-inhibit --what=sleep:shutdown --who=offsite-rsync --why='The backup %i is being sent off-site' --mode=block /bin/sleep infinity",
          '',
          'CapabilityBoundingSet=CAP_SYS_BOOT',
          'AmbientCapabilities=',
          'ProtectHome=yes',
          'PrivateNetwork=yes',
          ...HARDENING,
        ],
      },
    ),
  };
}
