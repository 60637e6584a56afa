// What a start prints: every fact once, in few lines, and the token only when it was just created.

import { expect, setDefaultTimeout, test } from "bun:test";
import { bannerLines, type Started } from "../../../lib/cli/server/banner.ts";
import { testTimeoutMs } from "../../e2e/polling.ts";

setDefaultTimeout(testTimeoutMs);

const started: Started = {
  retainMs: null,
  version: "1.0.0",
  host: "::",
  lacksIpv6: false,
  requireEncryption: false,
  pskFile: null,
  join: "open",
  port: 9000,
  fingerprint: "SHA256:7O7QeFYaFLdPq+FSHq7ehHv6oL2U5Zsd/bLbkfMbPEI",
  loginLink: `http://127.0.0.1:9000/login?code=${"c".repeat(32)}`,
  newToken: null,
  db: "iot_server.db",
  store: null,
  node: null,
  logDir: "log",
  logTo: "files",
};
const newToken = "iot_TWLwjPHN2OLE2YkdWunj_PmYvJiVtHDDrFPnpw8lBp8";

test("a start that is not the first", () => {
  expect(bannerLines(started, false)).toEqual([
    "iot-server 1.0.0 listens on UDP 9000, all addresses, IPv4 and IPv6.",
    "  key        SHA256:7O7QeFYaFLdPq+FSHq7ehHv6oL2U5Zsd/bLbkfMbPEI",
    `  dashboard  ${started.loginLink}`,
    "             (once; again: iot-server open)",
    "  data       iot_server.db, logs in log/",
  ]);
});

test("the first start shows the token, on a screen of 80 columns", () => {
  const lines = bannerLines({ ...started, newToken }, false);
  expect(lines.slice(4)).toEqual([
    `  token      ${newToken}  (shown only now)`,
    "  data       iot_server.db, logs in log/, the token in iot_server.db.token",
  ]);
  expect(lines.filter((line) => line.length > 80)).toEqual([]);
});

test("a setting other than the default is shown as one has to write it", () => {
  const unusual = { host: "192.0.2.1", db: "/srv/other.db", logDir: "/var/log/iot/" };
  expect(bannerLines({ ...started, ...unusual }, false)).toEqual([
    "iot-server 1.0.0 listens on UDP 9000, 192.0.2.1.",
    "  key        SHA256:7O7QeFYaFLdPq+FSHq7ehHv6oL2U5Zsd/bLbkfMbPEI",
    `  dashboard  ${started.loginLink}`,
    "             (once; again: iot-server open --db /srv/other.db)",
    "  data       /srv/other.db, logs in /var/log/iot/",
  ]);
});

test("a system without IPv6 is told", () => {
  const [first] = bannerLines({ ...started, host: "0.0.0.0", lacksIpv6: true }, false);
  expect(first).toBe(
    "iot-server 1.0.0 listens on UDP 9000, all addresses, IPv4 only: this system has no IPv6.",
  );
});

test("who is refused is shown where anybody is", () => {
  const strict = { ...started, requireEncryption: true, join: "closed" } as const;
  const all = bannerLines(strict, false);
  expect(all).toContain(
    "  devices    text is refused; unknown ones are refused: register them with iot-server import",
  );
  expect(bannerLines({ ...started, join: "approve" }, false)).toContain(
    "  devices    unknown ones wait: iot-server devices --pending",
  );
  const psk = bannerLines({ ...started, requireEncryption: true, pskFile: "psk" }, false);
  expect(psk).toContain("  devices    text is refused (--psk-file)");
});

test("without a dashboard there is no line for it", () => {
  expect(bannerLines({ ...started, loginLink: null }, false).join("\n")).not.toMatch(
    /dashboard|once/,
  );
});

test("how long reports are kept, if not for ever", () => {
  const lines = bannerLines({ ...started, retainMs: 90 * 86_400_000 }, false);
  expect(lines.at(-1)).toBe("             keeps reports 90 d");
  expect(bannerLines(started, false).join("\n")).not.toContain("keeps");
});

test("a server of a store with several names itself and the others", () => {
  const store = "postgres://iot@db:5432/iot";
  const lineOf = (others: string[]) => {
    const node = { own: "plant:9000", others };
    return bannerLines({ ...started, store, node }, false).find((line) => line.includes("plant"));
  };
  expect(lineOf([])).toBe("  node       plant:9000, alone so far");
  expect(lineOf(["b:1", "c:1"])).toBe("  node       plant:9000, with b:1, c:1");
  expect(lineOf(["b", "c", "d", "e", "f"])).toBe(
    "  node       plant:9000, with b, c, d and 2 more",
  );
});
