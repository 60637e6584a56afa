// The command trust: contacts the server, verifies by a handshake that it holds its key, and pins that key. Never
// replaces another pinned key without --replace, and never uses the device's own key.

import { readyCipher } from "../ready-cipher.ts";
import type { TrustConfig } from "../../config/client.ts";
import { serverName } from "../../config/server-name.ts";
import { ServerLink } from "../../client/sealed/server-link.ts";
import type { Trouble } from "../../client/channel.ts";
import { type ExitCode, exitCode, OperatingError } from "../../operating-error.ts";
import { fingerprint } from "../../sealed/fingerprint.ts";
import { equal, x25519KeyPair } from "../../sealed/primitives.ts";
import { startThere } from "./advice.ts";
import { ClosedPort } from "./closed-port.ts";
import { keyChanged, keyNotGiven, pskOf, troubleLine } from "./carrier.ts";
import type { Clock } from "./connection.ts";
import type { Machine } from "./machine.ts";

/**
 * Pins the key that the server holds now.
 * @throws OperatingError `key-changed` if another key is pinned and --replace was not given; `no-answer`
 */
export async function runTrust(config: TrustConfig, machine: Machine): Promise<ExitCode> {
  const name = serverName(config.server);
  const pinned = machine.knownServers.keyOf(name);
  const key = await keyShown(config, machine, name);
  if (pinned !== null && !equal(pinned, key) && !config.replace) {
    throw keyChanged(name, fingerprint(pinned), fingerprint(key));
  }
  machine.knownServers.pin(name, key, machine.clock.time(), true);
  const same = pinned !== null && equal(pinned, key);
  const before = pinned === null || same ? "" : `, in place of ${fingerprint(pinned)}`;
  machine.print(`${name} ${fingerprint(key)} is ${same ? "trusted already" : "trusted"}${before}`);
  return exitCode.done;
}

/**
 * Gets the key that the server proves to hold, in a handshake under a throwaway client key.
 * @param name of the server, for errors
 * @throws OperatingError `key-changed` if it is not that of --server-key; `no-answer`
 */
export async function keyShown(
  { server, sealing, timeoutMs }: Pick<TrustConfig, "server" | "sealing" | "timeoutMs">,
  machine: Machine,
  name: string,
): Promise<Uint8Array> {
  const { clock } = machine;
  await readyCipher();
  const address = { ip: await machine.addressOf(server.host), port: server.port };
  const { promise, resolve, reject } = Promise.withResolvers<Uint8Array>();
  const port = new ClosedPort();
  const socket = await machine.openSocket(
    address.ip.includes(":") ? "::" : "0.0.0.0",
    0,
    (bytes) => {
      port.heard();
      link.receive(bytes);
      reschedule();
    },
    () => {
      if (port.refused(clock.now())) reject(portClosed(name));
    },
  );
  let shown: Uint8Array | null = null;
  const link = new ServerLink(
    {
      local: x25519KeyPair(machine.randomBytes(32)),
      psk: pskOf(sealing, machine),
      send: (payload, to) => socket.send([{ payload, to }]),
      now: clock.now,
      time: clock.time,
      random: machine.random,
      randomBytes: machine.randomBytes,
      nextHandshakeCounter: () => clock.time() * 1000,
      ticketOf: () => null,
      keepTicket: () => {},
      pin: (key) => {
        shown = key;
      },
    },
    { server: address, pinned: null, expected: sealing.serverKey, keepaliveMs: null },
    {
      onOpen: () => {
        link.send({ kind: "close", answer: false, msgid: 0n });
        if (shown !== null) resolve(shown);
      },
      onKept: () => {},
      onTrouble: (trouble) => reject(noAnswer(name, trouble)),
      onKeyChange: ({ seen }) => {
        reject(keyNotGiven(name, sealing.serverKey ?? "none", fingerprint(seen)));
      },
    },
  );
  const { reschedule, cancel } = timerOf(link, clock);
  let giveUp = () => {};
  try {
    giveUp = clock.after(timeoutMs, () => reject(noAnswer(name, link.trouble ?? "no-key")));
    link.connect();
    reschedule();
    return await promise;
  } finally {
    cancel();
    giveUp();
    link.close();
    socket.close();
  }
}

/** The timer of a link; `reschedule` sets it again after every call to the link. */
function timerOf(link: ServerLink, clock: Clock): { reschedule(): void; cancel(): void } {
  let cancel = () => {};
  const reschedule = () => {
    cancel();
    if (link.wakeAt === null) return;
    cancel = clock.after(Math.max(0, Math.ceil(link.wakeAt - clock.now())), () => {
      link.tick(clock.now());
      reschedule();
    });
  };
  return { reschedule, cancel: () => cancel() };
}

function portClosed(name: string): OperatingError {
  return new OperatingError(
    "no-answer",
    `Nobody listens at ${name}.`,
    startThere,
    exitCode.noAnswer,
  );
}

function noAnswer(name: string, trouble: Trouble): OperatingError {
  const words = `${name} shows no key.`;
  const nextStep =
    trouble === "no-key"
      ? "Check that the server runs there and that UDP gets through. An old one speaks text only."
      : troubleLine(trouble);
  return new OperatingError("no-answer", words, nextStep, exitCode.noAnswer);
}
