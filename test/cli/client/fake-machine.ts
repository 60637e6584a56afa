// A fake machine for the commands: a server in the same process, a clock that jumps to the next timer, a script in
// place of a person. Opens no socket and no file.

import type { Machine, Socket } from "../../../lib/cli/client/machine.ts";
import type { Outgoing } from "../../../lib/protocol/messages.ts";
import type { Terminal } from "../../../lib/cli/client/terminal.ts";
import { RememberedCommands } from "../../client/remembered-commands.ts";
import { ReportQueue } from "../../../lib/client/report-queue.ts";
import type { Address } from "../../../lib/protocol/messages.ts";

/** What the system says of a datagram to a port where nobody listens. */
export const portClosed = Symbol("port closed");

/** Answers a datagram at an address; null for silence. */
export type Answer = (text: string, to: Address) => string | null | typeof portClosed;

export type Fake = {
  readonly machine: Machine;
  /** Lines on standard output. */
  readonly out: string[];
  /** Lines on standard error, or above the prompt. */
  readonly err: string[];
  /** Prompts shown; a hidden one ends with a star. */
  readonly prompts: string[];
  /** Datagrams sent, and their destinations. */
  readonly sent: { readonly text: string; readonly to: Address }[];
  /** Shell commands run, with their environments. */
  readonly commands: { readonly line: string; readonly env: Readonly<Record<string, string>> }[];
  /** Delivers a datagram. */
  deliver(text: string, from: Address): void;
  /** Acts as SIGTERM. */
  stop(): void;
};

export type FakeOptions = {
  readonly answer?: Answer;
  /** Lines of standard input, after which it ends. */
  readonly lines?: readonly string[];
  readonly interactive?: boolean;
  readonly shell?: (line: string) => string;
  /** Looks up a name. */
  readonly lookUp?: (host: string) => Promise<string>;
};

/** Makes a fake machine. */
export function fakeMachine({
  answer = () => null,
  lines = [],
  interactive = false,
  shell = () => "",
  lookUp = (host) => Promise.resolve(host === "server.example" ? "192.0.2.1" : host),
}: FakeOptions): Fake {
  const out: string[] = [];
  const err: string[] = [];
  const prompts: string[] = [];
  const sent: Fake["sent"] = [];
  const commands: Fake["commands"] = [];
  const input = [...lines];
  let now = 0;
  let deliver: Fake["deliver"] = () => {};
  let stop = () => {};
  const terminal: Terminal = {
    interactive,
    ask(prompt, secret = false) {
      if (prompt !== "") prompts.push(secret ? `${prompt}*` : prompt);
      return Promise.resolve(input.shift() ?? null);
    },
    takeRead: (most) => (interactive ? [] : input.splice(0, most)),
    get ahead() {
      return { lines: input.length, isAll: true };
    },
    inputBytes: null,
    print: (line) => void out.push(line),
    show: () => {},
    notice: (line) => void err.push(line),
    close: () => {},
  };
  const machine: Machine = {
    clock: {
      now: () => now,
      time: () => Date.UTC(2026, 10, 22) + now,
      after(ms, run) {
        const jump = setImmediate(() => {
          now += ms;
          run();
        });
        return () => clearImmediate(jump);
      },
      soon: (run) => queueMicrotask(run),
    },
    random: () => 0,
    randomBytes: (count) => new Uint8Array(count),
    knownServers: { keyOf: () => null, pin: () => {} },
    openState: () => {
      throw new Error("text needs no state");
    },
    openSpool: (_id, _path, reportsMax) => new ReportQueue(reportsMax),
    openCommands: () => new RememberedCommands(),
    readPsk: () => new Uint8Array(32),
    openSocket(_host, port, onDatagram, onRefused = () => {}) {
      deliver = (text, from) => onDatagram(Buffer.from(text), from);
      const send: Socket["send"] = ([datagram]) => {
        const { payload, to: current } = datagram as Outgoing;
        // The address of the server may be another one later.
        const to = { ip: current.ip, port: current.port };
        const text = String(payload);
        sent.push({ text, to });
        const reply = answer(text, to);
        if (reply === portClosed) queueMicrotask(onRefused);
        else if (reply !== null) deliver(reply, to);
      };
      return Promise.resolve({ port: port === 0 ? 40_000 : port, send, close: () => {} });
    },
    addressOf: lookUp,
    ownIpTowards: () => Promise.resolve("192.0.2.2"),
    macOf: () => "02:00:00:00:00:01",
    readPasswordFile: () => Promise.resolve("from file"),
    keptPassword: () => null,
    keepPassword: () => {},
    runShellCommand(line, env) {
      commands.push({ line, env });
      return Promise.resolve({ ok: true, output: shell(line) });
    },
    openTerminal: () => terminal,
    personTypes: interactive,
    progress: null,
    print: terminal.print,
    notice: terminal.notice,
    fail: ({ message, nextStep }) => void err.push(`${message} ${nextStep}`),
    onStop: (run) => {
      stop = run;
    },
    onKill: (run) => {
      stop = run;
    },
  };
  return {
    machine,
    out,
    err,
    prompts,
    sent,
    commands,
    deliver: (text, from) => deliver(text, from),
    stop: () => stop(),
  };
}

/** Answers every request with an ACK of these codes, one after the other; the last one repeats. */
export function ackWith(...codes: string[]): Answer {
  let next = 0;
  return (text) => {
    if (text.startsWith("ACK")) return null;
    const code = codes[Math.min(next++, codes.length - 1)] as string;
    return `ACK\t${code}\tasmith\t2026-11-22:09:14:06\t${Bun.SHA256.hash(text, "hex")}`;
  };
}

/** The server's DATA that answers a QUERY. */
export function dataFor(code: string, message: string): string {
  return `DATA\t${code}\tasmith\t2026-11-22:09:16:00\t${Buffer.byteLength(message)}\t${message}`;
}
