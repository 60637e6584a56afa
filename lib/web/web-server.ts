// Owns the HTTP server: passes each request through host check, router, access control and parameters to its route. Bounds the
// number of requests, the size of bodies, and idle time. Never contains the logic of a route.

import { OperatingError } from "../operating-error.ts";
import { bodyBytesMax } from "./api/forms.ts";
import { CommandWaits } from "./routes/command-waits.ts";
import { allHandlers } from "./routes/all-handlers.ts";
import { AccessControl } from "./access/access-control.ts";
import { routesOf } from "./handlers.ts";
import { isLoopbackHost } from "./access/host-check.ts";
import {
  ConnectionLimit,
  connectionsMax,
  connectionsOfPeerMax,
} from "./access/connection-limit.ts";
import { LiveClients } from "./live/live-clients.ts";
import { LiveFeed } from "./live/live-feed.ts";
import { DashboardLogins } from "./access/dashboard-logins.ts";
import { type PageFile, pageResponse } from "./pages.ts";
import { Parameters } from "./parameters.ts";
import type { WebPorts } from "./ports.ts";
import { Problem } from "./problem.ts";
import type { Roster } from "../fleet/roster.ts";
import { type Route, Router } from "./router.ts";
import { secured } from "./access/safety-headers.ts";
import { ServerStatus } from "./server-status.ts";

export type WebOptions = {
  /** The address or host name to listen on. */
  readonly host: string;
  /** 0 lets the system choose. */
  readonly port: number;
  /** The admin token. */
  readonly token: string;
  /** Host names to serve besides `host`, loopback names and IP addresses. */
  readonly names: readonly string[];
  /** Names under which proxies serve it, in lower case; and addresses of proxies that are believed, besides loopback. */
  readonly proxyNames: readonly string[];
  readonly trustedProxies: readonly string[];
  /** Whether everybody on this machine may read without a login. */
  readonly publicRead: boolean;
  readonly pages: ReadonlyMap<string, PageFile>;
  readonly ports: WebPorts;
  /** It takes what is committed. */
  readonly roster: Roster;
};

/**
 * How many requests may be in progress at once, live events and exports included: as many as connections. A lower bound
 * could be used up by peers whose share of the connections is not.
 */
const pendingMax = connectionsMax;
/** A connection without traffic is closed after this many seconds; one that never sent a request after ten. */
const idleSeconds = 30;
/** A longer body is not read at all. Longer than any that a route reads, so that a body between the two gets a clear answer. */
const rawBodyBytesMax = 4 * bodyBytesMax;

export class WebServer {
  readonly #server: Bun.Server<undefined>;
  readonly #limit: ConnectionLimit;
  readonly #router: Router;
  readonly #access: AccessControl;
  readonly #logins: DashboardLogins;
  readonly #roster: Roster;
  readonly #status: ServerStatus;
  readonly #feed: LiveFeed;
  readonly #waits: CommandWaits;
  readonly #unsubscribe: () => void;

