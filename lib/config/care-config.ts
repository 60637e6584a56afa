// The settings of the commands that maintain the data, and of those that only need to know where these are. Reads no file.

import type { Arguments, Env } from "./arguments.ts";
import type { CommandConfig } from "./command-config.ts";
import { copyValues, expect, exportValue, fileValue } from "./server-arguments.ts";
import type { FlagName } from "./server-flags.ts";
import { copyPlace, type DataPlace } from "./store-source.ts";

/** The settings of such a command. @throws OperatingError `usage` */
export function careConfig(
  command: "open" | "fingerprint" | "check" | "backup" | "restore" | "copy" | "export" | "import",
  given: Arguments<FlagName>,
  place: DataPlace,
  env: Env,
): CommandConfig {
  const { positionals, value, isOn } = given;
  switch (command) {
    case "open":
    case "fingerprint":
    case "check":
      expect(positionals, 0, command);
      return { command, ...place };
    case "import": {
      expect(positionals, 1, command);
      const file = fileValue(command, positionals[0]);
      const flags = { sharedIp: isOn("shared-ip"), dryRun: isOn("dry-run") };
      return { command, ...place, file, ...flags };
    }
    case "backup":
    case "restore":
      expect(positionals, 1, command);
      return { command, ...place, file: fileValue(command, positionals[0]) };
    case "copy": {
      const { file, target } = copyValues(positionals);
      return { command, ...copyPlace(file, target, given, env), sharedIp: isOn("shared-ip") };
    }
    case "export":
      expect(positionals, 1, command);
      return {
        command,
        ...place,
        ...exportValue(positionals[0] ?? "devices", value("format") ?? "csv"),
      };
  }
}
