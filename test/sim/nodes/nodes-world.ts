// One simulation of several servers: nodes on a common store, devices that go from one to another, the network between them,
// and the oracles that watch. The seed determines everything.

import type { Address } from "../../../lib/protocol/messages.ts";
import { ed25519KeyPair, equal, x25519KeyPair } from "../../../lib/sealed/primitives.ts";
import { resumeProof, storedProof } from "../../../lib/sealed/ticket.ts";
import type { Identity } from "../../../lib/server/identity.ts";
import type { HashJob } from "../../../lib/server/passwords/hash-queue.ts";
import type { Disk } from "../../client/sealed/client-node.ts";
import { DeviceNode } from "../device-node.ts";
import { Network } from "../network.ts";
import { Stream } from "../random.ts";
import { sealedTransport } from "../sealed-transport.ts";
import { Timeline } from "../timeline.ts";
import { textTransport, type Transport } from "../transport.ts";
import { hold } from "../violation.ts";
import { Database } from "./database.ts";
import { EngineNode } from "./engine-node.ts";
import { Line } from "./line.ts";
import { Post } from "./post.ts";
import { NodeReportsOracle } from "./reports-oracle.ts";
import { ServerChoice } from "./server-choice.ts";
import { SessionsOracle } from "./sessions-oracle.ts";
import { type Step, Wanderer, wanderer, wandererId } from "./wanderer.ts";

const servers: readonly Address[] = [1, 2, 3].map((i) => ({ ip: `192.0.2.${i}`, port: 9000 }));
const ids = ["alder", "birch", "cedar", "damson", "elm", "fir"];
/** Two devices have this id. */
const rivalId = "fir";
const rivalIp = "192.0.2.60";
const startsAt = Date.UTC(2026, 10, 22, 9);
/** A ticket that has been good for so long is used: no LOGIN from before it is under way any more, ms. */
const ticketMs = 70_000;

export class NodesWorld {
  readonly timeline = new Timeline(startsAt);
  readonly reports = new NodeReportsOracle();
  readonly sessions: SessionsOracle;
  readonly database: Database;
  readonly network: Network;
  readonly nodes: readonly EngineNode[];
  readonly devices: readonly DeviceNode[];
  readonly rival: DeviceNode;
  readonly wanderer: Wanderer;
  readonly post: Post;
  readonly choices: ServerChoice[] = [];
  /** Whether the database has trouble of its own. */
  hasTrouble = false;
  /** Share of the datagrams of devices that come to another server, too, as when a load balancer changes its mind. */
  strays = 0;
  readonly counts = { strays: 0, hashes: 0 };
  readonly #random: Stream;
  readonly #trace = new Bun.CryptoHasher("sha256");
  readonly #transport: Transport;
  readonly #disks = new Map<string, Disk>();
  /** Since when the ticket of a device is good, ms. */
  readonly #ticketSince = new Map<string, number>();
  /** Whether the nodes tell each other what they do: some cannot, as behind a pooler. */
  readonly isTold: boolean;

  constructor(
    readonly seed: number,
    private readonly sealed: boolean,
  ) {
    const { timeline } = this;
    this.#random = new Stream(seed, "world");
    this.isTold = seed % 5 !== 4;
    this.#transport = this.#newTransport(this.#disks);
    this.network = new Network(timeline, new Stream(seed, "network"), {
      onSend: (from, to, bytes) => {
        this.#trace
          .update(`${timeline.now} ${from.ip} ${from.port} ${to.ip} ${to.port} `)
          .update(bytes);
        hold(
          !to.ip.startsWith("203.0.113."),
          () => `${from.ip} sent to ${to.ip}, read in a message`,
        );
      },
      onDamage: () => {},
      mayFlip: (_from, to, bytes) => this.#transport.mayFlip(bytes, to.port === 9000),
    });
    const skewOf = (node: string) =>
      this.nodes.find(({ name }) => name === node)?.parts.skewMs ?? 0;
    this.sessions = new SessionsOracle(timeline, () => this.database, skewOf, this.isTold);
    this.database = new Database(timeline, {
      onReport: ({ report }, { kind }) => {
        if (kind !== "no-session") this.reports.onStored(report, kind === "answer");
      },
      onSessions: (name, isLost) => {
        this.sessions.onSessions(name, isLost);
        // What was under way when it crashed.
        const isGone = this.nodes.some((node) => node.name === name && node.engine === null);
        if (isGone) this.sessions.onCrash(name);
      },
    });
    this.post = new Post(timeline, new Stream(seed, "post"));
    this.nodes = this.#makeNodes();
    this.devices = ids.map((id, i) =>
      this.#makeDevice(id, i, `192.0.2.${10 + i}`, this.#transport),
    );
    const rivalTransport = this.#newTransport(new Map());
    this.rival = this.#makeDevice(rivalId, ids.indexOf(rivalId), rivalIp, rivalTransport);
    this.wanderer = this.#makeWanderer();
    for (const node of this.nodes) node.start();
    if (sealed) this.#watchTickets();
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

  #newTransport(disks: Map<string, Disk>): Transport {
    if (!this.sealed) return textTransport;
    return sealedTransport(new Stream(this.seed, "device secrets"), () => this.now, disks);
  }

