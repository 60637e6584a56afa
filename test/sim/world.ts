// One simulation: a server, devices, a person's client and an attacker on one network, the faults between them, and the
// oracles that watch. The seed determines everything.

import type { Address } from "../../lib/protocol/messages.ts";
import { hashJobsMax } from "../../lib/server/passwords/hash-queue.ts";
import { limits } from "../../lib/server/policy.ts";
import { packetType } from "../../lib/sealed/packet-form.ts";
import { Attacker, attackerIp } from "./attacker.ts";
import { DeviceNode, reportsMax } from "./device-node.ts";
import { Network } from "./network.ts";
import { PresenceOracle } from "./presence-oracle.ts";
import { Stream } from "./random.ts";
import { ReplyOracle } from "./reply-oracle.ts";
import { ReportOracle } from "./report-oracle.ts";
import { ServerNode } from "./server-node.ts";
import { Timeline } from "./timeline.ts";
import { sealedTransport } from "./sealed-transport.ts";
import { textTransport, type Transport } from "./transport.ts";
import { hold } from "./violation.ts";
import { type Step, Walker, walkerId, walkerIp, walkerPassword } from "./walker.ts";

export const server: Address = { ip: "192.0.2.1", port: 9000 };
const ids = ["alder", "birch", "cedar", "damson", "elm", "fir"];
/** Within this time the next sweep ends the session again and its batch is stored, ms. */
const endAgainMs = 3_000;
/** So that the batches of three lanes overlap, and end in any order; the seeds that once found a bug did so with one. */
const lanesOf = (seed: number) => (seed % 5 === 2 || seed % 5 === 3 ? 1 : 3);
const startsAt = Date.UTC(2026, 10, 22, 9);

export class World {
  readonly timeline = new Timeline(startsAt);
  readonly reports = new ReportOracle();
  readonly presence = new PresenceOracle();
  readonly replies: ReplyOracle;
  readonly network: Network;
  readonly server: ServerNode;
  readonly devices: readonly DeviceNode[];
  readonly walker: Walker;
  readonly attacker: Attacker;
  /** INITs to the server. */
  handshakes = 0;
  /** Packets of devices with more than one report, and the most reports in one. */
  bundles = 0;
  bundled = 0;
  /** The number of the walker's session when its last LOGIN was acknowledged. */
  #walkerLogin = 0;
  readonly #trace = new Bun.CryptoHasher("sha256");
  private readonly transport: Transport;

  constructor(
    readonly seed: number,
    private readonly sealed = false,
  ) {
    const { timeline } = this;
    const transport = sealed
      ? sealedTransport(new Stream(seed, "device secrets"), () => timeline.now)
      : textTransport;
    this.transport = transport;
    this.network = new Network(timeline, new Stream(seed, "network"), {
      onSend: (from, to, bytes) => this.#onSend(from, to, bytes),
      onDamage: (bytes) => this.reports.onDamage(bytes),
      mayFlip: (_from, to, bytes) => transport.mayFlip(bytes, to.ip === server.ip),
    });
    this.server = this.#makeServer();
    const isStranger = (ip: string) => ip === attackerIp;
    this.replies = new ReplyOracle(this.server.database, this.reports, isStranger);
    this.devices = ids.map((id, i) => this.#makeDevice(id, i));
    this.walker = this.#makeWalker();
    this.attacker = new Attacker(this.network, new Stream(seed, "attacker"), server, ids);
    this.network.attach(attackerIp, () => {});
    this.server.start();
  }

  get now(): number {
    return this.timeline.now;
  }

  /** A SHA-256 of all events, in hex: equal for equal seeds. */
  get traceHash(): string {
    return this.#trace.copy().digest("hex");
  }

  note(words: string): void {
    this.#trace.update(`${this.now} ${words}\n`);
  }

  /** Checks all invariants; memory is compared with the rows only if no batch is under way (`atRest`). */
  check(atRest: boolean): void {
    const { database, engine } = this.server;
    hold(!database.inTransaction, () => "a transaction was left open");
    this.reports.check(database);
    this.presence.checkRows(atRest ? (engine?.desk.sessions ?? null) : null, database);
    this.#checkBounds();
  }

  #makeServer(): ServerNode {
    const { seed, timeline, network } = this;
    const node = new ServerNode({
      timeline,
      random: new Stream(seed, "server"),
      secrets: new Stream(seed, "secrets"),
      lanes: lanesOf(seed),
      address: server,
      send: (bytes, to) => network.send(server, to, bytes),
      observer: {
        onStart: () => {
          this.note("start");
          this.replies.onStart();
          this.presence.onStart(this.now);
          this.check(true);
        },
        onReceive: (bytes, source) => {
          this.replies.onReceive(this.transport.read(bytes), bytes, source);
        },
        onReport: (step, stored) => this.reports.onStored(step, stored),
        onWrite: (write) => {
          if (write.kind === "end-session" && write.reason === "offline") {
            this.presence.onOffline(this.#deviceOf(write.session), this.now);
          }
        },
        onSend: (payload, to) => this.#onReply(payload, to),
        onTick: () => {
          const { engine, failedAt } = this.server;
          // A session whose end cannot be stored stays open until it can.
          if (engine === null || this.now - failedAt < endAgainMs) return;
          this.presence.check(engine.desk.sessions, this.now);
        },
        onLogLine: (words) => this.#checkLogLine(words),
      },
    });
    network.attach(server.ip, node.receive);
    return node;
  }

  #makeDevice(id: string, i: number): DeviceNode {
    const { seed, timeline, network, transport } = this;
    const ip = `192.0.2.${10 + i}`;
    const mac = `aa:aa:aa:aa:aa:0${i}`;
    const own = { ip, port: 1994 };
    // Every second device is behind an address translation and states its address on the inner side.
    const said = { ip: i % 2 === 0 ? ip : `203.0.113.${20 + i}`, port: own.port };
    const identity = { id, password: `secret of ${id}`, mac, ...said };
    const node = new DeviceNode(identity, ip, 10 + 5 * i, {
      timeline,
      random: new Stream(seed, id),
      transport,
      server,
      send: (bytes, to) => network.send(own, to, bytes),
      observer: {
        onText: (text) => this.reports.onText(text),
        onPacket: (messages) => {
          this.bundles += messages > 1 ? 1 : 0;
          this.bundled = Math.max(this.bundled, messages);
        },
        onDelivered: (text) => this.reports.onDelivered(text),
        onEvent: (event) => {
          this.note(`${id} ${event.kind}`);
          const { kind } = event;
          const isRefusal = kind === "refused" || kind === "report-refused";
          hold(!isRefusal, () => `${id} was refused: ${JSON.stringify(event)}`);
        },
      },
    });
    network.attach(ip, node.receive);
    return node;
  }

