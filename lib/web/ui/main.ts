// Starts the dashboard and switches between its pages.

import type { Rights } from "../api/server-shapes.ts";
import { get, onLoginRequired, remove } from "./api.ts";
import { AlertsPage } from "./alerts-page.ts";
import { ActivityPage } from "./activity-page.ts";
import { DevicePage } from "./device-page.ts";
import { FleetPage } from "./fleet-page.ts";
import { keys } from "./keys.ts";
import { Live } from "./live.ts";
import { askToken, loginView } from "./login-dialog.ts";
import { keepMoments, setServerTime } from "./moments.ts";
import type { App, Page } from "./page.ts";
import { type Place, placeOf } from "./places.ts";
import { ServerPage } from "./server-page.ts";
import { Shell } from "./shell.ts";
import { StatusHistory } from "./status-history.ts";
import { applyTheme } from "./theme.ts";

applyTheme();

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
  shell.show(page.view, page.title);
  scrollTo(0, 0);
  page.onShown?.();
  live.listen(page);
}

function pageOf(place: Place): Page {
  const { page: name, parameters } = place;
  switch (name) {
    case "device":
      return new DevicePage(app, place, fleetHash);
    case "alerts":
      return new AlertsPage(app);
    case "activity":
      return new ActivityPage(parameters);
    case "server":
      return new ServerPage(statuses);
    case "fleet":
      return new FleetPage(app, statuses, parameters);
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
