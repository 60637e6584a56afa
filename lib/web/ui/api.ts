// Requests to the HTTP API, and their errors. Renders nothing.

/** A failed request: the server answered with a problem document, or did not answer (status 0). */
export class Problem extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    detail: string,
  ) {
    super(detail);
  }
}

export type Parameters = Readonly<Record<string, string | number | null | undefined>>;

/** Relative, like all paths of the page: a proxy may serve it below a path. */
const root = "api/v1";
let loginRequired: () => void = () => {};

/** Sets what to do when a GET is refused because nobody is logged in. */
export function onLoginRequired(act: () => void): void {
  loginRequired = act;
}

/** A path of the API with its parameters; empty ones are left out. */
export function pathOf(path: string, parameters: Parameters = {}): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) {
    if (value !== null && value !== undefined && value !== "") search.set(name, String(value));
  }
  const query = search.toString();
  return `${root}${path}${query === "" ? "" : `?${query}`}`;
}

/** The path of a device, followed by `more`. */
export function devicePath(id: string, more = ""): string {
  return `/devices/${encodeURIComponent(id)}${more}`;
}

/**
 * Sends a GET request.
 * @throws Problem
 */
export async function get<T>(
  path: string,
  parameters?: Parameters,
  signal?: AbortSignal,
): Promise<T> {
  try {
    return (await answerOf("GET", pathOf(path, parameters), undefined, signal)) as T;
  } catch (error) {
    if (error instanceof Problem && error.code === "login-required") loginRequired();
    throw error;
  }
}

/**
 * Sends a request that changes something.
 * @throws Problem
 */
export async function send<T>(method: "POST" | "DELETE", path: string, body?: unknown): Promise<T> {
  return (await answerOf(method, pathOf(path), body)) as T;
}

/** The message of an error. */
export function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Whether the error only means that the request was aborted. */
export function isGivenUp(error: unknown): boolean {
  return error instanceof DOMException && error.name === "AbortError";
}

async function answerOf(
  method: string,
  path: string,
  body?: unknown,
  signal?: AbortSignal,
): Promise<unknown> {
  let response: Response;
  try {
    response = await fetch(path, {
      method,
      credentials: "same-origin",
      ...(signal === undefined ? {} : { signal }),
      ...(body === undefined
        ? {}
        : { body: JSON.stringify(body), headers: { "content-type": "application/json" } }),
    });
  } catch (error) {
    if (isGivenUp(error)) throw error;
    throw new Problem(0, "no-connection", "The server does not answer.");
  }
  if (response.ok) return response.status === 204 ? null : response.json();
  throw await problemOf(response);
}

async function problemOf(response: Response): Promise<Problem> {
  try {
    const { code, detail, title } = (await response.json()) as Record<string, string>;
    return new Problem(response.status, code ?? "", detail ?? title ?? response.statusText);
  } catch {
    return new Problem(response.status, "", `The server answered ${response.status}.`);
  }
}