  #makeWalker(): Walker {
    const { seed, timeline, network, transport } = this;
    const own = { ip: walkerIp, port: 40_000 };
    const send = (bytes: Uint8Array, to: Address) => network.send(own, to, bytes);
    const random = new Stream(seed, walkerId);
    const onDone = (step: Step) => this.checkWalker(step);
    const walker = new Walker(timeline, random, transport, server, send, onDone);
    network.attach(walkerIp, walker.receive);
    return walker;
  }

  /** Checks that the disk agrees with the walker's last completed step. */
  checkWalker(step: Step | null): void {
    const { database } = this.server;
    const has = (sql: string) => database.query(sql).get(walkerId) !== null;
    const registered = has("SELECT 1 FROM registrar WHERE id = ?");
    const online = has("SELECT 1 FROM login WHERE device = ? AND ended IS NULL");
    const hasToBe = step !== null && step !== "DEREGISTER";
    hold(registered === hasToBe, () => `after ${step} ${walkerId} is registered: ${registered}`);
    const mayBeOnline = step === "LOGOFF" && this.#isResumedAfterLogoff();
    const isRight = online === (step === "LOGIN") || mayBeOnline;
    hold(isRight, () => `after ${step} ${walkerId} is online: ${online}`);
    if (step === "LOGIN") this.#walkerLogin = this.#latestSession(walkerId);
  }

  /**
   * Whether the walker's LOGOFF was carried out, and a session opened after it. A sealed client resumes to repeat a LOGOFF
   * whose answer it lost: that RESUME may be carried out after the LOGOFF, whose answer then arrives.
   */
  #isResumedAfterLogoff(): boolean {
    const sql = "SELECT 1 FROM login WHERE device = ? AND reason = 'logoff' AND session >= ?";
    const { database } = this.server;
    return this.sealed && database.query(sql).get(walkerId, this.#walkerLogin) !== null;
  }

  #latestSession(id: string): number {
    const sql = "SELECT coalesce(max(session), 0) AS it FROM login WHERE device = ?";
    return (this.server.database.query(sql).get(id) as { it: number }).it;
  }

  #onSend(from: Address, to: Address, bytes: Uint8Array): void {
    this.#trace.update(`${this.now} ${from.ip} ${from.port} ${to.ip} ${to.port} `).update(bytes);
    hold(!to.ip.startsWith("203.0.113."), () => `${from.ip} sent to ${to.ip}, read in a message`);
    if (bytes[0] === packetType.init && to.ip === server.ip) this.handshakes++;
    this.attacker?.see(from, to, bytes);
  }

  #onReply(payload: Uint8Array, to: Address): void {
    const sent = this.replies.onSend(this.transport.read(payload), to, this.now);
    if (sent === null) return;
    const { said, request } = sent;
    if (said.type === "ACK") this.presence.onAck(said, request, this.now);
    else if (said.type === "DATA") this.presence.onAnswer(said.id, this.now);
  }

  #deviceOf(session: number): string {
    const sql = "SELECT device FROM login WHERE session = ?";
    return this.server.database.query<{ device: string }, [number]>(sql).get(session)?.device ?? "";
  }

  #checkBounds(): void {
    const { desk } = this.server.engine ?? {};
    for (const { agent, identity } of this.devices) {
      const queued = agent?.queue.length ?? 0;
      hold(queued <= reportsMax, () => `${identity.id} queues ${queued} reports`);
    }
    if (desk === undefined) return;
    hold(desk.hashQueue.size <= hashJobsMax, () => `${desk.hashQueue.size} passwords wait`);
    hold(desk.asks.size <= limits.asks, () => `${desk.asks.size} questions wait`);
    hold(desk.sessions.size <= ids.length + 1, () => `${desk.sessions.size} sessions`);
  }

  #checkLogLine(words: string): void {
    const passwords = [...this.devices.map(({ identity }) => identity.password), walkerPassword];
    for (const password of passwords) {
      hold(!words.includes(password), () => `a password in the log: ${words}`);
    }
  }
}
