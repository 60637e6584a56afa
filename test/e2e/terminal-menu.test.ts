// The compiled menu on a real terminal: defaults, the hidden password, news while a person types, ^C and ^D.

import { expect, setDefaultTimeout, test } from "bun:test";
import { login, newIdentity, register } from "./datagrams.ts";
import { testTimeoutMs } from "./polling.ts";
import { RawDevice } from "./raw-device.ts";
import { clientBinary, freePort, startServer } from "./server-process.ts";
import { TemporaryFolder } from "./temporary-folder.ts";
import { key, type TerminalOptions, TerminalProcess } from "./terminal-process.ts";

setDefaultTimeout(testTimeoutMs);

const selection = "Please Make a Selection: ";
const password = "no-eye-has-seen-it";

/** Starts a menu on a terminal; in text, so that the test can act as its server or as another device. */
async function openMenu(
  folder: TemporaryFolder,
  server: number,
  options?: TerminalOptions,
): Promise<{ menu: TerminalProcess; port: number }> {
  const port = await freePort();
  const args = ["asmith", "127.0.0.1", String(server), String(port), "--text"];
  const menu = new TerminalProcess(clientBinary, args, folder.path, options);
  await menu.prompts(selection);
  return { menu, port };
}

/** Fills in the Register form with its defaults and the password. */
async function registerByDefaults(menu: TerminalProcess, port: number): Promise<void> {
  await menu.answer(selection, "1");
  await menu.answer(/^MAC \[(?:[0-9a-f]{2}:){5}[0-9a-f]{2}\]: $/, "");
  await menu.answer("IP [127.0.0.1]: ", "");
  await menu.answer(`PORT [${port}]: `, "");
  await menu.answer("USER [asmith]: ", "");
  await menu.answer("PASSWORD: ", password);
  await menu.shows("00 registered");
  await menu.prompts(selection);
}

/** Sends a STATUS to a device, as another device does. */
async function speakTo(port: number, message: string): Promise<void> {
  using neighbour = await RawDevice.open(port);
  const status = `STATUS\t01\tbsmith\t2026-11-22:09:15:06\t${message.length}\t${message}`;
  expect(await neighbour.code(status)).toBe("40");
}

test("the whole menu is shown, an empty answer takes the default, and the password is never shown", async () => {
  using folder = new TemporaryFolder();
  await using server = await startServer({ folder: folder.path });
  const { menu, port } = await openMenu(folder, server.port);
  await using _ = menu;
  expect(menu.screen.lines.slice(0, 10)).toEqual([
    `asmith listens on port ${port}; server 127.0.0.1 port ${server.port}, text`,
    "",
    "(1) Register",
    "(2) De-Register",
    "(3) Login",
    "(4) Logoff",
    "(5) Query Server",
    "(6) Query Client",
    "(7) Exit",
    "(8) Send a Report",
  ]);
  await registerByDefaults(menu, port);
  await menu.answer(selection, "3");
  await menu.answer("USER [asmith]: ", "");
  await menu.answer("PASSWORD [as before]: ", "");
  await menu.answer("IP [127.0.0.1]: ", "");
  await menu.answer(`PORT [${port}]: `, "");
  await menu.shows("70 logged in");
  await menu.answer(selection, "5");
  await menu.answer("DEST. USER: ", "asmith");
  await menu.answer("QUERY (1 address, 2 latest report, 3 who is logged in) [1]: ", "");
  await menu.shows(`01 asmith is at 127.0.0.1 port ${port}`);
  await menu.answer(selection, "6");
  await menu.answer("DEST. USER [asmith]: ", "");
  await menu.answer("DST IP [ask the server]: ", "");
  await menu.answer("DST PORT [ask the server]: ", "");
  await menu.shows("01 asmith answers: asmith");
  await menu.answer(selection, "8");
  await menu.answer("MESSAGE: ", "temp=21.5");
  await menu.shows("50 data stored");
  await menu.answer(selection, "4");
  await menu.answer("USER [asmith]: ", "");
  await menu.shows("80 logged off");
  await menu.answer(selection, "7");
  expect(await menu.ended()).toBe(0);
  expect(menu.isCooked).toBe(true);
  expect(menu.written).not.toContain(password);
});

test("typed text can be corrected, and a wrong answer is asked again", async () => {
  using folder = new TemporaryFolder();
  await using server = await startServer({ folder: folder.path });
  const { menu } = await openMenu(folder, server.port);
  await using _ = menu;
  await menu.answer(selection, "9");
  await menu.shows("9: please choose 1 to 8.");
  await menu.answer(selection, `3${key.backspace}4`);
  await menu.answer("USER [asmith]: ", "a b");
  await menu.shows("USER: ");
  await menu.answer("USER [asmith]: ", "nobody");
  await menu.shows("31 ");
});

test("news appear above the prompt, which keeps what was typed", async () => {
  using folder = new TemporaryFolder();
  await using server = await startServer({ folder: folder.path });
  const { menu, port } = await openMenu(folder, server.port);
  await using _ = menu;
  menu.type("4567");
  await menu.prompts(`${selection}4567`);
  await speakTo(port, "first");
  const news = await menu.shows("sent status 01: first");
  expect(news).toStartWith("* bsmith (127.0.0.1 port ");
  await menu.prompts(`${selection}4567`);
  const { lines } = menu.screen;
  expect(lines.slice(-2)).toEqual([news, `${selection}4567`]);
  expect(lines.filter((line) => line.startsWith(selection))).toHaveLength(1);
  // The line can still be edited.
  menu.type(`${key.backspace.repeat(3)}${key.enter}`);
  await menu.prompts("USER [asmith]: ");
});

