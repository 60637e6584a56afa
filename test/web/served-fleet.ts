// A fleet whose devices speak to the engine over a store in memory, and web servers that read from that store as a test wants
// it. Clocks move only when a test moves them.

import { changesIn } from "../../lib/web/routes/label-handlers.ts";
import { Roster } from "../../lib/fleet/roster.ts";
import type { WebPorts } from "../../lib/web/ports.ts";
import { WebServer } from "../../lib/web/web-server.ts";
import { say, ServerBench } from "../server/server-bench.ts";
import { fakePorts } from "./fake-ports.ts";
import type { Reads } from "./late-reads.ts";

/** The admin token of the web servers. */
export const servedToken = "the-token-of-this-test";

export type Page = { readonly status: number; readonly text: string };

export class ServedFleet {
  readonly bench = new ServerBench();
  readonly feed = this.bench.engine.feed;
  #devices = 0;
  #reports = 0;
  readonly #homes = new Map<string, string>();

  /** The store's own reads, which answer at once. */
  get reads(): Reads {
    return this.bench.store.reads;
  }

  /** What a web server gets that reads from the store so. */
  ports(reads: Reads, changes: Partial<WebPorts> = {}): WebPorts {
    const { bench } = this;
    const { sessions } = bench.engine.desk;
    return fakePorts({
      now: () => bench.wall,
      uptimeMs: () => bench.monotonic,
      devices: reads,
      reports: reads,
      presence: { get: (id) => sessions.get(id), all: () => sessions.values() },
      ...changes,
    });
  }

  /** Serves the fleet over HTTP; dispose of it with `await using`. */
  serve(reads: Reads, changes: Partial<WebPorts> = {}) {
    const ports = this.ports(reads, changes);
    const roster = new Roster(ports.devices, ports.presence);
    this.feed.subscribe((facts) => roster.take(facts));
    const web = new WebServer({
      host: "127.0.0.1",
      port: 0,
      token: servedToken,
      names: [],
      proxyNames: [],
      trustedProxies: [],
      publicRead: true,
      pages: new Map(),
      ports,
      roster,
    });
    return {
      web,
      async get(path: string): Promise<Page> {
        const response = await fetch(`${web.url}${path}`);
        return { status: response.status, text: await response.text() };
      },
      async read<Body>(path: string): Promise<Body> {
        return JSON.parse((await this.get(path)).text) as Body;
      },
      [Symbol.asyncDispose]: () => web.close(),
    };
  }

  register(id: string): void {
    const number = ++this.#devices;
    const home = this.#homes.get(id) ?? `10.1.${number >> 8}.${number & 255}`;
    this.#homes.set(id, home);
    this.bench.ask(say.register(id, home), { ip: home, port: 1994 });
  }

  login(id: string): void {
    const ip = this.#homeOf(id);
    this.bench.ask(say.login(id, "password", ip), { ip, port: 1994 });
  }

  enter(id: string): void {
    this.register(id);
    this.login(id);
  }

  logoff(id: string): void {
    this.bench.ask(say.logoff(id), { ip: this.#homeOf(id), port: 1994 });
  }

  beat(id: string): void {
    this.bench.ask(say.status(id), { ip: this.#homeOf(id), port: 1994 });
  }

  remove(id: string): void {
    const ip = this.#homeOf(id);
    this.bench.ask(say.deregister(id, ip), { ip, port: 1994 });
  }

  /** Sends a report that repeats none before. */
  report(id: string, message: string): void {
    this.bench.wait(1_000);
    const time = String(++this.#reports);
    this.bench.ask(say.data(id, message, time), { ip: this.#homeOf(id), port: 1994 });
  }

  /** Gives a device labels. */
  label(id: string, labels: Readonly<Record<string, string>>): void {
    const { engine, moment } = this.bench;
    engine.operator.label(id, changesIn(labels, []), () => {}, moment);
    this.bench.turn();
  }

  #homeOf(id: string): string {
    return this.#homes.get(id) ?? "10.255.0.1";
  }
}
