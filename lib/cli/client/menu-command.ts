// The command menu: opens a device on its port, sends heartbeats once it is logged in, and runs the menu for a person
// or a script. Never logs off by itself.

import { Heartbeats } from "../../client/heartbeats.ts";
import type { Common } from "../../config/client.ts";
import { type ExitCode, exitCode } from "../../operating-error.ts";
import type { Machine } from "./machine.ts";
import { Menu } from "./menu.ts";
import { News } from "./news.ts";
import { passwordFrom } from "./password.ts";
import { eventLine, heartbeatLine, place, retryLine } from "./rendering.ts";
import { openClient } from "./open-client.ts";
import type { Terminal } from "./terminal.ts";
import { isOverdue } from "../../client/retry-schedule.ts";

/**
 * Runs the menu until Exit, the end of input or ^C. Sessions stay: leaving the menu does not log off.
 * @throws OperatingError if the device port is in use or the server's name is unknown
 */
export async function runMenu(config: Common, machine: Machine): Promise<ExitCode> {
  let terminal: Terminal | null = null;
  const notice = (line: string) => (terminal ?? machine).notice(line);
  const news = new News(machine.clock.now, notice);
  const mine = new Set([config.id]);
  /** The id that logged in last: it answers a QUERY of the server whose target is none of our ids. */
  let me = config.id;
  const session = await openClient(machine, config, config.port, {
    isMe: (id) => mine.has(id),
    me: () => me,
    onQuery: ({ target }, reply) => reply(mine.has(target) ? target : me),
    onEvent: (event) => news.tell(eventLine(event)),
    listens: true,
    anyPort: false,
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
      config.password.kind === "ask" ? null : await passwordFrom(config.password, null, machine);
    const { promise: interrupted, resolve: interrupt } = Promise.withResolvers<void>();
    const screen = machine.openTerminal(interrupt);
    terminal = screen;
    client.requests.onRetry = ({ message, to }, sending, waitedMs) => {
      if (screen.interactive && message.type !== "STATUS" && isOverdue(waitedMs)) {
        screen.show(retryLine(to, sending, client.requests.isServerBusy));
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
        textBytesMax: () => connection.carrier.textBytesMax,
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
    // ^C does not wait for the outstanding request; the end of a pipe does.
    await session.orFailure(Promise.race([menu.run(), interrupted]));
    return exitCode.done;
  } finally {
    terminal?.close();
    session.close();
  }
}
