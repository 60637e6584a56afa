// Wires the bridge to an MQTT broker: to a running server, and the commands that try and clear a broker. No logic of its own.

import { readFileSync } from "node:fs";
import type { BrokerSource } from "../lib/config/broker-source.ts";
import type { MqttAsked } from "../lib/config/mqtt-arguments.ts";
import type { DataPlace } from "../lib/config/store-source.ts";
import type { WriteLine } from "../lib/cli/server/commands.ts";
import { tellWarning } from "../lib/cli/failure.ts";
import { printBridge, printStep } from "../lib/cli/server/mqtt-lines.ts";
import { Slice } from "../lib/fleet/slice.ts";
import { bridgeOn } from "../lib/io/control-calls.ts";
import { readIdentity } from "../lib/io/secrets/identity-file.ts";
import { readStorePassword } from "../lib/io/secrets/store-password.ts";
import { commandPort } from "../lib/mqtt/bridged-commands.ts";
import { joinPort } from "../lib/mqtt/bridged-door.ts";
import { Bridge } from "../lib/mqtt/bridge.ts";
import { BridgeDriver } from "../lib/mqtt/bridge-driver.ts";
import { type BrokerSettings, mqttBroker } from "../lib/mqtt/mqtt-broker.ts";
import { clearBroker } from "../lib/mqtt/clearing.ts";
import { offlineWord } from "../lib/mqtt/payloads.ts";
import { bridgeTopic, type TopicPlace } from "../lib/mqtt/topics.ts";
import { trialTopic, tryBroker } from "../lib/mqtt/trial.ts";
import { exitCode, type ExitCode, OperatingError } from "../lib/operating-error.ts";
import { fingerprint } from "../lib/sealed/fingerprint.ts";
import { commandCalls } from "./command.ts";
import { doorOf, reachedAs } from "./join.ts";
import { placeOf } from "./place.ts";
import type { WebParts } from "./web.ts";

/**
 * Starts the bridge of a running server, if a broker is named; the broker may be away.
 * @param publicKey of the server, which names it among others on the broker
 * @param closers gets what ends it
 * @returns the parts of the server with how the bridge is
 * @throws OperatingError if a file that the configuration names cannot be read
 */
export async function withBridge<Parts extends Omit<WebParts, "bridge">>(
  parts: Parts,
  publicKey: Uint8Array,
  closers: (() => void | Promise<void>)[],
): Promise<Parts & Pick<WebParts, "bridge">> {
  const source = parts.config.mqtt;
  if (source === null) return { ...parts, bridge: () => null };
  const { config, version, engine, roster, store, logs, ask } = parts;
  const place = placeIn(source, publicKey);
  const will = { topic: bridgeTopic(place, "state"), payload: offlineWord };
  const settings = settingsOf(source, `iot-server-${place.server}`, will);
  if (source.isInsecure) tellWarning(insecure);
  const broker = await mqttBroker(settings);
  const uptimeMs = () => performance.now();
  const slice = new Slice();
  const door = doorOf(parts.loop);
  const bridge = new Bridge({
    place,
    origin: { version, url: urlOf(config) },
    broker,
    roster,
    presence: engine.desk.sessions,
    reads: store.reads,
    ask: source.takesRequests ? (id, code, target) => ask({ id, code, target }, "api") : null,
    command: source.takesRequests ? commandPort(commandCalls(parts.loop).command) : null,
    join: source.takesRequests ? joinPort(door) : null,
    door,
    breathe: () => slice.breathe(),
    now: Date.now,
    uptimeMs,
    random: Math.random,
    note: (words) => logs.activity("info", "-", "-", words),
  });
  const { feed } = engine;
  const leads = () => store.alerts.lead();
  const { elsewhere } = store;
  const shared = { bridge, roster, feed, elsewhere, leads, uptimeMs };
  const driver = new BridgeDriver({ ...shared, broker: broker.name });
  driver.start();
  closers.push(() => driver.close());
  return { ...parts, bridge: () => driver.state };
}

