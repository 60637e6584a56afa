// The dashboard's files as they are served: all of them by this server, nothing inline, nothing from elsewhere.

import { expect, setDefaultTimeout, test } from "bun:test";
import { loadPages } from "../../lib/web/pages.ts";
import { runServer } from "./running-server.ts";
import { testTimeoutMs } from "../e2e/polling.ts";

setDefaultTimeout(testTimeoutMs);

test("the page refers only to files that are served, and has nothing inline", async () => {
  await using server = await runServer();
  const { status, headers, body } = await server.ask("/");
  expect([status, headers.get("cache-control")]).toEqual([200, "no-cache"]);
  expect(headers.get("content-type")).toStartWith("text/html");
  const page = body as string;
  const named = [...page.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, path]) => path as string);
  expect(named.length).toBeGreaterThan(1);
  for (const path of named) {
    // Relative, so that a proxy can serve the page below a path.
    expect(path).toStartWith("./");
    const file = await server.ask(path.slice(1));
    expect([path, file.status]).toEqual([path, 200]);
    expect(file.headers.get("cache-control")).toContain("immutable");
    expect(file.headers.get("x-content-type-options")).toBe("nosniff");
  }
  for (const [script] of page.matchAll(/<script[^>]*>[^<]*/g)) expect(script).toEndWith(">");
  expect(page).not.toMatch(/<style|\son[a-z]+=|https?:/);
});

test("the name of every file but the page depends on its content", async () => {
  for (const [path, { isNamedByContent }] of await loadPages()) {
    expect([path, isNamedByContent]).toEqual([path, path !== "/"]);
    if (path !== "/") expect(path).toMatch(/-[a-z0-9]{8}\.[a-z0-9]+$/);
  }
});
