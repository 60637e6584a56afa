// The bodies of messages: that of Alertmanager's webhook has the keys and types of a captured one, and the others those of
// their receivers.

import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import {
  type Destination,
  type Format,
  headersIn,
  shownUrl,
  urlFault,
} from "../../lib/alerts/destination.ts";
import { bodiesOf, type Message, sentBody, testBodies } from "../../lib/alerts/message-body.ts";
import type { Told } from "../../lib/alerts/wording.ts";
import type { AlertRow } from "../../lib/server/alert-store.ts";
import { testTimeoutMs } from "../e2e/polling.ts";
import { ruleOf } from "./judged-fleet.ts";

setDefaultTimeout(testTimeoutMs);

const at = Date.UTC(2026, 10, 28, 4, 1, 56);
const sender = { url: "http://127.0.0.1:9000" };

function told(
  id: string,
  change: Partial<AlertRow> = {},
  labels: Record<string, string> = {},
): Told {
  const alert: AlertRow = {
    number: 7,
    rule: "hot",
    device: id,
    state: "firing",
    value: 31.5,
    since: at - 60_000,
    fired: at,
    resolved: null,
    notified: null,
    notices: 0,
    ...change,
  };
  return { alert, device: { id, labels: new Map(Object.entries(labels)) } };
}

const rule = ruleOf("temp > 30 until < 28 for 5m", { name: "hot", severity: "critical" });
const over = { state: "resolved", resolved: at + 4_000, value: 27 } as const;
const firing: Message = {
  rule,
  firing: [told("pi1", {}, { site: "lab", "unit.temp": "°C", "9th": "x", severity: "mine" })],
  resolved: [],
};

function to(format: Format, url = "https://ntfy.example/my-topic"): Destination {
  return { name: "hook", url, format, headers: [] };
}

function bodyOf(format: Format, message: Message, by = sender): Record<string, unknown> {
  const [body, ...more] = bodiesOf(to(format), message, by);
  expect(more).toEqual([]);
  return JSON.parse(body as string) as Record<string, unknown>;
}

/** The keys and types of a value, those of labels and annotations left out: they are anybody's. */
function shapeOf(value: unknown, key = ""): unknown {
  if (/labels|annotations/i.test(key)) return "texts";
  if (Array.isArray(value)) return value.map((one) => shapeOf(one)).slice(0, 1);
  if (typeof value !== "object" || value === null) return typeof value;
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => [name, shapeOf(inner, name)]),
  );
}

describe("Alertmanager's webhook", () => {
  const captured = readFileSync(
    join(import.meta.dir, "../fixtures/alertmanager-webhook.ndjson"),
    "utf8",
  )
    .trim()
    .split("\n")
    .map((line) => (JSON.parse(line) as { b: Record<string, unknown> }).b);

  test.each([0, 1])("has the keys and types of a captured message (%d)", (i) => {
    const message = i === 0 ? firing : { rule, firing: [], resolved: [told("pi1", over)] };
    const own = bodyOf("alertmanager", message);
    expect(shapeOf(own)).toEqual(shapeOf(captured[i]));
    expect(own["status"]).toBe(captured[i]?.["status"]);
    expect(own["version"]).toBe("4");
  });

  test("its values", () => {
    expect(bodyOf("alertmanager", firing)).toMatchObject({
      receiver: "hook",
      groupLabels: { alertname: "hot" },
      groupKey: '{}:{alertname="hot"}',
      externalURL: sender.url,
      truncatedAlerts: 0,
      alerts: [
        {
          labels: {
            alertname: "hot",
            device: "pi1",
            severity: "critical",
            site: "lab",
            unit_temp: "°C",
            _9th: "x",
          },
          annotations: {
            summary: "temp of pi1 is 31.5 (> 30)",
            description: "temp > 30 until < 28 for 5m",
          },
          startsAt: "2026-11-28T04:01:56Z",
          endsAt: "0001-01-01T00:00:00Z",
          generatorURL: "http://127.0.0.1:9000/#/devices/pi1",
          fingerprint: expect.stringMatching(/^[0-9a-f]{16}$/),
        },
      ],
    });
  });

  test("the same alert has the same fingerprint, firing and resolved; what all share is common", () => {
    const message = { rule, firing: [told("a"), told("b")], resolved: [told("c", over)] };
    const body = bodyOf("alertmanager", message) as {
      status: string;
      alerts: { status: string; fingerprint: string }[];
      commonLabels: object;
    };
    expect(body).toMatchObject({ status: "firing", commonLabels: { alertname: "hot" } });
    expect(body.commonLabels).not.toHaveProperty("device");
    expect(body.alerts.map(({ status }) => status)).toEqual(["firing", "firing", "resolved"]);
    const [resolved] = (
      bodyOf("alertmanager", { rule, firing: [], resolved: [told("a", over)] }) as typeof body
    ).alerts;
    expect(resolved?.fingerprint).toBe(body.alerts[0]?.fingerprint as string);
    expect(new Set(body.alerts.map(({ fingerprint }) => fingerprint)).size).toBe(3);
  });

  test("of very many the first hundred are told, and how many are left", () => {
    const many = Array.from({ length: 5_000 }, (_, i) => told(`${i}-${"x".repeat(58)}`));
    const [body = ""] = bodiesOf(to("alertmanager"), { rule, firing: many, resolved: [] }, sender);
    expect(JSON.parse(body)).toMatchObject({ truncatedAlerts: 4_900 });
    expect(body.length).toBeLessThan(256 << 10);
  });
});

