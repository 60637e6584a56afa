// A service manager's end of sd_notify: a Unix datagram socket, through the C library. Linux only.

import { ptr } from "bun:ffi";
import { openLibc } from "../../lib/io/libc.ts";
import { until } from "./polling.ts";

const signatures = {
  socket: { args: ["i32", "i32", "i32"], returns: "i32" },
  bind: { args: ["i32", "ptr", "u32"], returns: "i32" },
  recv: { args: ["i32", "ptr", "u64", "i32"], returns: "i64" },
  close: { args: ["i32"], returns: "i32" },
} as const;
const dontWait = 0x40;

/** Bound to a path, or to an abstract name after `@`. */
export class NotifySocket implements Disposable {
  /** All that came, each message with its lines. */
  readonly messages: string[] = [];
  readonly #libc = openLibc(signatures);
  readonly #fd: number;
  readonly #bytes = Buffer.from(new ArrayBuffer(4_096));

  constructor(readonly path: string) {
    const name = Buffer.from(path.startsWith("@") ? `\0${path.slice(1)}` : `${path}\0`);
    const address = Buffer.from(new ArrayBuffer(2 + name.length));
    address[0] = 1;
    address.set(name, 2);
    this.#fd = this.#libc?.symbols.socket(1, 2, 0) ?? -1;
    const bound = this.#libc?.symbols.bind(this.#fd, ptr(address), address.length);
    if (bound !== 0) throw new Error(`${path} cannot be bound`);
  }

  /** Takes what has come. */
  read(): void {
    for (;;) {
      const count = this.#libc?.symbols.recv(this.#fd, this.#bytes, 4_096, dontWait) ?? -1;
      if (count < 0) return;
      this.messages.push(this.#bytes.toString("utf8", 0, Number(count)));
    }
  }

  /** Waits for a message with this line. */
  async says(line: string | RegExp): Promise<void> {
    await until(`${line} of the service`, () => {
      this.read();
      return this.messages.some((message) => message.split("\n").some((it) => fits(it, line)));
    });
  }

  [Symbol.dispose](): void {
    this.#libc?.symbols.close(this.#fd);
  }
}

function fits(text: string, line: string | RegExp): boolean {
  return typeof line === "string" ? text === line : line.test(text);
}
