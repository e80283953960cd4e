/**
 * The sandbox of our own services. `systemd-analyze security` gives what runs in it 2.0 at most (a test holds it there).
 *
 * It is root's account with all of root's powers taken away but one, not an account of its own: the state directory,
 * its locks and the secrets then belong to the same user whether a unit or an administrator at a prompt starts a run.
 * Without capabilities, uid 0 would still be let in by the sockets of the system's managers, so those are closed too.
 */
export const HARDENING: readonly string[] = [
  'NoNewPrivileges=yes',
  'ProtectSystem=strict',
  'PrivateTmp=yes',
  'PrivateDevices=yes',
  'DevicePolicy=closed',
  'PrivateMounts=yes',
  'ProtectProc=invisible',
  'ProcSubset=pid',
  'ProtectClock=yes',
  'ProtectHostname=yes',
  'ProtectControlGroups=yes',
  'ProtectKernelLogs=yes',
  'ProtectKernelModules=yes',
  'ProtectKernelTunables=yes',
  'RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6',
  'RestrictNamespaces=yes',
  'RestrictRealtime=yes',
  'RestrictSUIDSGID=yes',
  'LockPersonality=yes',
  'KeyringMode=private',
  'UMask=0077',
  'SystemCallArchitectures=native',
  'SystemCallFilter=@system-service',
  'SystemCallFilter=~@privileged @resources',
  '# setpriv, which starts every program, applies the capabilities that it has anyway (EPERM without this).',
  'SystemCallFilter=capset',
  'SystemCallErrorNumber=EPERM',
  '# No MemoryDenyWriteExecute: node compiles while it runs.',
];

/** Reads every file, whoever owns it and whatever its mode; may do nothing else that a user could not. */
export const READS_EVERYTHING: readonly string[] = [
  '# Root without its powers: it may read what others own, and nothing more.',
  'CapabilityBoundingSet=CAP_DAC_READ_SEARCH',
  'AmbientCapabilities=',
];

/** Uid 0 is let in here without any capability, and could start whatever it likes. */
export const NO_MANAGER_SOCKETS = 'InaccessiblePaths=-/run/systemd/private -/run/dbus -/run/docker.sock -/run/podman';
