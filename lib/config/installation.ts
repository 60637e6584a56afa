// What `iot-server install` needs of the command line: the arguments of the service, checked as for a start. Opens no file.

import type { Arguments } from "./arguments.ts";
import type { ServeConfig } from "./serve-config.ts";
import { type FlagName, flags } from "./server-flags.ts";

/** What is installed. */
export type Installation = {
  /** The arguments of the service, as they were given. */
  readonly args: readonly string[];
  /** The flags among them that name a file to be read, which may be relative to the current folder. */
  readonly paths: readonly string[];
  /** Where its logs go; null if nothing says it. Empty if it writes no files. */
  readonly logDir: string | null;
  /** Whether it needs the right to use a port below 1024. */
  readonly hasLowPort: boolean;
  /** The variables that are set here and would hold for a start here; the service does not have them. */
  readonly variables: readonly string[];
  readonly isUser: boolean;
  readonly isPrint: boolean;
};

const firstFreePort = 1024;
/** The database is not among them: it is relative to the folder of the service. */
const readFiles = Object.keys(flags)
  .filter((name) => name === "config" || name.endsWith("-file"))
  .map((name) => `--${name}`);

/**
 * The installation.
 * @param args those of the command line, with the flags of the command itself
 * @param config what the service will have
 */
export function installationOf(
  args: readonly string[],
  config: ServeConfig,
  { isOn, originOf, value }: Arguments<FlagName>,
): Installation {
  const { port, http, logTo } = config;
  const ports = [port, http?.port ?? port];
  return {
    args: args.filter((word) => word !== "--user" && word !== "--print"),
    paths: readFiles,
    logDir: logTo === "stdout" ? "" : originOf("log-dir") === "default" ? null : value("log-dir"),
    hasLowPort: ports.some((one) => one > 0 && one < firstFreePort),
    variables: (Object.keys(flags) as FlagName[])
      .filter((name) => originOf(name) === "variable")
      .map((name) => flags[name].env ?? ""),
    isUser: isOn("user"),
    isPrint: isOn("print"),
  };
}
