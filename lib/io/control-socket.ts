// How a command of the same binary talks to the running server: HTTP over a Unix socket beside the database, which only
// its owner can open.

import { chmodSync, rmSync } from "node:fs";
import { OperatingError } from "../operating-error.ts";

/** What the operator asks a device. */
export type ControlQuestion = {
  readonly id: string;
  readonly code: string;
  readonly target: string;
};

/** What came of it. */
export type ControlAnswer =
  | {
      readonly kind: "answer";
      readonly code: string;
      readonly time: string;
      readonly message: string;
    }
  | { readonly kind: "unknown" | "not-logged-in" | "no-answer" | "busy" };

/** A socket that is served until closed. */
export type ControlSocket = { close(): void };

const requestBytesMax = 4_096;

/** The name of the control socket of a database. */
export function socketPathOf(databasePath: string): string {
  return `${databasePath}.sock`;
}

/**
 * Serves the control socket; the caller holds the database's lock, so whatever file is there is left over.
 * @throws OperatingError `control-socket`
 */
export function serveControl(
  databasePath: string,
  ask: (question: ControlQuestion) => Promise<ControlAnswer>,
): ControlSocket {
  const path = socketPathOf(databasePath);
  rmSync(path, { force: true });
  const umask = process.umask(0o177);
  try {
    const server = Bun.serve({
      unix: path,
      maxRequestBodySize: requestBytesMax,
      fetch: async (request) => {
        if (request.method !== "POST" || new URL(request.url).pathname !== "/query") {
          return new Response("no such call", { status: 404 });
        }
        const question = questionOf(await request.text());
        if (question === null) return new Response("no question", { status: 400 });
        return Response.json(await ask(question));
      },
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
      `The control socket ${path} could not be made: ${(error as Error).message}.`,
      "Use a shorter path for --db (at most about 100 characters), on a file system that has sockets.",
    );
  } finally {
    process.umask(umask);
  }
}

/**
 * Asks the running server to ask a device.
 * @throws OperatingError `server-not-running`
 */
export async function askServer(
  databasePath: string,
  question: ControlQuestion,
): Promise<ControlAnswer> {
  try {
    const response = await fetch("http://localhost/query", {
      method: "POST",
      unix: socketPathOf(databasePath),
      body: JSON.stringify(question),
    });
    return (await response.json()) as ControlAnswer;
  } catch {
    throw new OperatingError(
      "server-not-running",
      `No iot-server answers for ${databasePath}.`,
      "Start it, run this as the user that started it, or name its database with --db.",
    );
  }
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
