// The menu as a command: a device on its port, with heartbeats once logged in, and a person or a script in front of it.

import { Heartbeats } from "../../client/heartbeats.ts";
import type { Common } from "../../config/client.ts";
import { type ExitCode, exitCode } from "../../operating-error.ts";
import type { Machine } from "./machine.ts";
import { Menu } from "./menu.ts";
import { News } from "./news.ts";
import { passwordFrom } from "./password.ts";
import { eventLine, heartbeatLine, place } from "./rendering.ts";
import { openSession } from "./session.ts";
import type { Terminal } from "./terminal.ts";

/**
 * Runs the menu until Exit, the end of input or ^C. Sessions stay: a device that leaves the menu has not logged off.
 * @throws OperatingError where the device port is taken or the server's name unknown
 */
export async function runMenu(config: Common, machine: Machine): Promise<ExitCode> {
  let terminal: Terminal | null = null;
  const notice = (line: string) => (terminal ?? machine).notice(line);
  const news = new News(machine.clock.now, notice);
  const mine = new Set([config.id]);
  /** The device that logged in last: whom the server means. */
  let me = config.id;
  const session = await openSession(machine, config, config.port, {
    isMe: (id) => mine.has(id),
    me: () => me,
    onQuery: ({ target }, reply) => reply(mine.has(target) ? target : me),
    onEvent: (event) => news.tell(eventLine(event)),
    listens: true,
    notice,
  });
  const { connection, server, ip, mac } = session;
  const { client, clock, times } = connection;
  const heartbeats = new Heartbeats(
    client.requests,
    server,
    config.heartbeatSeconds,
    times,
    (event) => notice(heartbeatLine(event)),
  );
  connection.add(heartbeats);
  try {
    const password =
      config.password.kind === "ask" ? null : await passwordFrom(config.password, machine);
    let interrupt = (): void => {};
    const interrupted = new Promise<void>((resolve) => {
      interrupt = resolve;
    });
    const screen = machine.openTerminal(() => interrupt());
    terminal = screen;
    client.requests.onRetry = ({ message, to }, sending) => {
      if (screen.interactive && message.type !== "STATUS") {
        screen.show(`no answer from ${place(to)} yet, try ${sending}`);
      }
    };
    screen.show(
      `${config.id} listens on port ${connection.port}; server ${place(server)}, ${connection.carrier.kind}`,
    );
    const menu = new Menu(
      {
        terminal: screen,
        server,
        sealed: connection.carrier.kind === "sealed",
        port: connection.port,
        time: () => times.distinct(),
        request: (message, options) =>
          connection.request(message, { ...options, timeoutMs: config.timeoutMs }),
        ownIpTowards: machine.ownIpTowards,
        call: connection.caller,
        onLogin: (id) => {
          mine.add(id);
          me = id;
          heartbeats.add(id, clock.now());
          connection.reschedule();
        },
        onLogoff: (id) => heartbeats.remove(id),
      },
      { id: config.id, mac, ip, port: config.port, password },
    );
    // ^C does not wait for an answer that may never come; the end of a pipe does.
    await session.orFailure(Promise.race([menu.run(), interrupted]));
    return exitCode.done;
  } finally {
    terminal?.close();
    session.close();
  }
}
