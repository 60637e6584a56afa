// What a page that begins needs first: asked for while its script is still on its way, and each answer taken once.

/** A request's answer; null if there is none to be relied on. */
type EarlyAnswer = Promise<Response | null>;

declare global {
  /** By the address. Whichever of the page's scripts is there first makes it. */
  var earlyAnswers: Map<string, EarlyAnswer> | undefined;
}

const sessionAddress = "api/v1/session";
/** The first devices as the fleet shows them, unless other columns were chosen; then what it asked for the last time. */
const devicesAddress = "api/v1/devices?sort=id&availability=24h&limit=100";
const storedAs = "iot-first-devices";

/** Asks for the rights, and for what the fleet shows if that is the page; once. */
export function askEarly(): void {
  if (globalThis.earlyAnswers !== undefined) return;
  const session = answerTo(sessionAddress);
  globalThis.earlyAnswers = new Map([[sessionAddress, session]]);
  if (!isPlainFleet()) return;
  const devices = firstDevices();
  globalThis.earlyAnswers.set(
    devices,
    session.then((rights) => devicesFor(rights, devices)),
  );
}

/** Notes what the fleet asks for first, for the next time. */
export function noteFirstDevices(address: string): void {
  if (!isPlainFleet() || address === firstDevices()) return;
  try {
    localStorage.setItem(storedAs, address);
  } catch {
    // Storage is blocked: the next page asks for its own, later.
  }
}

/** Whether the answer to a request is here, or on its way. */
export function isAskedEarly(address: string): boolean {
  return globalThis.earlyAnswers?.has(address) ?? false;
}

/** Takes the answer to a request; null if it was not asked for. */
export async function takeEarlyAnswer(address: string): Promise<Response | null> {
  const answer = globalThis.earlyAnswers?.get(address);
  globalThis.earlyAnswers?.delete(address);
  return (await answer) ?? null;
}

/** Whether the fleet is shown, without a filter. */
function isPlainFleet(): boolean {
  return location.hash === "" || location.hash === "#/";
}

function firstDevices(): string {
  try {
    const stored = localStorage.getItem(storedAs);
    if (stored?.startsWith("api/v1/devices?")) return stored;
  } catch {
    // Storage is blocked.
  }
  return devicesAddress;
}

/** The first devices, if they may be read. */
async function devicesFor(session: Response | null, address: string): Promise<Response | null> {
  const rights = await session
    ?.clone()
    .json()
    .catch(() => null);
  return rights?.mayRead === true ? answerTo(address) : null;
}

async function answerTo(address: string): Promise<Response | null> {
  const answer = await fetch(address, { credentials: "same-origin" }).catch(() => null);
  return answer?.ok === true ? answer : null;
}
