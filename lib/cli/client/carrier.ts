// Opens the carrier of the messages: plain datagrams with --text, else the sealed channel with its state on the disk.
// Words what the sealed channel reports: a first contact, a changed key, silence. Never falls back to text by itself.

import type { Carrier, Delivery, Receipt, Trouble } from "../../client/channel.ts";
import { SealedChannel } from "../../client/sealed/channel.ts";
import type { KeyChange } from "../../client/sealed/ports.ts";
import { textChannel } from "../../client/text-channel.ts";
import type { Sealing } from "../../config/client-sealing.ts";
import type { Common } from "../../config/client.ts";
import { serverName } from "../../config/server-name.ts";
import { exitCode, OperatingError } from "../../operating-error.ts";
import { fingerprint, matchesFingerprint } from "../../sealed/fingerprint.ts";
import type { Machine, Socket } from "./machine.ts";
import type { Servers } from "./servers.ts";

/** What the carrier reports to the session. */
export type CarrierEvents = {
  onDelivery(delivery: Delivery): void;
  onReceipt(receipt: Receipt): void;
  onResent(msgids: readonly bigint[]): void;
  onHeard(): void;
  /** Called with an error that ends the command. */
  onFailure(error: OperatingError): void;
  onTrouble(trouble: Trouble): void;
  notice(line: string): void;
};

/** Longest pause between two packets of a device that others may ask: shorter than the UDP timeout of common NATs. */
const keepaliveMs = 25_000;

/**
 * Opens the carrier.
 * @param servers the current one is asked; a pinned key of any of them is checked at once
 * @param listens whether this client is a device that others may ask; only then KEEPALIVEs are sent
 * @throws OperatingError `key-changed` if the pinned key is not that of --server-key; `secret-exposed`,
 *   `secret-unwritable` and the like if the state or the secret on the disk is unusable
 */
export function openCarrier(
  machine: Machine,
  config: Pick<Common, "id" | "sealing">,
  servers: Servers,
  socket: Socket,
  listens: boolean,
  events: CarrierEvents,
): Carrier {
  const { sealing } = config;
  if (sealing.kind === "text") return textChannel(socket, events.onDelivery);
  const expected = sealing.serverKey;
  const pinnedOf = (name: string) => pinnedKey(machine, name, expected);
  for (const server of servers.all) pinnedOf(serverName(server));
  const state = machine.openState(config.id);
  const { clock } = machine;
  return new SealedChannel(
    {
      local: state.local,
      psk: pskOf(sealing, machine),
      send: (payload, to) => socket.send([{ payload, to }]),
      now: clock.now,
      time: clock.time,
      random: machine.random,
      randomBytes: machine.randomBytes,
      nextHandshakeCounter: () => state.nextHandshakeCounter(clock.time()),
      ticketOf: (serverKey, id) => state.ticketOf(serverKey, id),
      keepTicket: (serverKey, id, ticket) => state.keepTicket(serverKey, id, ticket),
      pin: (key) => {
        const { name } = servers;
        machine.knownServers.pin(name, key, clock.time(), false);
        const how = expected === null ? "met for the first time; trusted from now on" : "as given";
        events.notice(`The key of ${name} is ${fingerprint(key)}: ${how}.`);
      },
    },
    {
      server: servers.address,
      get pinned() {
        return pinnedOf(servers.name);
      },
      expected,
      keepaliveMs: listens ? keepaliveMs : null,
      answerText: sealing.answerText,
    },
    {
      onDelivery: events.onDelivery,
      onReceipt: events.onReceipt,
      onResent: events.onResent,
      onHeard: events.onHeard,
      onTrouble: events.onTrouble,
      onKeyChange: (change) => events.onFailure(changeOf(servers.name, expected, change)),
      onTextDropped: ({ ip, port }) =>
        events.notice(
          `Plain text from ${serverName({ host: ip, port })} is ignored, also of others from now on: this device is sealed. --answer-text lets it answer.`,
        ),
    },
  );
}

/** The key pinned for a server, or null; throws if it is not the one that --server-key gives for all. */
function pinnedKey(machine: Machine, name: string, expected: string | null): Uint8Array | null {
  const pinned = machine.knownServers.keyOf(name);
  if (pinned === null || expected === null || matchesFingerprint(expected, pinned)) return pinned;
  throw keyError(
    `The key pinned for ${name} is not the one given.`,
    { given: expected, pinned: fingerprint(pinned) },
    `If the one given is right: iot-client trust --replace --server-key ${expected} ${name}`,
  );
}

/** Reads the pre-shared key of `--psk-file`; undefined if there is none. */
export function pskOf(sealing: Sealing, machine: Machine): Uint8Array | undefined {
  if (sealing.kind === "text" || sealing.pskFile === null) return undefined;
  return machine.readPsk(sealing.pskFile);
}

function changeOf(name: string, expected: string | null, change: KeyChange): OperatingError {
  const { pinned, seen } = change;
  if (pinned === null) return keyNotGiven(name, expected ?? "none", fingerprint(seen));
  return keyChanged(name, fingerprint(pinned), fingerprint(seen));
}

/** The error for a server that shows another key than the pinned one; exit code 4. */
export function keyChanged(name: string, pinned: string, shown: string): OperatingError {
  return keyError(
    `The key of ${name} has changed.`,
    { pinned, shown },
    `If the server's key was renewed: iot-client trust --replace ${name}`,
  );
}

/** The error for a server that shows another key than that of `--server-key`; exit code 4. */
export function keyNotGiven(name: string, given: string, shown: string): OperatingError {
  return keyError(
    `The key of ${name} is not the one given.`,
    { given, shown },
    "Compare them with what iot-server fingerprint prints where the server runs.",
  );
}

function keyError(
  what: string,
  keys: Readonly<Record<string, string>>,
  nextStep: string,
): OperatingError {
  const lines = Object.entries(keys).map(([label, key]) => `    ${label.padEnd(6)} ${key}`);
  const message = [`${what} Nothing was sent: somebody may be in between.`, ...lines].join("\n");
  return new OperatingError("key-changed", message, nextStep, exitCode.keyChanged);
}

/** What the silence of a server may mean, and what to do about it. */
export function troubleLine(trouble: Trouble): string {
  switch (trouble) {
    case "no-key":
      return (
        "No answer to the encrypted handshake: the server is down, out of reach, or an old one that speaks text only " +
        "(for an old one use --text, which everybody on the way can read and forge)."
      );
    case "no-response":
      return (
        "The server sends its key but does not complete the handshake. Check its --psk-file and ours, its load, " +
        "and the clock of this machine."
      );
    case "wrong-secret":
      return "The server's answer does not verify: the shared secrets differ. Check --psk-file on both sides.";
    case "older-server":
      return (
        "The server is older than this client: it speaks an earlier version of the encryption. " +
        "Update the server, or use the client of its version."
      );
    case "newer-server":
      return "This client is older than the server: it speaks an earlier version of the encryption. Update the client.";
  }
}
