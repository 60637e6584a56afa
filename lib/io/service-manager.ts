// Tells systemd how the service is (sd_notify): datagrams to the Unix socket that it names in NOTIFY_SOCKET. Bun has no such
// sockets, so they go through the C library. Linux only; never throws, and never waits.

import { openLibc } from "./libc.ts";

const signatures = {
  socket: { args: ["i32", "i32", "i32"], returns: "i32" },
  sendto: { args: ["i32", "ptr", "u64", "i32", "ptr", "u32"], returns: "i64" },
  close: { args: ["i32"], returns: "i32" },
} as const;

const unixFamily = 1;
const datagram = 2;
const closeOnExec = 0o2000000;
/** A manager that does not read must not stop a server, nor end it. */
const dontWait = 0x40;
const noSignal = 0x4000;
/** `sockaddr_un` has 108 bytes for the path; a path in the file system ends with a zero. */
const pathBytesMax = 107;

/** Whoever has started the service, and wants to know how it is. */
export type ServiceManager = {
  /** How often it wants to hear that the process lives, ms; null if it does not. */
  readonly watchdogMs: number | null;
  /** Tells it something, as `{ READY: "1" }`. A value is one line. */
  tell(state: Readonly<Record<string, string>>): void;
  close(): void;
};

/** Without a manager, nothing is told. */
const nobody: ServiceManager = { watchdogMs: null, tell: () => {}, close: () => {} };

/**
 * Opens the way to the manager of the environment.
 * @param pid of this process: the watchdog may be meant for another one
 */
export function openServiceManager(
  env: Readonly<Record<string, string | undefined>>,
  pid: number,
): ServiceManager {
  const address = addressOf(env["NOTIFY_SOCKET"] ?? "");
  if (address === null || process.platform !== "linux") return nobody;
  const library = openLibc(signatures);
  const fd = library?.symbols.socket(unixFamily, datagram | closeOnExec, 0) ?? -1;
  if (library === null || fd < 0) return nobody;
  return {
    watchdogMs: watchdogOf(env, pid),
    tell(state) {
      const lines = Object.entries(state).map(([key, value]) => `${key}=${oneLine(value)}`);
      const text = Buffer.from(lines.join("\n"));
      const { length } = address;
      library.symbols.sendto(fd, text, text.length, dontWait | noSignal, address, length);
    },
    close: () => void library.symbols.close(fd),
  };
}

/** The `sockaddr_un` of a path, or of an abstract name after `@`; null if it is neither. */
function addressOf(path: string): Buffer | null {
  if (!/^[/@]./.test(path)) return null;
  const isAbstract = path.startsWith("@");
  const name = Buffer.from(isAbstract ? `\0${path.slice(1)}` : `${path}\0`);
  if (name.length > pathBytesMax + 1) return null;
  const address = Buffer.from(new ArrayBuffer(2 + name.length));
  new Uint16Array(address.buffer, 0, 1)[0] = unixFamily;
  address.set(name, 2);
  return address;
}

function watchdogOf(env: Readonly<Record<string, string | undefined>>, pid: number): number | null {
  const [microseconds, of] = [Number(env["WATCHDOG_USEC"]), env["WATCHDOG_PID"] || `${pid}`];
  if (!Number.isSafeInteger(microseconds) || microseconds <= 0 || of !== `${pid}`) return null;
  return microseconds / 1000;
}

function oneLine(value: string): string {
  return value.replaceAll(/\s+/g, " ");
}
