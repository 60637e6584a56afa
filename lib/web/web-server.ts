// The HTTP server: takes a request through host check, route, gate and parameters to its answer. Bounded in
// connections' work, bodies and time. Decides nothing about a route.

import { OperatingError } from "../operating-error.ts";
import type { Operation, Outcome } from "../server/operation.ts";
import { deviceRoutes } from "./device-routes.ts";
import { Gate } from "./gate.ts";
import { isLoopbackHost } from "./host-check.ts";
import { connectionsMax, Listener } from "./listener.ts";
import { LiveClients } from "./live-clients.ts";
import { LiveFeed } from "./live-feed.ts";
import { Logins } from "./logins.ts";
import { type PageFile, pageResponse } from "./pages.ts";
import { Parameters } from "./parameters.ts";
import type { WebPorts } from "./ports.ts";
import { Problem } from "./problem.ts";
import { bodyBytesMax } from "./request-body.ts";
import { reportRoutes } from "./report-routes.ts";
import { Roster } from "./roster.ts";
import { type Route, Router } from "./router.ts";
import { secured } from "./safety-headers.ts";
import { seriesRoutes } from "./series-routes.ts";
import { serverRoutes } from "./server-routes.ts";
import { sessionRoutes } from "./session-routes.ts";
import { Status } from "./status.ts";

export type WebOptions = {
  /** An address or a name to listen on. */
  readonly host: string;
  /** 0 lets the system choose. */
  readonly port: number;
  /** The admin token. */
  readonly token: string;
  /** Host names that are served besides `host`, loopback names and addresses. */
  readonly names: readonly string[];
  readonly pages: ReadonlyMap<string, PageFile>;
  readonly ports: WebPorts;
};

/** Requests that may be under way at once, live events and exports included. */
const pendingMax = 256;
/** A connection on which nothing moves is closed after so many seconds; one that never asked for anything after ten. */
const idleSeconds = 30;
/** A body beyond this is not even read. */
const rawBodyBytesMax = 4 * bodyBytesMax;

export class WebServer {
  /** Everything it answers. */
  readonly routes: readonly Route[];
  readonly #listener: Listener;
  readonly #router: Router;
  readonly #gate: Gate;
  readonly #logins: Logins;
  readonly #roster: Roster;
  readonly #status: Status;
  readonly #feed: LiveFeed;

  /**
   * Starts to listen.
   * @throws OperatingError `http-port-in-use`, `http-bind-failed`
   */
  constructor(private readonly options: WebOptions) {
    const { ports, host } = options;
    this.#logins = new Logins(options.token, ports.now);
    this.#gate = new Gate(
      this.#logins,
      [host, ...options.names].map((name) => name.toLowerCase()),
    );
    this.#roster = new Roster(ports.devices, ports.presence, (id) => this.#feed.noteChange(id));
    const clients = new LiveClients();
    this.#status = new Status(ports, this.#roster, clients, !isLoopbackHost(host));
    this.#feed = new LiveFeed(ports, this.#roster, clients, this.#status);
    const parts = { ports, roster: this.#roster, status: this.#status, clients, feed: this.#feed };
    this.routes = [
      ...sessionRoutes(this.#gate, this.#logins, ports.version, options.pages),
      ...serverRoutes(parts),
      ...deviceRoutes(ports, this.#roster),
      ...reportRoutes(ports),
      ...seriesRoutes(ports),
      ...this.#pageRoutes(),
    ];
    this.#router = new Router(this.routes);
    try {
      this.#listener = this.#listen();
    } catch (error) {
      this.#status.close();
      throw explainListen(error, host, options.port);
    }
  }

  get port(): number {
    return this.#listener.port;
  }

  /** Where a browser on this machine finds it. */
  get url(): string {
    const { host } = this.options;
    const everywhere = host === "0.0.0.0" || host === "::";
    const name = everywhere ? "127.0.0.1" : host.includes(":") ? `[${host}]` : host;
    return `http://${name}:${this.port}`;
  }

  /** A one-time link that logs a browser in, valid for five minutes. */
  newLoginLink(): string {
    return `${this.url}/login?code=${this.#logins.newLink()}`;
  }

  /** Takes in a batch that is on the disk. */
  readonly committed = (operations: readonly Operation[], outcomes: readonly Outcome[]): void => {
    this.#roster.committed(operations, outcomes);
  };

  /** Cuts every connection and stops. */
  async close(): Promise<void> {
    this.#roster.close();
    this.#feed.close();
    this.#status.close();
    await this.#listener.close();
  }

  #listen(): Listener {
    const { host, port, ports } = this.options;
    const serve = (onPort: number) =>
      Bun.serve({
        hostname: host,
        port: onPort,
        idleTimeout: idleSeconds,
        maxRequestBodySize: rawBodyBytesMax,
        development: false,
        // Without `development` Bun shares the port with whoever else wants it, in silence.
        reusePort: false,
        fetch: async (request, server) => secured(await this.#answer(request, server)),
        error: () => secured(new Problem("failed", "The server failed.").toResponse()),
      });
    const full = `more than ${connectionsMax} connections are open; no new ones until some are gone`;
    const onFull = () => ports.noteError(new Error(full));
    return new Listener({ serve, port, openFiles: ports.openFiles, onFull });
  }

  async #answer(request: Request, server: Bun.Server<undefined>): Promise<Response> {
    try {
      if (this.#listener.pendingRequests > pendingMax) {
        throw new Problem("busy", "Too many requests are under way.", { "retry-after": "2" });
      }
      const peerIp = server.requestIP(request)?.address ?? "";
      const response = await this.#route(request, peerIp, () => server.timeout(request, 0));
      if (request.method !== "HEAD") return response;
      await response.body?.cancel();
      return new Response(null, { status: response.status, headers: response.headers });
    } catch (error) {
      if (error instanceof Problem) return error.toResponse();
      this.options.ports.noteError(error instanceof Error ? error : new Error(String(error)));
      return new Problem("failed", "The server failed; error.log says more.").toResponse();
    }
  }

  async #route(request: Request, peerIp: string, keepOpen: () => void): Promise<Response> {
    this.#gate.checkHost(request);
    const url = urlOf(request);
    const { route, names } = this.#router.find(request.method, url.pathname);
    this.#gate.admit(request, peerIp, route.access);
    if (Number(request.headers.get("content-length") ?? 0) > bodyBytesMax) {
      throw new Problem("body-too-large", `At most ${bodyBytesMax} bytes.`);
    }
    const parameters = new Parameters(url.searchParams, route.query, this.options.ports.now());
    const response = await route.answer({ request, url, names, parameters, peerIp });
    // A stream of events is quiet for long, and has its own way to find who is gone.
    if (response.headers.get("content-type") === "text/event-stream") keepOpen();
    return response;
  }

  #pageRoutes(): Route[] {
    return Array.from(this.options.pages, ([path, file]) => ({
      method: "GET",
      path,
      query: [],
      access: "open",
      answer: () => pageResponse(file),
    }));
  }
}

function urlOf(request: Request): URL {
  try {
    return new URL(request.url);
  } catch {
    throw new Problem("no-such-route", "This is no address.");
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
