// The payloads of the bridge's own topics: a report, a device, the bridge. Pure; Home Assistant's are in discovery.ts.

import { numbersIn } from "../fleet/numbers-in-messages.ts";
import { type Labels, labelsObject } from "../server/labels.ts";
import type { Report } from "../server/rows.ts";

/** What is told of a device besides its reports. */
export type ToldDevice = {
  readonly mac: string;
  readonly labels: Labels;
  /** When it was registered, ms since 1970. */
  readonly registered: number;
  /** The interval of its heartbeats, s; null if it states none or is not there. */
  readonly everySeconds: number | null;
  /** How it talks to the server; null if it is not there. */
  readonly transport: "sealed" | "text" | null;
};

/** What is told of the server. */
export type ToldBridge = {
  readonly version: string;
  readonly server: string;
  readonly devices: {
    readonly registered: number;
    readonly online: number;
    readonly silent: number;
  };
  /** Whether unknown devices may join, and how many wait for that. */
  readonly joining: {
    readonly open: boolean;
    /** ms since 1970; null for no end. */
    readonly until: number | null;
    readonly pending: number;
  };
};

export const onlineWord = "online";
export const offlineWord = "offline";

/** A report: topics `state` and `report`. @param numbers its numbers by their fields, as `numbersIn` gives them */
export function reportPayload(
  { received, code, message }: Pick<Report, "received" | "code" | "message">,
  numbers: readonly (readonly [name: string, value: number])[] = numbersIn(message),
): string {
  const fields = Object.fromEntries(numbers);
  return JSON.stringify({ received: new Date(received).toISOString(), code, message, fields });
}

/** A device: topic `device`. */
export function devicePayload(device: ToldDevice): string {
  const { mac, labels, registered, everySeconds, transport } = device;
  return JSON.stringify({
    mac,
    labels: labelsObject(labels),
    registered: new Date(registered).toISOString(),
    everySeconds,
    transport,
  });
}

/** The bridge: topic `bridge/info`. */
export function bridgePayload({ version, server, devices, joining }: ToldBridge): string {
  const { registered, online, silent } = devices;
  const { open, until, pending } = joining;
  return JSON.stringify({
    version,
    server,
    devices: { registered, online, silent },
    join: { open, until: until === null ? null : new Date(until).toISOString() },
    pending,
  });
}
