// The broker that `--mqtt` names: parses its URL, and says where its password is. Opens no file. A password never appears in an
// error.

import type { Arguments, Env } from "./arguments.ts";
import type { FlagName } from "./server-flags.ts";
import { quoted, usageError } from "./values.ts";

const schemes = ["mqtt", "mqtts", "ws", "wss"] as const;
const ports = { mqtt: 1883, mqtts: 8883, ws: 80, wss: 443 } as const;

/** A broker, and what is told to it. */
export type BrokerSource = {
  readonly scheme: (typeof schemes)[number];
  readonly host: string;
  readonly port: number;
  readonly username: string | null;
  /** Of IOT_MQTT_PASSWORD; null without one. */
  readonly password: string | null;
  /** The file with the password, or null. */
  readonly passwordFile: string | null;
  /** The first levels of all topics. */
  readonly base: string;
  /** The first levels of Home Assistant's discovery; null: it is told nothing. */
  readonly discovery: string | null;
  /** Whether others may ask and command devices over the broker. */
  readonly takesRequests: boolean;
  /** The file with the certificates of its authority; null for those of the system. */
  readonly caFile: string | null;
  /** Whether its certificate is not checked. */
  readonly isInsecure: boolean;
  /** The version of MQTT; null: 5, or 4 (3.1.1) with a broker that does not have it. */
  readonly version: 5 | 4 | null;
  /** The path of a WebSocket. */
  readonly wsPath: string;
};

const known = ["ca", "discovery", "commands", "v", "insecure", "path"];

/**
 * The broker that is named; null if none is.
 * @throws OperatingError `usage`
 */
export function brokerSource(given: Arguments<FlagName>, env: Env): BrokerSource | null {
  const { value, nameOf } = given;
  const text = value("mqtt");
  const passwordFile = value("mqtt-password-file");
  if (text === null) {
    if (passwordFile === null) return null;
    throw usageError(
      `${nameOf("mqtt-password-file")} goes with --mqtt.`,
      "Name the broker, as --mqtt mqtt://iot@host/iot",
    );
  }
  const name = nameOf("mqtt");
  const wrong = (what: string) =>
    usageError(`${name} ${what}.`, "Write it as mqtts://user@host:8883/iot");
  const url = URL.canParse(text) ? new URL(text) : null;
  const scheme = schemes.find((one) => url?.protocol === `${one}:`);
  if (url === null || scheme === undefined) {
    throw wrong("is no URL with mqtt://, mqtts://, ws:// or wss://");
  }
  if (url.password !== "") {
    throw usageError(
      `${name} contains a password, which every user of this machine can read there.`,
      "Take it out, and set IOT_MQTT_PASSWORD or give --mqtt-password-file.",
    );
  }
  if (url.hostname === "") throw wrong("names no host");
  const isTls = scheme === "mqtts" || scheme === "wss";
  const query = queryOf(url.searchParams, isTls, wrong);
  const username = decoded(url.username, wrong);
  const password = env["IOT_MQTT_PASSWORD"] || null;
  if (username === "" && (password !== null || passwordFile !== null)) {
    throw wrong("names no user, but there is a password");
  }
  return {
    scheme,
    host: url.hostname.replace(/^\[(.*)\]$/, "$1"),
    port: Number(url.port || ports[scheme]),
    username: username || null,
    password,
    passwordFile,
    base: topicValue("path", decoded(url.pathname.slice(1), wrong) || "iot", wrong),
    ...query,
  };
}

type Wrong = (what: string) => Error;

function queryOf(query: URLSearchParams, isTls: boolean, wrong: Wrong) {
  const keys = [...query.keys()];
  const unknown = keys.find((key, i) => !known.includes(key) || keys.indexOf(key) !== i);
  if (unknown !== undefined)
    throw wrong(`has ${quoted(unknown)}, which is not known here, or twice`);
  const choice = <Word extends string>(key: string, words: readonly Word[]): Word | null => {
    const text = query.get(key);
    if (text === null) return null;
    const word = words.find((one) => one === text);
    if (word !== undefined) return word;
    throw wrong(`has ${key}=${quoted(text)}, not ${words.join(" or ")}`);
  };
  const discovery = query.get("discovery") ?? "homeassistant";
  const ca = query.get("ca") || null;
  const isInsecure = choice("insecure", ["true", "false"]) === "true";
  if (!isTls && (ca !== null || isInsecure)) {
    throw wrong("names a certificate, but mqtt:// and ws:// have none");
  }
  const version = choice("v", ["5", "4"]);
  return {
    discovery: discovery === "off" ? null : topicValue("discovery", discovery, wrong),
    takesRequests: choice("commands", ["on", "off"]) !== "off",
    caFile: ca,
    isInsecure,
    version: version === null ? null : version === "5" ? (5 as const) : (4 as const),
    wsPath: query.get("path") ?? "/mqtt",
  };
}

/** Levels of a topic, of which none is empty and none has a meaning of its own. */
function topicValue(what: string, text: string, wrong: Wrong): string {
  const isRight = /^[^+#\0/$][^+#\0/]*(?:\/[^+#\0/]+)*$/.test(text) && text.length <= 200;
  if (isRight) return text;
  throw wrong(`has the ${what} ${quoted(text)}, which cannot begin a topic`);
}

function decoded(text: string, wrong: Wrong): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw wrong("has a broken %");
  }
}