test("news at a password prompt show nothing of the password, which can be continued", async () => {
  using folder = new TemporaryFolder();
  await using server = await startServer({ folder: folder.path });
  const { menu, port } = await openMenu(folder, server.port);
  await using _ = menu;
  await registerByDefaults(menu, port);
  await menu.answer(selection, "3");
  await menu.answer("USER [asmith]: ", "");
  await menu.prompts("PASSWORD [as before]: ");
  menu.type(password.slice(0, 5));
  await speakTo(port, "in between");
  await menu.shows("sent status 01: in between");
  await menu.prompts("PASSWORD [as before]: ");
  menu.type(password.slice(5) + key.enter);
  await menu.answer("IP [127.0.0.1]: ", "");
  await menu.answer(`PORT [${port}]: `, "");
  await menu.shows("70 logged in");
  expect(menu.written).not.toContain(password.slice(0, 5));
  expect(menu.written).not.toContain(password.slice(5));
});

test("news leave no remains of a line that is longer than the screen", async () => {
  using folder = new TemporaryFolder();
  await using server = await startServer({ folder: folder.path });
  const { menu, port } = await openMenu(folder, server.port, { columns: 60 });
  await using _ = menu;
  const long = "x".repeat(60);
  menu.type(long);
  const rest = long.slice(60 - selection.length);
  await menu.prompts(rest);
  await speakTo(port, "short");
  const news = await menu.shows("sent status 01: short");
  await menu.prompts(rest);
  expect(menu.screen.lines.slice(-3)).toEqual([
    news,
    selection + long.slice(0, 60 - selection.length),
    rest,
  ]);
  expect(menu.screen.lines.filter((line) => line.startsWith(selection))).toHaveLength(1);
});

test("a person is told about a QUERY of another device", async () => {
  using folder = new TemporaryFolder();
  await using server = await startServer({ folder: folder.path });
  const { menu, port } = await openMenu(folder, server.port);
  await using _ = menu;
  await registerByDefaults(menu, port);
  using neighbour = await RawDevice.open(port);
  neighbour.send(`QUERY\t01\tbsmith\t127.0.0.1\t${neighbour.port}\t2026-11-22:09:17:00\tasmith`);
  expect(await neighbour.next()).toEndWith("\t6\tasmith");
  await menu.shows("asked asmith a question (01)");
  await menu.prompts(selection);
});

for (const [name, keys] of [
  ["^C", key.interrupt],
  ["^D", key.end],
] as const) {
  test(`${name} at the menu ends it with 0 and restores the terminal`, async () => {
    using folder = new TemporaryFolder();
    const { menu } = await openMenu(folder, 9);
    await using _ = menu;
    expect(menu.isCooked).toBe(false);
    menu.type(keys);
    expect(await menu.ended()).toBe(0);
    expect(menu.isCooked).toBe(true);
    // The shell's prompt will start on a new line.
    await menu.prompts("");
  });

  test(`${name} in a form ends the menu, and nothing is sent`, async () => {
    using folder = new TemporaryFolder();
    using server = await RawDevice.open(9);
    const { menu } = await openMenu(folder, server.port);
    await using _ = menu;
    await menu.answer(selection, "3");
    await menu.answer("USER [asmith]: ", "");
    await menu.prompts("PASSWORD: ");
    menu.type(keys);
    expect(await menu.ended()).toBe(0);
    expect(menu.isCooked).toBe(true);
    expect(server.heard).toEqual([]);
  });
}

test("^Z gives the terminal to the shell; fg continues, even within a password", async () => {
  using folder = new TemporaryFolder();
  await using server = await startServer({ folder: folder.path });
  const { menu, port } = await openMenu(folder, server.port);
  await using _ = menu;
  menu.type("12");
  await menu.prompts(`${selection}12`);
  await menu.stopAndContinue();
  await menu.prompts(`${selection}12`);
  menu.type(`${key.backspace}${key.enter}`);
  for (const field of ["MAC", "IP", "PORT"]) {
    await menu.answer(new RegExp(`^${field} \\[.+\\]: $`), "");
  }
  await menu.answer("USER [asmith]: ", "");
  await menu.prompts("PASSWORD: ");
  menu.type(password.slice(0, 5));
  await menu.stopAndContinue();
  await menu.prompts("PASSWORD: ");
  menu.type(password.slice(5) + key.enter);
  await menu.shows("00 registered");
  expect(menu.written).not.toContain(password.slice(0, 5));
  expect(menu.written).not.toContain(password.slice(5));
  // The password is complete.
  using device = await RawDevice.open(server.port);
  const identity = newIdentity({ id: "asmith", password, ip: "127.0.0.1", port });
  expect(await device.code(login(identity))).toBe("70");
});

test("^C does not wait for a silent server", async () => {
  using folder = new TemporaryFolder();
  using server = await RawDevice.open(9);
  const { menu } = await openMenu(folder, server.port);
  await using _ = menu;
  await menu.answer(selection, "4");
  await menu.answer("USER [asmith]: ", "");
  expect(await server.next()).toBe("LOGOFF\tasmith");
  menu.type(key.interrupt);
  expect(await menu.ended()).toBe(0);
  expect(menu.isCooked).toBe(true);
});

test("what is typed while an answer is awaited goes to the next prompts", async () => {
  using folder = new TemporaryFolder();
  await using server = await startServer({ folder: folder.path });
  using device = await RawDevice.open(server.port);
  const identity = newIdentity({ id: "asmith" });
  await device.code(register(identity));
  await device.code(login(identity));
  const { menu } = await openMenu(folder, server.port);
  await using _ = menu;
  menu.type(`4${key.enter}${key.enter}5${key.enter}asmith${key.enter}1${key.enter}`);
  await menu.shows("80 logged off");
  await menu.shows("61 ");
  await menu.prompts(selection);
});