test("Alertmanager's API gets all, in parts, which last from when they are sent", () => {
  const many = Array.from({ length: 450 }, (_, i) => told(`d${i}`));
  const bodies = bodiesOf(
    to("alertmanager-api"),
    { rule, firing: many, resolved: [told("z", over)] },
    sender,
  );
  const parts = bodies.map(
    (body) => JSON.parse(sentBody(to("alertmanager-api"), body, at)) as { endsAt: string }[],
  );
  expect(parts.map(({ length }) => length)).toEqual([200, 200, 51]);
  expect(parts[0]?.[0]).toEqual({
    labels: { alertname: "hot", device: "d0", severity: "critical" },
    annotations: {
      summary: "temp of d0 is 31.5 (> 30)",
      description: "temp > 30 until < 28 for 5m",
    },
    startsAt: "2026-11-28T04:01:56Z",
    endsAt: "2026-11-28T04:04:56Z",
    generatorURL: "http://127.0.0.1:9000/#/devices/d0",
  } as never);
  expect(parts[2]?.at(-1)?.endsAt).toBe("2026-11-28T04:02:00Z");
});

test("ntfy gets the fields of its documentation", () => {
  expect(bodyOf("ntfy", firing)).toEqual({
    topic: "my-topic",
    title: "hot",
    message: "temp of pi1 is 31.5 (> 30)",
    priority: 5,
    tags: ["warning"],
    click: "http://127.0.0.1:9000/#/devices/pi1",
  });
  const resolved = { rule, firing: [], resolved: [told("pi1", over)] };
  expect(bodyOf("ntfy", resolved, { url: "" })).toEqual({
    topic: "my-topic",
    title: "hot",
    message: "temp of pi1 is 27 again",
    priority: 3,
    tags: ["white_check_mark"],
  });
});

test("text and json", () => {
  const both = { ...firing, resolved: [told("a", over), told("b", over)] };
  expect(bodyOf("text", both)).toEqual({
    text: "temp of pi1 is 31.5 (> 30)\n2 devices have temp within bounds again: a 27, b 27",
  });
  expect(bodyOf("json", firing)).toMatchObject({
    rule: "hot",
    condition: "temp > 30 until < 28 for 5m",
    severity: "critical",
    alerts: [
      { number: 7, device: "pi1", state: "firing", value: 31.5, since: "2026-11-28T04:00:56Z" },
    ],
  });
  expect(JSON.parse(testBodies(to("text"), at, sender)[0] ?? "")).toEqual({
    text: "This is a test: a device that is not there (test) is offline",
  });
});

test("URLs: what is wrong with one, and how it is shown", () => {
  expect(urlFault("https://ntfy.sh/my_topic-1", "ntfy")).toBeNull();
  expect(urlFault("http://u:p@host:9093/api/v2/alerts?key=x", "json")).toBeNull();
  for (const [url, format] of [
    ["", "text"],
    ["ftp://host/", "text"],
    ["https://host/#part", "text"],
    ["https://ntfy.sh/", "ntfy"],
    ["https://ntfy.sh/a/b", "ntfy"],
    [`https://host/${"x".repeat(2_048)}`, "text"],
  ] as const) {
    expect(urlFault(url, format)).toBeString();
  }
  expect(shownUrl("https://me:secret@host:8443/a/b?token=secret")).toBe(
    "https://me:***@host:8443/a/b?***",
  );
  expect(shownUrl("http://me@host/")).toBe("http://me@host/");
});

test("headers, one a line", () => {
  expect(headersIn("# mine\nAuthorization: Bearer x y\r\n\nX-A:b\n")).toEqual([
    ["Authorization", "Bearer x y"],
    ["X-A", "b"],
  ]);
  const wrong = ["no colon", "a b: c", "A: é", "Content-Type: text/plain", "A: b\u0007"];
  for (const line of wrong) expect(headersIn(`A: b\n${line}`)).toBe(2);
  expect(headersIn("A: b\n".repeat(17))).toBe(17);
});
