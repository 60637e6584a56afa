// The commands that write and remove the systemd unit. Starts and stops no service.

import { lstatSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { tellWarning } from "../lib/cli/failure.ts";
import type { WriteLine } from "../lib/cli/server/commands.ts";
import { unitLines, unitMark, unitName } from "../lib/cli/server/systemd-unit.ts";
import type { Installation } from "../lib/config/installation.ts";
import { exitCode, type ExitCode, OperatingError } from "../lib/operating-error.ts";

/** Places that a unit of the system does not see (`ProtectHome`, `PrivateTmp`). */
const hidden = /^\/(home|root|run\/user|tmp|var\/tmp)\//;

/** Writes the unit, or prints it. */
export function runInstall(installation: Installation, write: WriteLine): ExitCode {
  const { isUser, isPrint, hasLowPort } = installation;
  const program = resolve(process.execPath);
  const args = argsOf(installation);
  const lines = unitLines({ program, args, isUser, hasLowPort: hasLowPort && !isUser });
  const unseen = [program, ...args].find((word) => hidden.test(word));
  if (!isUser && unseen !== undefined) {
    const warning = {
      message: `${unseen} is in a folder that a service of the system does not see.`,
      nextStep:
        "Copy it first, as: sudo install iot-server /usr/local/bin/. Or install with --user.",
    };
    if (!isPrint) {
      throw new OperatingError("unseen", warning.message, warning.nextStep);
    }
    tellWarning(warning);
  }
  const { variables } = installation;
  if (variables.length > 0) {
    tellWarning({
      message: `${variables.join(", ")}: set here, and not for the service.`,
      nextStep: "Give the options in their place, or a file with --config.",
    });
  }
  if (isPrint) {
    for (const line of lines) write(line);
    return exitCode.done;
  }
  const path = unitPath(isUser);
  expectOurs(path);
  try {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, `${lines.join("\n")}\n`, { mode: 0o644 });
  } catch (error) {
    throw unwritable(path, error);
  }
  for (const line of nextSteps(path, isUser)) write(line);
  return exitCode.done;
}

/** Removes the unit. The data stay. */
export function runUninstall({ isUser }: { readonly isUser: boolean }, write: WriteLine): ExitCode {
  const path = unitPath(isUser);
  const systemctl = isUser ? "systemctl --user" : "sudo systemctl";
  if (!isThere(path)) {
    throw new OperatingError(
      "no-unit",
      `There is no ${path}.`,
      isUser ? "A unit of the system is removed without --user." : "One of a user: --user.",
    );
  }
  expectOurs(path);
  const target = isUser ? "default.target" : "multi-user.target";
  if (isThere(join(dirname(path), `${target}.wants`, unitName))) {
    throw new OperatingError(
      "unit-enabled",
      `${unitName} is started at each boot.`,
      `End that first: ${systemctl} disable --now iot-server`,
    );
  }
  try {
    rmSync(path);
  } catch (error) {
    throw unwritable(path, error);
  }
  write(`${path} is removed; its data and logs stay. Now: ${systemctl} daemon-reload`);
  return exitCode.done;
}

/** What the service is called with: files that it reads by their whole paths, and logs where it may write. */
function argsOf({ args, paths, logDir, isUser }: Installation): string[] {
  const whole = args.map((word, i) => {
    const [flag = "", ...value] = word.split("=");
    if (paths.includes(flag) && value.length > 0) return `${flag}=${resolve(value.join("="))}`;
    return paths.includes(args[i - 1] ?? "") ? resolve(word) : word;
  });
  return logDir === null && !isUser ? [...whole, "--log-dir", "/var/log/iot-server"] : whole;
}

function unitPath(isUser: boolean): string {
  if (!isUser) return join("/etc/systemd/system", unitName);
  const { XDG_CONFIG_HOME: given, HOME: home = "/" } = process.env;
  return join(given || join(home, ".config"), "systemd/user", unitName);
}

/** @throws OperatingError `foreign-unit` if somebody else's file is there */
function expectOurs(path: string): void {
  if (!isThere(path)) return;
  let text = "";
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    throw unwritable(path, error);
  }
  if (text.startsWith(unitMark)) return;
  throw new OperatingError(
    "foreign-unit",
    `${path} was not written by iot-server install.`,
    "Move it away, or write yours by hand: iot-server install --print shows what it would be.",
  );
}

function isThere(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
}

function unwritable(path: string, error: unknown): OperatingError {
  const { code, message } = error as { code?: string; message: string };
  return new OperatingError(
    "unit-unwritable",
    `${path} cannot be changed (${code ?? message}).`,
    "Run it as root (sudo), or for this user alone: --user. --print shows the unit.",
  );
}

function nextSteps(path: string, isUser: boolean): string[] {
  const systemctl = isUser ? "systemctl --user" : "sudo systemctl";
  const place = isUser ? "~/.config/iot-server" : "/var/lib/iot-server";
  return [
    `Wrote ${path}. Now:`,
    `  ${systemctl} daemon-reload && ${systemctl} enable --now iot-server`,
    ...(isUser ? ["  loginctl enable-linger   # it also runs while nobody is logged in"] : []),
    `Its dashboard: ${isUser ? "" : "sudo "}iot-server open --db ${place}/iot_server.db`,
  ];
}
