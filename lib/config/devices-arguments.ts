// Parses the arguments of `iot-server devices`: it lists some devices, tells of one, or does something about some. Never reads
// the environment. All functions throw an OperatingError `usage`.

import type { Selector } from "../server/selector.ts";
import type { Arguments } from "./arguments.ts";
import { type Judging, judgingValues, refuseJudging } from "./join-arguments.ts";
import { selectValue } from "./label-arguments.ts";
import { expect, idValue, wrong } from "./server-arguments.ts";
import type { FlagName } from "./server-flags.ts";

/** What `devices` does. `sharedIp` is as for the server, and used only if none is running. */
export type AskedDevices =
  | { readonly command: "devices"; readonly json: boolean; readonly select: Selector | null }
  | { readonly command: "device"; readonly id: string; readonly json: boolean }
  | { readonly command: "allow-text"; readonly id: string }
  /** Those that wait for approval. */
  | {
      readonly command: "pending";
      readonly json: boolean;
      readonly select: Selector | null;
      readonly sharedIp: boolean;
    }
  | (Judging & {
      readonly command: "judge";
      /** Whether selected devices are judged without a question. */
      readonly yes: boolean;
      readonly json: boolean;
      readonly sharedIp: boolean;
    });

/** What `devices` does. */
export function devicesValues(given: Arguments<FlagName>): AskedDevices {
  const { positionals, value, isOn } = given;
  const [json, sharedIp] = [isOn("json"), isOn("shared-ip")];
  const [verb] = positionals;
  if (verb === "approve" || verb === "reject") {
    return { command: "judge", json, sharedIp, yes: isOn("yes"), ...judgingValues(verb, given) };
  }
  refuseJudging(given);
  if (verb === "allow-text") {
    expect(positionals, 2, "devices");
    return { command: "allow-text", id: idValue("devices", positionals[1]) };
  }
  if (verb !== undefined) {
    expect(positionals, 1, "devices");
    return { command: "device", json, id: soleId(verb, given) };
  }
  const select = selectValue(value("select"), isOn("online"));
  if (isOn("pending")) return { command: "pending", json, select, sharedIp };
  return { command: "devices", json, select };
}

/** The device of which all is told: it is named, not selected. */
function soleId(text: string, { value, isOn }: Arguments<FlagName>): string {
  const id = idValue("devices", text);
  if (value("select") === null && !isOn("online") && !isOn("pending")) return id;
  throw wrong(
    `${id} is named, and others are selected.`,
    "Name one device, or give --select and --online.",
  );
}
