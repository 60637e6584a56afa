// The command simulate: a fleet of devices over a few sockets, and a line a second of what became of it. Never decides what a
// device does.

import { Fleet } from "../../client/simulation/fleet.ts";
import type { Tally } from "../../client/simulation/tally.ts";
import type { Trouble } from "../../client/channel.ts";
import { serverName } from "../../config/server-name.ts";
import type { SimulateConfig } from "../../config/client-simulation.ts";
import { usageError } from "../../config/values.ts";
import { type ExitCode, exitCode } from "../../operating-error.ts";
import type { Address, Outgoing } from "../../protocol/messages.ts";
import { equal } from "../../sealed/primitives.ts";
import { fingerprint } from "../../sealed/fingerprint.ts";
import { readyCipher } from "../ready-cipher.ts";
import { adviceOn } from "./advice.ts";
import { keyChanged, pskOf, troubleLine } from "./carrier.ts";
import type { Machine, Socket } from "./machine.ts";
import { ownPassword, passwordFrom } from "./password.ts";
import { summary, tallyLine } from "./simulate-rendering.ts";
import { keyShown } from "./trust-command.ts";

/** Implementation constants. All devices share these sockets: each has room for some thousand datagrams that wait. */
const socketsMax = 8;
const keyTimeoutMs = 10_000;
/** The password of all devices is kept under this name. */
const fleetName = "sim-fleet";
const lineEveryMs = 1_000;
/** Without any answer so long, ms, it says so. */
const silentAfterMs = 10_000;

/**
 * Runs the fleet until its time is up, a signal stops it, or all devices have ended.
 * @throws OperatingError `usage` if the server is another machine and that was not confirmed; those of the server's key
 */
export async function runSimulation(config: SimulateConfig, machine: Machine): Promise<ExitCode> {
  const ip = await machine.addressOf(config.server.host);
  if (!isLoopback(ip) && !config.yes) {
    throw usageError(
      `${config.server.host} is not this machine. ${config.devices} devices would register there, stay until --clean, and load it all the time.`,
      "If that server is yours to load, add --yes.",
    );
  }
  // Nobody has to think of one; the next run and --clean need the same.
  const password =
    config.password.kind === "ask"
      ? ownPassword(fleetName, machine)
      : await passwordFrom(config.password, null, machine);
  const sealed = await sealedOf(config, machine);
  const run = new SimulationRun(config, machine, { ip, port: config.server.port });
  return await run.run(password, sealed);
}

type Sealed = ConstructorParameters<typeof Fleet>[0]["sealed"];

/** The server's key, as it is pinned or shown now, and the secret shared with it; null for text. */
async function sealedOf(config: SimulateConfig, machine: Machine): Promise<Sealed> {
  const { sealing, server } = config;
  if (sealing.kind === "text") return null;
  await readyCipher();
  const name = serverName(server);
  const serverKey = await keyShown({ server, sealing, timeoutMs: keyTimeoutMs }, machine, name);
  const pinned = machine.knownServers.keyOf(name);
  if (pinned !== null && !equal(pinned, serverKey)) {
    throw keyChanged(name, fingerprint(pinned), fingerprint(serverKey));
  }
  if (pinned === null) {
    machine.knownServers.pin(name, serverKey, machine.clock.time(), false);
    const how =
      sealing.serverKey === null ? "met for the first time; trusted from now on" : "as given";
    machine.notice(`The key of ${name} is ${fingerprint(serverKey)}: ${how}.`);
  }
  return { serverKey, psk: pskOf(sealing, machine) };
}

class SimulationRun {
  readonly #sockets: Socket[] = [];
  /** What is to be sent through each socket at the end of this round. */
  #outgoing: Outgoing[][] = [];
  #fleet: Fleet | null = null;
  #end: (isWhole: boolean) => void = () => {};
  #fail: (error: unknown) => void = () => {};
  #cancelTick = () => {};
  #isRoundDue = false;
  readonly #told = new Set<string>();

  constructor(
    readonly config: SimulateConfig,
    readonly machine: Machine,
    readonly server: Address,
  ) {}

