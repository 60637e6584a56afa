// Starts the dashboard and switches between its pages.

import type { Rights } from "../api/server-shapes.ts";
import { get, onLoginRequired, remove } from "./api.ts";
import { askEarly } from "./early-answers.ts";
import { FleetPage } from "./fleet/fleet-page.ts";
import { keys } from "./keys.ts";
import { Live } from "./live.ts";
import { askToken, loginView } from "./login-dialog.ts";
import { keepMoments, setServerTime } from "./moments.ts";
import type { App, Page } from "./page.ts";
import { loadAllCode, loadCode, pageCode } from "./page-code.ts";
import { type Place, placeOf } from "./places.ts";
import { Shell } from "./shell.ts";
import { skeleton } from "./parts/skeleton.ts";
import { StatusHistory } from "./status-history.ts";
import { applyTheme } from "./theme.ts";
import { TroubleCard } from "./server/trouble-card.ts";

/** When a page is there, the code of the others is loaded after this time. */
const loadOthersAfterMs = 3_000;

applyTheme();
askEarly();

let rights: Rights = { loggedIn: false, mayRead: true, mayChange: false, version: "" };
let page: Page | null = null;
/** The hash of the fleet page when it was left, with search, filter and order. */
let fleetHash = "#/";

const statuses = new StatusHistory();
const shell = new Shell({ retry: () => live.retryNow(), session: () => void changeSession() });
const live = new Live(
  {
    hello: ({ time }) => setServerTime(time),
    status: (status) => {
      setServerTime(status.time);
      statuses.add(status);
      shell.showWarnings(status.warnings.length);
      shell.showFiring(status.alerts.firing);
    },
  },
  (state) => {
    shell.showState(state);
    if (state.kind === "login") showLogin();
  },
);
const app: App = {
  go: (hash) => {
    location.hash = hash;
  },
  askLogin,
  mayChange: () => rights.mayChange,
  title: (words) => shell.title(words),
  announce: (text) => shell.announce(text),
};

keepMoments();
onLoginRequired(showLogin);
keys({
  page: () => page,
  back: () => {
    if (placeOf(location.hash).page !== "fleet") app.go(fleetHash);
  },
});
addEventListener("hashchange", (event) => {
  const { hash } = new URL(event.oldURL);
  if (placeOf(hash).page === "fleet") fleetHash = hash === "" ? "#/" : hash;
  showPage();
});
shell.main.append(skeleton(8, "rows"));
setTimeout(() => void loadAllCode(), loadOthersAfterMs);
void begin();

async function begin(): Promise<void> {
  // If the server is unreachable, the page says so and keeps trying.
  await renewRights().catch(() => {});
  if (rights.mayRead) showPage();
  else showLogin();
}

async function renewRights(): Promise<void> {
  rights = await get("/session", {});
  shell.showRights(rights);
}

function showPage(): void {
  const place = placeOf(location.hash);
  page?.close();
  page = pageOf(place);
  shell.showPlace(place);
  if (page === null) {
    void showLater(place);
    return;
  }
  shell.show(page.view, page.title);
  scrollTo(0, 0);
  page.onShown?.();
  live.listen(page);
}

/** The page at a place; null if its code is not here yet. */
function pageOf(place: Place): Page | null {
  const { page: name, parameters } = place;
  const { device, alerts, activity, server } = pageCode;
  switch (name) {
    case "device":
      return device === undefined ? null : new device.DevicePage(app, place, fleetHash);
    case "alerts":
      return alerts === undefined ? null : new alerts.AlertsPage(app);
    case "activity":
      return activity === undefined ? null : new activity.ActivityPage(parameters);
    case "server":
      return server === undefined ? null : new server.ServerPage(statuses);
    case "fleet":
      return new FleetPage(app, statuses, parameters);
  }
}

/** Loads the code of a page, and shows the page if it is still wanted then. */
async function showLater({ page: name, id }: Place): Promise<void> {
  live.stop();
  const waiting = skeleton(8, "lines");
  shell.show(waiting, id);
  const isWanted = () => waiting.isConnected;
  try {
    if (name !== "fleet") await loadCode(name);
    if (isWanted()) showPage();
  } catch {
    const trouble = new TroubleCard("This page could not be loaded", () => location.reload());
    const words = "The server does not answer, or is newer than what is shown here.";
    if (isWanted()) shell.show(trouble.show(words), id);
  }
}

function showLogin(): void {
  if (page === null && shell.main.querySelector(".login") !== null) return;
  page?.close();
  page = null;
  live.stop();
  shell.showPlace(placeOf(location.hash));
  shell.show(
    loginView(() => void begin()),
    "Log in",
  );
  shell.main.querySelector<HTMLElement>("input")?.focus();
}

async function askLogin(reason: string): Promise<boolean> {
  const isIn = await askToken(reason);
  if (isIn) await renewRights();
  return isIn;
}

async function changeSession(): Promise<void> {
  if (!rights.loggedIn) {
    await askLogin(
      "Reading is open to everybody on this machine. Asking and removing devices needs a login.",
    );
    return;
  }
  await remove("/session", {}).catch(() => {});
  await begin();
}