  /**
   * Starts listening.
   * @throws OperatingError `http-port-in-use`, `http-bind-failed`
   */
  constructor(private readonly options: WebOptions) {
    const { ports, host } = options;
    const clocks = { wall: ports.now, monotonic: ports.uptimeMs };
    this.#logins = new DashboardLogins(options.token, clocks);
    this.#access = new AccessControl({
      ...options,
      logins: this.#logins,
      names: [host, ...options.names].map((name) => name.toLowerCase()),
    });
    this.#roster = options.roster;
    const clients = new LiveClients();
    this.#status = new ServerStatus(ports, this.#roster, clients, !isLoopbackHost(host));
    this.#feed = new LiveFeed(ports, this.#roster, clients, this.#status);
    this.#waits = new CommandWaits(ports.openCommands);
    this.#unsubscribe = this.#listenToChanges();
    this.#router = new Router([
      ...routesOf(
        allHandlers({
          ports,
          roster: this.#roster,
          status: this.#status,
          clients,
          feed: this.#feed,
          access: this.#access,
          logins: this.#logins,
          waits: this.#waits,
          pages: options.pages,
        }),
      ),
      ...this.#pageRoutes(),
    ]);
    try {
      this.#server = this.#listen();
    } catch (error) {
      this.#closeParts();
      throw explainListen(error, host, options.port);
    }
    this.#limit = this.#bound();
  }

  get port(): number {
    return this.#server.port as number;
  }

  /** The URL for a browser on this machine. */
  get url(): string {
    const { host } = this.options;
    const everywhere = host === "0.0.0.0" || host === "::";
    const name = everywhere ? "127.0.0.1" : host.includes(":") ? `[${host}]` : host;
    return `http://${name}:${this.port}`;
  }

  /** The status of the server, sampled since its start. */
  get status(): ServerStatus {
    return this.#status;
  }

  /** Makes a one-time link that logs a browser in, valid for five minutes. */
  newLoginLink(): string {
    return `${this.url}/login?code=${this.#logins.newLink()}`;
  }

  /** Stops and closes every connection. */
  async close(): Promise<void> {
    this.#closeParts();
    this.#limit.close();
    await this.#server.stop(true);
  }

  /** Of one that is not registered nothing is told: its commands wait for it. */
  #listenToChanges(): () => void {
    const ofDevices = this.#roster.listen((id) => this.#feed.noteChange(id));
    const ofCommands = this.options.ports.openCommands.listen(({ device }) => {
      if (this.#roster.get(device) !== undefined) this.#feed.noteChange(device);
    });
    return () => {
      ofDevices();
      ofCommands();
    };
  }

  /** Closes what was opened before the socket. */
  #closeParts(): void {
    this.#unsubscribe();
    this.#feed.close();
    this.#waits.close();
    this.#status.close();
  }

  #listen(): Bun.Server<undefined> {
    return Bun.serve({
      hostname: this.options.host,
      port: this.options.port,
      idleTimeout: idleSeconds,
      maxRequestBodySize: rawBodyBytesMax,
      development: false,
      // Stated because without `development` Bun would silently share the port with another process.
      reusePort: false,
      fetch: async (request, server) => secured(await this.#answer(request, server)),
      error: () => secured(new Problem("failed", "The server failed.").toResponse()),
    });
  }

  #bound(): ConnectionLimit {
    const { connections, uptimeMs, noteError } = this.options.ports;
    const { port } = this;
    const full = new OperatingError(
      "http-connections-full",
      `More than ${connectionsMax} connections to the dashboard are open, or ${connectionsOfPeerMax} of one peer; those that are idle or unfinished are closed.`,
      `See whose they are: ss -tn 'sport = :${port}'.`,
    );
    const onFull = () => noteError(full);
    return new ConnectionLimit({ port, connections, now: uptimeMs, onFull });
  }

  async #answer(request: Request, server: Bun.Server<undefined>): Promise<Response> {
    try {
      if (server.pendingRequests > pendingMax) {
        throw new Problem("busy", "Too many requests are under way.", { "retry-after": "2" });
      }
      const peerIp = server.requestIP(request)?.address ?? "";
      const response = await this.#route(request, peerIp, () => server.timeout(request, 0));
      if (request.method !== "HEAD") return response;
      await response.body?.cancel();
      return new Response(null, { status: response.status, headers: response.headers });
    } catch (error) {
      if (error instanceof Problem) return error.toResponse();
      // That a store is away is told once, and not again with each request.
      if (isOfStore(error) && this.options.ports.loss() !== null) {
        return new Problem("storage-failed", error.message).toResponse();
      }
      const damaged = this.options.ports.noteError(
        error instanceof Error ? error : new Error(String(error)),
      );
      if (damaged) return damagedPart().toResponse();
      if (isOfStore(error)) return new Problem("storage-failed", error.message).toResponse();
      return new Problem("failed", "The server failed; error.log says more.").toResponse();
    }
  }

  async #route(request: Request, peerIp: string, keepOpen: () => void): Promise<Response> {
    this.#access.checkHost(request);
    const url = urlOf(request);
    const { route, names } = this.#router.find(request.method, url.pathname);
    this.#access.admit(request, peerIp, route.access);
    if (Number(request.headers.get("content-length") ?? 0) > route.bodyBytesMax) {
      throw new Problem("body-too-large", `At most ${route.bodyBytesMax} bytes.`);
    }
    if (route.mayTakeLong) keepOpen();
    const given = new Parameters(url.searchParams, route.query, this.options.ports.now());
    const parameters = () => given.read();
    const response = await route.answer({ request, names, parameters, peerIp });
    this.#renewLogin(request, peerIp, response.headers);
    // A stream of events can be quiet for a long time, and detects clients that are gone by itself.
    if (response.headers.get("content-type") === "text/event-stream") keepOpen();
    return response;
  }

  /** Only in an answer that no cache keeps, and that sets no cookie itself. */
  #renewLogin(request: Request, peerIp: string, headers: Headers): void {
    if (headers.get("cache-control") !== "no-store" || headers.has("set-cookie")) return;
    const cookie = this.#access.renewedCookie(request, peerIp);
    if (cookie !== null) headers.set("set-cookie", cookie);
  }

  #pageRoutes(): Route[] {
    return Array.from(this.options.pages, ([path, file]) => ({
      method: "GET",
      path,
      query: {},
      bodyBytesMax,
      mayTakeLong: false,
      access: "open",
      answer: ({ request }) => pageResponse(file, request),
    }));
  }
}

/** Whether an error says of a store on a network that it cannot be read now. */
function isOfStore(error: unknown): error is OperatingError {
  return error instanceof OperatingError && error.code.startsWith("store-");
}

function damagedPart(): Problem {
  return new Problem(
    "database-damaged",
    "What was asked for is in a damaged part of the database; the rest is served. See iot-server check.",
  );
}

function urlOf(request: Request): URL {
  try {
    return new URL(request.url);
  } catch {
    throw new Problem("no-such-route", "The URL is not valid.");
  }
}

function explainListen(error: unknown, host: string, port: number): unknown {
  const { code = "", message = String(error) } = error as { code?: string; message?: string };
  if (code === "EADDRINUSE") {
    return new OperatingError(
      "http-port-in-use",
      `Port ${port}/tcp on ${host} is in use.`,
      "Stop what uses it, choose another for the dashboard with --http 127.0.0.1:8080, or do without: --no-http.",
    );
  }
  if (error instanceof OperatingError) return error;
  return new OperatingError(
    "http-bind-failed",
    `The dashboard cannot listen on ${host}, port ${port}/tcp: ${message}.`,
    "Give --http an address of this machine and a free port, or --no-http.",
  );
}
