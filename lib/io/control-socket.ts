// The control socket, by which commands of the same binary call the running server (control-calls.ts): HTTP over a Unix
// socket beside the database, which only its owner can open. Carries out no call itself.

import { chmodSync, existsSync, readdirSync, rmSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { type Notice, OperatingError } from "../operating-error.ts";
import type { Ask, AskResult } from "../server/asks.ts";
import type { CancelResult, QueueResult } from "../server/commands/commanding.ts";
import type { Ordered } from "../server/commands/command-rules.ts";
import type { CommandRow } from "../server/rows.ts";
import type { DoorAction, DoorResult } from "../server/door/door-action.ts";
import { type LabelChange, labelsObject } from "../server/labels.ts";
import type { BridgeState } from "../server/bridge-state.ts";
import type { Health } from "../server/health.ts";
import type {
  Candidate,
  ChangeResult,
  EnrollResult,
  LabelResult,
  RemoveResult,
} from "../server/operator.ts";
import type { ToldStatus } from "../server/told-status.ts";
import { fromDoorJson, toDoorJson } from "./door-json.ts";

/** The operator's question to a device. */
export type ControlQuestion = Pick<Ask, "id" | "code" | "target">;

/** The calls that tell how the running server is. */
export type Told = {
  health(): Health;
  status(): Promise<ToldStatus>;
  /** How the bridge to an MQTT broker is; null without one. */
  bridge(): BridgeState | null;
};

/** The calls that the running server carries out for a command. */
export type ControlCalls = Told & {
  ask(question: ControlQuestion): Promise<AskResult>;
  /** Allows text requests of a device again; whether the device is registered. */
  allowText(id: string): Promise<boolean>;
  /** Deregisters a device. */
  remove(id: string): Promise<RemoveResult>;
  /** Gives a device another password, of which this is the hash. */
  changePassword(id: string, hash: string): Promise<ChangeResult>;
  /** Why no old reports are removed for a while, and what to do; null if they are. */
  retentionHold(): Notice | null;
  /** A link that logs a browser in once; null if no dashboard is served. */
  loginLink(): string | null;
  /** Carries out an operation on alerts, by its name. @throws OperatingError of the operation */
  alert(name: string, args: readonly unknown[]): Promise<unknown>;
  /** Changes the labels of a device. */
  label(id: string, changes: readonly LabelChange[]): Promise<LabelResult>;
  /** Queues a command. */
  command(ordered: Ordered): Promise<QueueResult>;
  /** Cancels a command. */
  cancel(number: number): Promise<CancelResult>;
  /** Cancels all open commands of a device; null if the store failed. */
  cancelAll(device: string): Promise<readonly CommandRow[] | null>;
  /** Carries out an action at the door. */
  door(action: DoorAction): Promise<DoorResult>;
  /** Registers devices; an answer for each, in the same order. */
  enroll(candidates: readonly Candidate[]): Promise<readonly EnrollResult[]>;
};

/** What is to become of the labels of a device. */
export type Relabelling = { readonly id: string; readonly changes: readonly LabelChange[] };

/** A control socket that is served until it is closed. */
export type ControlSocket = { close(): void };

const requestBytesMax = 1 << 18;

/** The path of the control socket of a database, or of one of several servers that share a folder, by its UDP port. */
export function socketPathOf(databasePath: string, port: number | null = null): string {
  return `${databasePath}${port === null ? "" : `-${port}`}.sock`;
}

/** The control sockets that there may be: that of a database, else those of servers in its folder whose data are elsewhere. */
export function socketPathsOf(databasePath: string): string[] {
  const own = socketPathOf(databasePath);
  const folder = dirname(databasePath);
  if (!existsSync(folder)) return [own];
  if (!isOnlyFolder(databasePath) && existsSync(databasePath)) return [own];
  const others = readdirSync(folder).filter((file) => /^iot-server-\d+\.sock$/.test(file));
  return [own, ...others.sort().map((file) => join(folder, file))];
}

/** Whether a path only names a folder, of servers whose data are elsewhere: a file that is called so there is the program. */
export function isOnlyFolder(databasePath: string): boolean {
  return basename(databasePath) === "iot-server";
}

/**
 * Serves the control socket. The caller holds the database's lock or the UDP port, so an existing socket file is a leftover
 * and is removed.
 * @param port as for `socketPathOf`
 * @throws OperatingError `control-socket`
 */
export function serveControl(
  databasePath: string,
  calls: ControlCalls,
  port: number | null = null,
): ControlSocket {
  const path = socketPathOf(databasePath, port);
  const umask = process.umask(0o177);
  try {
    rmSync(path, { force: true });
    const server = Bun.serve({
      unix: path,
      maxRequestBodySize: requestBytesMax,
      fetch: (request) => answer(request, calls).catch(refusal),
    });
    chmodSync(path, 0o600);
    return {
      close: () => {
        void server.stop(true);
        rmSync(path, { force: true });
      },
    };
  } catch (error) {
    throw new OperatingError(
      "control-socket",
      `The control socket ${path} could not be made (${(error as Error).message}): query, open, label, command, import, join and ` +
        "devices allow-text do not reach this server.",
      "Use a shorter path for --db (at most about 100 characters), on a file system that has sockets.",
    );
  } finally {
    process.umask(umask);
  }
}

async function answer(request: Request, calls: ControlCalls): Promise<Response> {
  if (request.method !== "POST") return new Response("no such call", { status: 405 });
  const body = await request.text();
  switch (new URL(request.url).pathname) {
    case "/query": {
      const question = questionOf(body);
      if (question === null) return new Response("no question", { status: 400 });
      return Response.json(await calls.ask(question));
    }
    case "/allow-text": {
      const { id } = JSON.parse(body) as { id?: unknown };
      if (typeof id !== "string") return new Response("no id", { status: 400 });
      return Response.json({ known: await calls.allowText(id) });
    }
    case "/deregister": {
      const { id } = JSON.parse(body) as { id: string };
      return Response.json({ result: await calls.remove(id) });
    }
    case "/password": {
      const { id, hash } = JSON.parse(body) as { id: string; hash: string };
      return Response.json({ result: await calls.changePassword(id, hash) });
    }
    case "/health":
      return Response.json(calls.health());
    case "/status":
      return Response.json(await calls.status());
    case "/mqtt":
      return Response.json({ bridge: calls.bridge() });
    case "/login-link":
      return Response.json({ link: calls.loginLink() });
    case "/retention":
      return Response.json({ hold: calls.retentionHold() });
    case "/alert": {
      const { name, args } = JSON.parse(body) as { name: string; args: unknown[] };
      return Response.json(await outcomeOf(calls.alert(name, args)));
    }
    case "/label": {
      const devices = JSON.parse(body) as Relabelling[];
      // Those that are submitted in one turn are one transaction.
      const results = await Promise.all(devices.map(({ id, changes }) => calls.label(id, changes)));
      return Response.json(results.map(sentLabels));
    }
    case "/command": {
      const all = JSON.parse(body) as Ordered[];
      return Response.json(await Promise.all(all.map((ordered) => calls.command(ordered))));
    }
    case "/cancel": {
      const numbers = JSON.parse(body) as number[];
      return Response.json(await Promise.all(numbers.map((number) => calls.cancel(number))));
    }
    case "/cancel-all": {
      const { device } = JSON.parse(body) as { device: string };
      return Response.json({ cancelled: await calls.cancelAll(device) });
    }
    case "/door": {
      const actions = fromDoorJson(body) as DoorAction[];
      // Those that are submitted in one turn are one transaction.
      const results = await Promise.all(actions.map((action) => calls.door(action)));
      return new Response(toDoorJson(results));
    }
    case "/enroll":
      return Response.json(await calls.enroll(JSON.parse(body) as Candidate[]));
    default:
      return new Response("no such call", { status: 404 });
  }
}

/** The result of a change of labels as JSON has it. */
export type SentLabels = {
  readonly kind: string;
  readonly labels?: Readonly<Record<string, string>>;
};

function sentLabels(result: LabelResult): SentLabels {
  const { kind } = result;
  return "labels" in result ? { kind, labels: labelsObject(result.labels) } : { kind };
}

/** A server that is stopping carries nothing out any more; for the command it is as if it were gone. */
function refusal(error: unknown): Response {
  if (!(error instanceof OperatingError)) throw error;
  return new Response(error.message, { status: 503 });
}

function questionOf(body: string): ControlQuestion | null {
  try {
    const { id, code, target } = JSON.parse(body) as Record<string, unknown>;
    if (typeof id !== "string" || typeof code !== "string" || typeof target !== "string")
      return null;
    return { id, code, target };
  } catch {
    return null;
  }
}

/** What became of an operation: what is wrong with its arguments is told to the command, which shows it. */
export type OperationOutcome =
  | { readonly value: unknown }
  | {
      readonly refused: {
        readonly code: string;
        readonly message: string;
        readonly nextStep: string;
      };
    };

async function outcomeOf(operation: Promise<unknown>): Promise<OperationOutcome> {
  try {
    return { value: await operation };
  } catch (error) {
    if (!(error instanceof OperatingError)) throw error;
    const { code, message, nextStep } = error;
    return { refused: { code, message, nextStep } };
  }
}
