/**
 * The sandbox of our own services. `systemd-analyze security` rates it 2.0 at most (a test checks that).
 *
 * The services run as root with a single capability, not as an account of their own. So the state directory, its locks and the secrets
 * belong to the same user whether a unit or an administrator at a prompt starts a run. Even without capabilities, uid 0 would be
 * accepted by the sockets of the system managers, so these are closed too.
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

/** What remains of the sandbox in a manager that has no privileges: no mounts, no capabilities. */
export const USER_HARDENING: readonly string[] = HARDENING.filter((line) =>
  /^(#|NoNew|Restrict|Lock|UMask|SystemCall)/.test(line),
);

/** Allows reading every file regardless of owner and mode, and nothing else beyond the rights of an ordinary user. */
export const READS_EVERYTHING: readonly string[] = [
  '# Root without its powers: it may read what others own, and nothing more.',
  'CapabilityBoundingSet=CAP_DAC_READ_SEARCH',
  'AmbientCapabilities=',
];

/** These accept uid 0 even without capabilities, and would start any program for it. */
export const NO_MANAGER_SOCKETS = 'InaccessiblePaths=-/run/systemd/private -/run/dbus -/run/docker.sock -/run/podman';
