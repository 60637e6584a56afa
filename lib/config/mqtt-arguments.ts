// The arguments of `iot-server mqtt`. Never opens a file.

import type { Arguments, Env } from "./arguments.ts";
import { type BrokerSource, brokerSource } from "./broker-source.ts";
import { expect, wrong } from "./server-arguments.ts";
import type { FlagName } from "./server-flags.ts";
import { quoted } from "./values.ts";

/** What is wanted: how the bridge of the running server is, a trial of the broker, or that the broker forgets all of it. */
export type MqttAsked =
  | { readonly command: "mqtt"; readonly what: "state"; readonly json: boolean }
  | {
      readonly command: "mqtt";
      readonly what: "test" | "clear";
      readonly broker: BrokerSource;
      readonly json: boolean;
    };

/** @throws OperatingError `usage` */
export function mqttValues(given: Arguments<FlagName>, env: Env): MqttAsked {
  const { positionals, isOn } = given;
  expect(positionals, 1, "mqtt");
  const [what = "state"] = positionals;
  const broker = brokerSource(given, env);
  const json = isOn("json");
  if (what === "state") return { command: "mqtt", what, json };
  if (what !== "test" && what !== "clear") {
    throw wrong(
      `${quoted(what)} is nothing that mqtt does.`,
      "Write iot-server mqtt, mqtt test or mqtt clear.",
    );
  }
  if (broker !== null) return { command: "mqtt", what, broker, json };
  throw wrong(
    `mqtt ${what} needs to know the broker.`,
    `Write: iot-server mqtt ${what} --mqtt mqtt://iot@host/iot`,
  );
}