  #makeNodes(): EngineNode[] {
    const { seed, timeline } = this;
    const secrets = new Stream(seed, "identity");
    // The same files on all nodes.
    const identity: Identity = {
      sealing: x25519KeyPair(secrets.bytes(32)),
      signing: ed25519KeyPair(secrets.bytes(32)),
      psk: null,
      digestKey: secrets.bytes(32),
    };
    return servers.map((address, i) => {
      const name = `node${i}`;
      const random = new Stream(seed, name);
      const line = new Line(timeline, new Stream(seed, `line of ${name}`), this.database);
      const node: EngineNode = new EngineNode({
        name,
        address,
        timeline,
        random,
        secrets: new Stream(seed, `secrets of ${name}`),
        identity,
        line,
        post: this.isTold ? this.post : null,
        lanes: 1 + (seed % 4),
        skewMs: random.between(-2_000, 2_000),
        hasTrouble: () => this.hasTrouble,
        send: (bytes, to) => this.network.send(address, to, bytes),
        observer: {
          onHeard: (session) => {
            const isSure = node.engine?.desk.isUnsure === false;
            this.sessions.onHeard(name, session, isSure);
          },
          onFacts: (facts) => this.sessions.onFacts(name, facts),
          onHash: (job) => this.#onHash(job),
          onLogLine: (words) => this.sessions.onLogLine(node, words),
          onCrash: () => this.sessions.onCrash(name),
          onUntold: (rows) => this.sessions.onUntold(rows),
        },
      });
      this.network.attach(address.ip, node.receive);
      return node;
    });
  }

  #makeDevice(id: string, i: number, sourceIp: string, transport: Transport): DeviceNode {
    const { seed, timeline } = this;
    const own = { ip: sourceIp, port: 1994 };
    const home = `192.0.2.${10 + i}`;
    // Every second device is behind an address translation and states its address on the inner side.
    const said = { ip: i % 2 === 0 ? home : `203.0.113.${20 + i}`, port: own.port };
    const identity = { id, password: `secret of ${id}`, mac: `aa:aa:aa:aa:aa:0${i}`, ...said };
    const choice = new ServerChoice(timeline, servers, i % servers.length);
    this.choices.push(choice);
    const node = new DeviceNode(identity, sourceIp, 10 + 5 * i, {
      timeline,
      random: new Stream(seed, sourceIp),
      transport,
      server: choice.address,
      choice,
      send: (bytes, to) => this.#send(own, to, bytes),
      observer: {
        onText: (text) => this.reports.onText(text),
        onPacket: () => {},
        onDelivered: (text) => this.reports.onDelivered(text),
        onEvent: (event) => {
          this.note(`${sourceIp} ${event.kind}`);
          const isRefusal = event.kind === "refused" || event.kind === "report-refused";
          hold(!isRefusal, () => `${id} was refused: ${JSON.stringify(event)}`);
        },
      },
    });
    this.network.attach(sourceIp, node.receive);
    return node;
  }

  #makeWanderer(): Wanderer {
    const { seed, timeline } = this;
    const own = { ip: wanderer.ip, port: 40_000 };
    const made = new Wanderer({
      timeline,
      random: new Stream(seed, wandererId),
      transport: this.#transport,
      servers,
      send: (bytes, to) => this.#send(own, to, bytes),
    });
    this.network.attach(own.ip, made.receive);
    return made;
  }

  /** @param to changes with the server of the device */
  #send(from: Address, { ip, port }: Address, bytes: Uint8Array): void {
    this.network.send(from, { ip, port }, bytes);
    if (port !== 9000 || !this.#random.chance(this.strays)) return;
    this.counts.strays++;
    this.network.send(from, this.#random.pick(servers), bytes);
  }

  /** Checks that no password of a sealed device is checked that has a good ticket. */
  #onHash({ password, against }: HashJob): void {
    this.counts.hashes++;
    if (!this.sealed || against === undefined) return;
    const device = this.devices.find(({ identity }) => identity.password === password)?.identity;
    if (device === undefined || device.id === rivalId) return;
    const since = this.#ticketSince.get(device.id);
    hold(since === undefined || this.now - since < ticketMs, () => {
      return `the password of ${device.id} is checked, which has had a good ticket for ${this.now - (since ?? 0)} ms`;
    });
  }

  #watchTickets(): void {
    for (const { identity } of this.devices) {
      const isGood = this.#hasGoodTicket(identity.id, identity.password);
      if (!isGood) this.#ticketSince.delete(identity.id);
      else if (!this.#ticketSince.has(identity.id)) this.#ticketSince.set(identity.id, this.now);
    }
    this.timeline.after(500, () => this.#watchTickets());
  }

  #hasGoodTicket(id: string, password: string): boolean {
    const disk = this.#disks.get(id);
    const [kept] = disk?.tickets.values() ?? [];
    const row = this.database.rows.devices.get(id);
    if (disk === undefined || kept === undefined || row === undefined) return false;
    const { sealedKey, storedProof: stored } = row;
    if (sealedKey === null || stored === null || !equal(sealedKey, disk.local.publicKey))
      return false;
    return equal(stored, storedProof(resumeProof(kept.ticket, id, password)));
  }

  /** What the wanderer was told holds. */
  checkWanderer(step: Step): void {
    const { devices } = this.database.rows;
    const session = this.database.placed([wandererId]).get(wandererId) ?? null;
    const isOnline = session !== null && session.session > 0 && session.ended === null;
    hold(
      devices.has(wandererId) === (step !== "DEREGISTER"),
      () => `after ${step} it is registered or not`,
    );
    // A copy of the RESUME before a LOGOFF logs in again (protocol §5.20).
    if (this.sealed && step === "LOGOFF") return;
    hold(
      isOnline === (step === "LOGIN"),
      () => `after ${step} the wanderer is online: ${isOnline}`,
    );
  }
}
