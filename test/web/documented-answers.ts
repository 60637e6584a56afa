// Answers of the HTTP API, checked against its own description.

import { expect } from "bun:test";
import { openApi } from "../../lib/web/api/openapi.ts";
import { errorsIn, type Schema } from "./json-schema.ts";
import type { RunningTestServer } from "./running-server.ts";

type Documented = {
  readonly parameters?: readonly {
    readonly name: string;
    readonly in: string;
    readonly schema: Schema;
  }[];
  readonly responses: Readonly<
    Record<string, { readonly content?: Record<string, { schema: Schema }> }>
  >;
};

/** The description. */
export const document = openApi("1.2.3") as unknown as Schema & {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Documented>>>>;
};

/** Sends a request and checks the answer against the document. */
export async function askDocumented(
  server: RunningTestServer,
  method: string,
  path: string,
  pattern: string,
  init: RequestInit = {},
) {
  const reply = await server.ask(path, { method, headers: server.login, ...init });
  const documented = document.paths[pattern]?.[method.toLowerCase()]?.responses[reply.status];
  expect(documented, `${method} ${pattern} may answer ${reply.status}`).toBeDefined();
  const content = documented?.content;
  if (content === undefined) {
    expect(reply.body).toBe("");
    return reply;
  }
  const type = (reply.headers.get("content-type") ?? "").split(";")[0] ?? "";
  expect(Object.keys(content)).toContain(type);
  expect(errorsIn(reply.body, content[type]?.schema as Schema, document)).toEqual([]);
  return reply;
}

const lists = ["alert-rules", "alert-destinations", "mutes"].map((it) => `/api/v1/${it}`);
/** The documented paths of the door. */
export const doorPaths: readonly string[] = [
  "pending",
  "pending/bulk",
  "pending/{id}/approve",
  "pending/{id}/reject",
  "join-tokens",
  "join-tokens/{number}",
  "join-window",
].map((path) => `/api/v1/${path}`);
/** The documented paths of commands. */
export const commandPaths: readonly string[] = [
  "/api/v1/devices/{id}/commands",
  "/api/v1/commands",
  "/api/v1/commands/{number}",
];
/** The documented paths of alerts. */
export const alertPaths: readonly string[] = [
  "/api/v1/alerts",
  ...lists,
  ...lists.map((path) => `${path}/{name}`),
  "/api/v1/alert-destinations/{name}/test",
];