/** Tells how the bridge is, tries a broker, or clears one. */
export async function runMqtt(asked: DataPlace & MqttAsked, write: WriteLine): Promise<ExitCode> {
  const { path } = placeOf(asked);
  if (asked.what === "state") return printBridge(asked, await bridgeOn(path), write);
  const identity = readIdentity(path, null);
  if (identity === null) {
    throw new OperatingError(
      "no-identity",
      `There is no key of a server beside ${path}: its name on the broker comes from it.`,
      "Run this where the server runs, or name its database with --db, its folder with --data.",
    );
  }
  const place = placeIn(asked.broker, identity.sealing.publicKey);
  return asked.what === "test"
    ? await runTest(asked, place, write)
    : await runClear(asked, place, path, write);
}

async function runTest(
  { broker, json }: { readonly broker: BrokerSource; readonly json: boolean },
  place: TopicPlace,
  write: WriteLine,
): Promise<ExitCode> {
  const will = { topic: trialTopic(place, "will"), payload: "gone" };
  const named = `iot-server-${place.server}-test`;
  const isDone = await tryBroker({
    place,
    broker: await mqttBroker(settingsOf(broker, named, will)),
    observer: await mqttBroker(settingsOf(broker, `${named}-2`, null)),
    after: (ms) => {
      const { promise, resolve } = Promise.withResolvers<void>();
      const timer = setTimeout(resolve, ms);
      return { over: promise, cancel: () => clearTimeout(timer) };
    },
    onStep: (step) => printStep(step, json, write),
  });
  return isDone ? exitCode.done : exitCode.refused;
}

async function runClear(
  { broker, json }: { readonly broker: BrokerSource; readonly json: boolean },
  place: TopicPlace,
  path: string,
  write: WriteLine,
): Promise<ExitCode> {
  const running = await bridgeOn(path).catch(() => null);
  if (running !== null) {
    throw new OperatingError(
      "bridge-runs",
      "The server runs with --mqtt: it would tell the broker all again.",
      "Stop it, or start it without --mqtt, and clear then.",
    );
  }
  const settings = settingsOf(broker, `iot-server-${place.server}-clear`, null);
  const over = await mqttBroker(settings);
  const pause = (ms: number) => new Promise<void>((resolve) => void setTimeout(resolve, ms));
  const { count, isOther } = await clearBroker({ place, broker: over, pause }).catch(
    (error: Error) => {
      const toDo = "See iot-server mqtt test.";
      throw new OperatingError(
        "broker",
        `${over.name}: ${error.message}.`,
        toDo,
        exitCode.noAnswer,
      );
    },
  );
  const stays = isOther ? `; what is below ${place.base}/ is another server's` : "";
  write(
    json
      ? JSON.stringify({ count, isOther })
      : `${over.name} has forgotten ${count} topics${stays}`,
  );
  return exitCode.done;
}

function placeIn({ base, discovery }: BrokerSource, publicKey: Uint8Array): TopicPlace {
  const digest = Buffer.from(fingerprint(publicKey).replace(/^SHA256:/, ""), "base64");
  return { base, discovery, server: digest.subarray(0, 4).toString("hex") };
}

/** @throws OperatingError if a file cannot be read */
function settingsOf(
  source: BrokerSource,
  clientId: string,
  will: BrokerSettings["will"],
): BrokerSettings {
  const { passwordFile, password, caFile } = source;
  return {
    ...source,
    password: passwordFile === null ? password : readStorePassword(passwordFile),
    ca: caFile === null ? null : readCa(caFile),
    clientId,
    will,
  };
}

function readCa(path: string): string {
  try {
    const text = readFileSync(path, "utf8");
    if (text.includes("-----BEGIN CERTIFICATE-----")) return text;
    throw new Error("it has no certificate in PEM");
  } catch (error) {
    throw new OperatingError(
      "mqtt-ca",
      `${path} of --mqtt cannot be used: ${(error as Error).message}.`,
      "Name a file with the certificate of the broker's authority, as ca=ca.pem.",
    );
  }
}

const insecure = {
  message:
    "The certificate of the broker is not checked (insecure=true): anybody between can read and command.",
  nextStep: "Name its authority with ca=FILE.",
};

/** The address of the dashboard as others reach it; null if only this machine does. */
function urlOf({ http, httpNames, port }: WebParts["config"]): string | null {
  const [name] = httpNames;
  if (name !== undefined) return `https://${name}`;
  if (http === null || /^(?:127\.|::1$|localhost$)/.test(http.host)) return null;
  return `http://${reachedAs(http.host)}:${http.port ?? port}`;
}
