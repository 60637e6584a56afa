// The text of the systemd unit that `iot-server install` writes. Writes no file, and knows no flag but what it is given.

/** What the unit is for. */
export type UnitFacts = {
  /** The program, an absolute path. */
  readonly program: string;
  /** Its arguments. */
  readonly args: readonly string[];
  /** Whether it is a unit of the user, who may take fewer rights from it. */
  readonly isUser: boolean;
  /** Whether it needs the right to use a port below 1024. */
  readonly hasLowPort: boolean;
};

/** The name of the unit. */
export const unitName = "iot-server.service";

/** The first line of each unit of ours: no other file is replaced or removed. */
export const unitMark = "# Written by iot-server install; iot-server uninstall removes it.";

/** The rights that a unit of the system gives up. `PrivateUsers` would take that to a low port, too. */
const fence = [
  "NoNewPrivileges=yes",
  "ProtectSystem=strict",
  "ProtectHome=yes",
  "ProtectProc=invisible",
  "ProcSubset=pid",
  "PrivateTmp=yes",
  "PrivateDevices=yes",
  "PrivateMounts=yes",
  "ProtectClock=yes",
  "ProtectHostname=yes",
  "ProtectKernelLogs=yes",
  "ProtectKernelTunables=yes",
  "ProtectKernelModules=yes",
  "ProtectControlGroups=yes",
  "RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX",
  "RestrictNamespaces=yes",
  "RestrictRealtime=yes",
  "LockPersonality=yes",
  "SystemCallArchitectures=native",
  "SystemCallFilter=@system-service",
  "SystemCallFilter=~@privileged @resources",
  "SystemCallErrorNumber=EPERM",
];

/** What a user's manager can carry out without rights of its own. */
const userFence = ["NoNewPrivileges=yes", "RestrictRealtime=yes", "LockPersonality=yes"];

/** The lines of the unit. */
export function unitLines({ program, args, isUser, hasLowPort }: UnitFacts): string[] {
  const rights = hasLowPort
    ? ["CapabilityBoundingSet=CAP_NET_BIND_SERVICE", "AmbientCapabilities=CAP_NET_BIND_SERVICE"]
    : ["PrivateUsers=yes", "CapabilityBoundingSet="];
  const place = isUser
    ? ["WorkingDirectory=%S/iot-server", "StateDirectory=iot-server"]
    : [
        "WorkingDirectory=/var/lib/iot-server",
        "StateDirectory=iot-server",
        "StateDirectoryMode=0700",
        "LogsDirectory=iot-server",
        "LogsDirectoryMode=0700",
        "DynamicUser=yes",
      ];
  return [
    unitMark,
    "[Unit]",
    "Description=iot-server",
    "After=network.target",
    "",
    "[Service]",
    "Type=notify",
    `ExecStart=${[program, ...args].map(unitWord).join(" ")}`,
    "ExecReload=/bin/kill -HUP $MAINPID",
    "# A start may migrate a large database, or wait for one on the network.",
    "TimeoutStartSec=infinity",
    "WatchdogSec=60",
    "Restart=on-failure",
    ...place,
    "UMask=0077",
    ...(isUser ? userFence : [...fence, ...rights]),
    "",
    "[Install]",
    `WantedBy=${isUser ? "default.target" : "multi-user.target"}`,
  ];
}

/** A word of a command line in a unit: systemd takes `%`, `$`, quotes and backslashes for its own. */
function unitWord(word: string): string {
  const doubled = word.replaceAll("%", "%%").replaceAll("$", "$$$$");
  if (/^[\w@%+=:,./$[\]-]+$/.test(doubled)) return doubled;
  return `"${doubled.replaceAll(/["\\]/g, "\\$&").replaceAll("\n", "\\n")}"`;
}
