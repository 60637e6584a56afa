// A headless Chromium on the dashboard of a compiled server. Records everything that a page complains about. Without
// Chromium its tests are skipped; in CI that is a failure.

import { expect, test } from "bun:test";
import { existsSync } from "node:fs";
import {
  type Browser,
  type BrowserContext,
  type BrowserContextOptions,
  chromium,
  type Page,
} from "playwright-core";
import { deadlineMs, until } from "./polling.ts";
import { RawDevice } from "./raw-device.ts";
import { type ServerProcess, startServer } from "./server-process.ts";
import { TemporaryFolder } from "./temporary-folder.ts";

const executablePath = "/usr/bin/chromium";
const available = existsSync(executablePath);

/** The screens of a desktop and of a phone. */
export const desk = { viewport: { width: 1440, height: 900 } } as const;
export const phone = {
  viewport: { width: 390, height: 844 },
  isMobile: true,
  hasTouch: true,
} as const;

/** A server, a browser and a bare UDP device; all end with the test. */
export class Dashboard implements AsyncDisposable {
  /** Complaints of pages: console errors, violations of the policy, uncaught errors, dialogs. */
  readonly complaints: string[] = [];

  private constructor(
    readonly folder: TemporaryFolder,
    readonly server: ServerProcess,
    /** The address of the dashboard, as the server printed it. */
    readonly origin: string,
    readonly device: RawDevice,
    private readonly browser: Browser,
  ) {}

  /** @param args flags of the server, after the port */
  static async start(args: readonly string[] = ["--shared-ip"]): Promise<Dashboard> {
    const folder = new TemporaryFolder();
    const server = await startServer({ folder: folder.path, args });
    const browser = await chromium.launch({
      executablePath,
      args: [
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
      ],
    });
    const device = await RawDevice.open(server.port);
    const origin = await until(
      "the dashboard's address",
      () => /dashboard +(http:\S+)\/login\?code=/.exec(server.stdout)?.[1],
    );
    return new Dashboard(folder, server, origin, device, browser);
  }

  /** The admin token, read from the file beside the database, or beside the key where that is no file. */
  get token(): string {
    const { folder } = this;
    return (folder.text("iot_server.db.token") || folder.text("iot-server.token")).trim();
  }

  /** Opens a page of the dashboard in a browser that is logged in. */
  async open(hash = "#/", options: BrowserContextOptions = desk): Promise<Page> {
    const context = await this.browser.newContext(options);
    const { token } = this;
    await context.request.post(`${this.origin}/api/v1/session`, { data: { token } });
    return this.#openIn(context, hash);
  }

  /** Opens a page of the dashboard in a browser without any stored state. */
  async openAsStranger(hash = "#/", options: BrowserContextOptions = desk): Promise<Page> {
    return this.#openIn(await this.browser.newContext(options), hash);
  }

  async #openIn(context: BrowserContext, hash: string): Promise<Page> {
    context.setDefaultTimeout(deadlineMs);
    // The browser reports violations by this event even where it writes nothing to the console.
    await context.addInitScript(
      `addEventListener("securitypolicyviolation", (e) => console.error("policy: " + e.violatedDirective + " " + e.blockedURI))`,
    );
    const page = await context.newPage();
    page.on("console", (message) => {
      if (message.type() === "error") this.complaints.push(message.text());
    });
    page.on("pageerror", (error) => this.complaints.push(error.message));
    page.on("dialog", (dialog) => {
      this.complaints.push(`dialog: ${dialog.message()}`);
      void dialog.dismiss();
    });
    await page.goto(`${this.origin}/${hash}`);
    return page;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.browser.close();
    this.device[Symbol.dispose]();
    await this.server[Symbol.asyncDispose]();
    this.folder[Symbol.dispose]();
  }
}

/** Defines a test that needs the browser. */
export const browserTest: (name: string, body: () => Promise<void>) => void = available
  ? (name, body) => test(name, body, 4 * deadlineMs)
  : (name) =>
      test(`skipped: ${name}: needs chromium (apt-get install chromium)`, () => {
        expect(process.env["CI"], "CI must have it").not.toBe("true");
      });

/** Waits until an element contains a text. */
export function untilText(page: Page, selector: string, text: string | RegExp): Promise<boolean> {
  return until(`${String(text)} in ${selector}`, async () => {
    const all = await page.locator(selector).allInnerTexts();
    return all.some((one) => (typeof text === "string" ? one.includes(text) : text.test(one)));
  });
}

/** The selector of a device's row in the fleet. */
export function rowOf(id: string): string {
  return `.rows .row:not([hidden]):has(a:text-is("${id}"))`;
}

/** Waits until the stream of live events is connected. */
export function untilLive(page: Page): Promise<void> {
  return page.locator('.light[data-state="live"]').waitFor();
}
