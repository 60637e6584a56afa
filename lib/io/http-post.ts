// Posts JSON to a URL, for alerts: with a time limit, without following redirects, and without reading more of the answer than is
// shown. Never writes a URL or a header down.

import type { Post, SendPost } from "../alerts/alert-ports.ts";

const timeoutMs = 10_000;
const detailBytesMax = 1_024;
const detailCharsMax = 200;

/** @param version that of the server, for User-Agent */
export function httpPost(version: string): SendPost {
  return async (post) => {
    try {
      const response = await fetch(withoutUser(post.url), {
        method: "POST",
        headers: headersOf(post, version),
        body: post.body,
        redirect: "manual",
        signal: AbortSignal.timeout(timeoutMs),
      });
      const { status, headers } = response;
      const retryAfterMs = retryAfterOf(headers.get("retry-after"));
      return { status, retryAfterMs, detail: await beginOf(response) };
    } catch (error) {
      return { failure: failureOf(error) };
    }
  };
}

function withoutUser(text: string): string {
  const url = new URL(text);
  url.username = "";
  url.password = "";
  return url.href;
}

function headersOf({ url, headers, key }: Post, version: string): Headers {
  const { username, password } = new URL(url);
  const all = new Headers();
  if (username !== "") {
    const user = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
    all.set("authorization", `Basic ${Buffer.from(user).toString("base64")}`);
  }
  for (const [name, value] of headers) all.set(name, value);
  all.set("content-type", "application/json");
  all.set("user-agent", `iot-server/${version}`);
  all.set("idempotency-key", key);
  return all;
}

/** The header Retry-After in seconds, as ms. A date is not relied on: clocks differ. */
function retryAfterOf(header: string | null): number | null {
  return header !== null && /^\d{1,6}$/.test(header) ? Number(header) * 1_000 : null;
}

/** The begin of an answer's body, on one line. */
async function beginOf(response: Response): Promise<string> {
  const reader = response.body?.getReader();
  if (reader === undefined) return "";
  let text = "";
  const decoder = new TextDecoder();
  while (text.length < detailBytesMax) {
    const { value, done } = await reader.read();
    if (done) break;
    text += decoder.decode(value.subarray(0, detailBytesMax), { stream: true });
  }
  await reader.cancel().catch(() => {});
  return text
    .replaceAll(/[\p{Cc}\p{Cf}\s]+/gu, " ")
    .trim()
    .slice(0, detailCharsMax);
}

const failures: Readonly<Record<string, string>> = {
  ConnectionRefused: "nobody listens there",
  ECONNREFUSED: "nobody listens there",
  FailedToOpenSocket: "it cannot be reached",
  ConnectionClosed: "it closed the connection",
  ECONNRESET: "it closed the connection",
  ENOTFOUND: "its name is unknown",
  DNSResolveFailed: "its name is unknown",
  TimeoutError: "no answer within 10 s",
  EPROTO: "no TLS connection with it could be made",
  CERT_HAS_EXPIRED: "its certificate has expired",
  DEPTH_ZERO_SELF_SIGNED_CERT: "its certificate is signed by itself",
  SELF_SIGNED_CERT_IN_CHAIN: "its certificate is of an unknown authority",
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: "its certificate is of an unknown authority",
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: "its certificate is of an unknown authority",
  ERR_TLS_CERT_ALTNAME_INVALID: "its certificate has another name",
};

function failureOf(error: unknown): string {
  const { code, name } = error as { readonly code?: string; readonly name?: string };
  return (
    failures[String(code)] ?? failures[String(name)] ?? `no answer (${code ?? name ?? "unknown"})`
  );
}
