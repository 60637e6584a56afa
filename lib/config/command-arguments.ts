// Parses the arguments of `iot-server command` and `commands`. Never reads the environment. All functions throw an OperatingError
// `usage`.

import { commandFault } from "../protocol/commands.ts";
import { isId } from "../protocol/fields.ts";
import type { Selector } from "../server/selector.ts";
import { selectValue } from "./label-arguments.ts";
import { idValue, wrong } from "./server-arguments.ts";
import { callOf, type FlagName } from "./server-flags.ts";
import { durationValue, quoted } from "./values.ts";

/** How long a command may wait, ms. */
const ttlMsMin = 1_000;
const ttlMsMax = 30 * 86_400_000;

/** A command for a device, or for those that a selector means. */
export type Commanded = {
  readonly id: string | null;
  readonly select: Selector | null;
  readonly message: string;
  readonly ttlMs: number;
};

/** Which commands are listed, or cancelled. */
export type CommandsAsked =
  | { readonly what: "list"; readonly id: string | null; readonly all: boolean }
  | { readonly what: "cancel"; readonly numbers: readonly number[] }
  | { readonly what: "cancel-all"; readonly id: string };

/** What `command` gives to whom: first the id, unless devices are selected, then the message, whose words are joined by a space. */
export function commandValues(
  positionals: readonly string[],
  value: (name: FlagName) => string | null,
): Commanded {
  const select = selectValue(value("select"));
  const id = select === null ? idValue("command", positionals[0]) : null;
  const message = positionals.slice(id === null ? 0 : 1).join(" ");
  if (message === "") throw wrong("The message is missing.", `Write: ${callOf("command")}`);
  const fault = commandFault(message);
  if (fault !== null) {
    throw wrong(
      `The message ${fault}.`,
      "A command is 1 to 1,024 bytes of text; TAB and LF may be in it.",
    );
  }
  return {
    id,
    select,
    message,
    ttlMs: durationValue("--ttl", value("ttl") ?? "24h", ttlMsMin, ttlMsMax),
  };
}

/** What `commands` lists or cancels. @param device the value of --device */
export function commandsValues(
  positionals: readonly string[],
  device: string | null,
  all: boolean,
): CommandsAsked {
  const [first, ...rest] = positionals;
  if (first !== "cancel") {
    if (device !== null) {
      throw wrong("--device is only for cancel.", "Write: iot-server commands cancel --device ID");
    }
    if (rest.length > 0)
      throw wrong(`Unexpected argument ${quoted(rest[0] ?? "")}.`, `Write: ${callOf("commands")}`);
    return { what: "list", id: first === undefined ? null : idValue("commands", first), all };
  }
  if (device !== null) {
    if (rest.length > 0) throw wrong("Numbers are given, and --device.", "Give one of them.");
    if (!isId(device))
      throw wrong(
        `${quoted(device)} is not a device id.`,
        "An id is 1 to 64 of A-Z a-z 0-9 . _ : -",
      );
    return { what: "cancel-all", id: device };
  }
  if (rest.length === 0) {
    throw wrong(
      "No command is named.",
      "Write: iot-server commands cancel NUMBER…, or cancel --device ID",
    );
  }
  return { what: "cancel", numbers: [...new Set(rest.map(numberValue))] };
}

function numberValue(text: string): number {
  const number = Number(text);
  if (/^[1-9]\d{0,15}$/.test(text) && Number.isSafeInteger(number)) return number;
  throw wrong(`${quoted(text)} is no number of a command.`, "See iot-server commands.");
}
