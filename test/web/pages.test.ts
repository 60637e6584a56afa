// The dashboard's files as they are served: all of them by this server, nothing inline, nothing from elsewhere, compressed,
// and only once.

import { expect, setDefaultTimeout, test } from "bun:test";
import { bodyFor } from "../../lib/web/encodings.ts";
import { loadPages } from "../../lib/web/pages.ts";
import { type RunningTestServer, runServer } from "./running-server.ts";
import { testTimeoutMs } from "../e2e/polling.ts";

setDefaultTimeout(testTimeoutMs);

/** What the fleet's first rows wait for may have this many bytes: at 20 kB/s they take two and a half seconds. */
const firstBytesMax = 50_000;

/** Asks for a path as a browser that accepts some encodings; the body is as it was sent. */
async function askFor(server: RunningTestServer, path: string, headers: Record<string, string>) {
  const response = await fetch(`${server.url}${path}`, { headers, decompress: false });
  return { response, bytes: new Uint8Array(await response.arrayBuffer()) };
}

async function namedIn(server: RunningTestServer): Promise<readonly string[]> {
  const page = (await server.ask("/")).body as string;
  return [...page.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, path]) => path as string);
}

test("the page refers only to files that are served, and has nothing inline", async () => {
  await using server = await runServer();
  const { status, headers, body } = await server.ask("/");
  expect([status, headers.get("cache-control")]).toEqual([200, "no-cache"]);
  expect(headers.get("content-type")).toStartWith("text/html");
  const page = body as string;
  const named = await namedIn(server);
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
  expect(page).not.toMatch(/<style|\sstyle=|\son[a-z]+=|https?:/);
});

test("the name of every file but the page depends on its content", async () => {
  for (const [path, { isNamedByContent }] of await loadPages()) {
    expect([path, isNamedByContent]).toEqual([path, path !== "/"]);
    if (path !== "/") expect(path).toMatch(/-[a-z0-9]{8}\.[a-z0-9]+$/);
  }
});

test("what the fleet needs first is short, and has no chart in it", async () => {
  await using server = await runServer();
  const first = (await namedIn(server)).filter(
    (path) => /\.(js|css)$/.test(path) && !path.includes("later"),
  );
  let all = 0;
  for (const path of ["./", ...new Set(first)]) {
    const { bytes } = await askFor(server, path.slice(1), { "accept-encoding": "gzip" });
    all += bytes.length;
  }
  expect(all).toBeWithin(10_000, firstBytesMax);
});

test("a file is sent as the browser accepts it, and says that this depends on it", async () => {
  await using server = await runServer();
  const plain = await askFor(server, "/", { "accept-encoding": "identity" });
  const encodingOf = async (accepted: string) => {
    const { response, bytes } = await askFor(server, "/", { "accept-encoding": accepted });
    expect(response.headers.get("vary")).toBe("accept-encoding");
    const encoding = response.headers.get("content-encoding");
    if (encoding === "gzip")
      expect(Buffer.from(Bun.gunzipSync(bytes)).equals(plain.bytes)).toBe(true);
    return encoding;
  };
  expect(await encodingOf("gzip, deflate, br, zstd")).toBe("br");
  expect(await encodingOf("gzip, deflate")).toBe("gzip");
  expect(await encodingOf("br;q=0, GZIP;q=0.5")).toBe("gzip");
  expect(await encodingOf("gzip;q=0.0, identity")).toBeNull();
  expect(await encodingOf("xgzip")).toBeNull();
});

test("a page that the browser has is not sent again", async () => {
  await using server = await runServer();
  const etag = (await server.ask("/")).headers.get("etag") ?? "";
  expect(etag).not.toBe("");
  const again = await server.ask("/", { headers: { "if-none-match": `"other", ${etag}` } });
  expect([again.status, again.body, again.headers.get("etag")]).toEqual([304, "", etag]);
  expect(again.headers.get("cache-control")).toBe("no-cache");
  const other = await server.ask("/", { headers: { "if-none-match": '"other"' } });
  expect(other.status).toBe(200);
});

test("a long answer is compressed, if it is read and the browser accepts that", async () => {
  await using server = await runServer();
  const path = "/api/v1/openapi.json";
  const { response, bytes } = await askFor(server, path, { "accept-encoding": "gzip" });
  expect(response.headers.get("content-encoding")).toBe("gzip");
  expect(response.headers.get("vary")).toBe("accept-encoding");
  const plain = await askFor(server, path, { "accept-encoding": "br" });
  expect(plain.response.headers.get("content-encoding")).toBeNull();
  expect(Bun.gunzipSync(bytes)).toEqual(plain.bytes);
});

test("an answer to a change is never compressed: its length could tell of a secret in it", async () => {
  const headers = { "accept-encoding": "gzip" };
  const long = "x".repeat(5_000);
  const asked = (method: string) => new Request("http://localhost/", { method, headers });
  expect((await bodyFor(asked("POST"), long)).body).toBe(long);
  expect((await bodyFor(asked("GET"), long)).body.length).toBeLessThan(100);
});

test("the manifest of the app names icons that are served, as what they are", async () => {
  await using server = await runServer();
  const path = (await namedIn(server)).find((one) => one.endsWith(".webmanifest")) ?? "";
  const { headers, body } = await server.ask(path.slice(1));
  expect(headers.get("content-type")).toBe("application/manifest+json");
  const { start_url: start, icons } = body as { start_url: string; icons: Icon[] };
  expect(start).toBe("./");
  expect(icons.map(({ sizes }) => sizes)).toEqual(["any", "192x192", "512x512", "512x512"]);
  for (const { src, type } of icons) {
    const icon = await server.ask(src.slice(1));
    expect([icon.status, icon.headers.get("content-type")]).toEqual([200, type]);
  }
});

type Icon = { readonly src: string; readonly type: string; readonly sizes: string };