  async run(password: string, sealed: Sealed): Promise<ExitCode> {
    const { config, machine, server } = this;
    const { devices, everyMs, seed, loss, clean } = config;
    const { promise: ended, resolve, reject } = Promise.withResolvers<boolean>();
    [this.#end, this.#fail] = [resolve, reject];
    await this.#openSockets();
    const fleet = new Fleet(
      { devices, everyMs, seed, loss, password, server, sealed, isRemoval: clean },
      {
        send: (payload, to, device) =>
          void this.#outgoing[device % this.#outgoing.length]?.push({ payload, to }),
        now: machine.clock.now,
        time: machine.clock.time,
        random: machine.random,
        randomBytes: machine.randomBytes,
        onRefused: (...refusal) => this.#tellRefusal(...refusal),
        onTrouble: (trouble) => this.#tellTrouble(trouble),
        onKeyChange: ({ seen }) =>
          this.#fail(
            keyChanged(
              serverName(config.server),
              fingerprint(sealed?.serverKey ?? seen),
              fingerprint(seen),
            ),
          ),
      },
    );
    this.#fleet = fleet;
    let isStopping = false;
    const stop = () => {
      if (isStopping) return this.#end(false);
      isStopping = true;
      fleet.stop();
      this.#round();
    };
    machine.onStop(stop);
    this.#introduce();
    const cancelLines = this.#printLines(fleet);
    const cancelStop =
      config.forMs === Infinity ? () => {} : machine.clock.after(config.forMs, stop);
    try {
      this.#round();
      await ended;
      this.#print(summary(fleet, config));
      if (fleet.refused > 0) return exitCode.refused;
      return fleet.joined === 0 ? exitCode.noAnswer : exitCode.done;
    } finally {
      cancelStop();
      cancelLines();
      this.#cancelTick();
      for (const socket of this.#sockets) socket.close();
    }
  }

  async #openSockets(): Promise<void> {
    const host = this.server.ip.includes(":") ? "::" : "0.0.0.0";
    const count = Math.min(socketsMax, this.config.devices);
    this.#outgoing = Array.from({ length: count }, () => []);
    for (let i = 0; i < count; i++) {
      const onDatagram = (bytes: Uint8Array, from: Address) => this.#receive(bytes, from);
      this.#sockets.push(await this.machine.openSocket(host, 0, onDatagram));
    }
  }

  #receive(bytes: Uint8Array, from: Address): void {
    this.#fleet?.receive(bytes, from, this.machine.clock.now());
    if (this.#isRoundDue) return;
    this.#isRoundDue = true;
    // First the other datagrams that have arrived.
    this.machine.clock.soon(() => this.#round());
  }

  /** Runs what is due, sends what comes of it, and sets the timer. */
  #round(): void {
    const fleet = this.#fleet;
    const { clock } = this.machine;
    this.#isRoundDue = false;
    this.#cancelTick();
    if (fleet === null) return;
    fleet.tick(clock.now());
    for (const [index, batch] of this.#outgoing.entries()) {
      if (batch.length === 0) continue;
      this.#outgoing[index] = [];
      this.#sockets[index]?.send(batch);
    }
    if (fleet.isEnded) return this.#end(true);
    const { wakeAt } = fleet;
    if (wakeAt === null) return;
    const ms = Math.max(0, Math.ceil(wakeAt - clock.now()));
    this.#cancelTick = clock.after(ms, () => this.#round());
  }

  #introduce(): void {
    const { machine, config } = this;
    if (config.clean) return;
    if (config.sealing.kind === "text") {
      machine.notice("In text a device answers only what has its id as target: all share sockets.");
    }
    machine.notice(
      "A second Ctrl-C ends it at once. To remove the devices: the same with --clean.",
    );
    machine.notice(
      "To know them by a label, on the server: iot-server label --select 'id=sim-*' sim=true",
    );
  }

  /** Prints a line a second. @returns a function that ends it */
  #printLines(fleet: Fleet): () => void {
    const { clock } = this.machine;
    let cancel = () => {};
    let at = clock.now();
    const beganAt = at;
    let countedAt = at;
    const next = () => {
      at += lineEveryMs;
      cancel = clock.after(Math.max(0, at - clock.now()), () => {
        const tally: Tally = fleet.counts.take();
        const tookMs = clock.now() - countedAt;
        countedAt += tookMs;
        this.#print(tallyLine(clock.time(), fleet, tally, tookMs, this.config));
        if (fleet.counts.all.acked === 0 && clock.now() - beganAt >= silentAfterMs) {
          this.#tellOnce(`No answer from ${serverName(this.config.server)} so far.`);
        }
        next();
      });
    };
    next();
    return () => cancel();
  }

  #tellRefusal(id: string, verb: string, code: string, reason: string): void {
    const isSealed = this.config.sealing.kind === "sealed";
    const outcome = { kind: "ack", code, reason, repeated: false } as const;
    const advice = adviceOn(verb as "REGISTER", outcome, isSealed);
    const words = reason === "" ? "" : ` ${reason}`;
    // Others are refused for the same reason: the last line has their number.
    if (this.#told.has(`${verb} ${code}`)) return;
    this.#told.add(`${verb} ${code}`);
    this.machine.notice(`${id}: ${verb} was refused with ${code}${words}.`);
    if (advice !== null) this.machine.notice(advice);
  }

  #tellTrouble(trouble: Trouble): void {
    this.#tellOnce(troubleLine(trouble));
  }

  #tellOnce(line: string): void {
    if (this.#told.has(line)) return;
    this.#told.add(line);
    this.machine.notice(line);
  }

  #print(line: string): void {
    this.machine.print(line);
  }
}

function isLoopback(ip: string): boolean {
  return ip === "::1" || ip.startsWith("127.");
}
