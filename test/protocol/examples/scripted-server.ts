// A server of whom a test says what it answers: it hears all requests, and by default accepts each. Remembers no device and
// checks no password.

import type { Address } from "../../../lib/protocol/messages.ts";

const accepted: Readonly<Record<string, string>> = {
  REGISTER: "00",
  LOGIN: "70",
  STATUS: "40",
  DATA: "50",
};

export class ScriptedServer implements Disposable {
  /** Every datagram that came, in order, with the time of its arrival, ms. */
  readonly heard: { text: string; at: number; from: Address }[] = [];
  /** How the next requests are answered; undefined is acceptance. */
  script: (request: string, verb: string) => string | null | undefined = () => undefined;

  private constructor(readonly socket: Bun.udp.Socket<"buffer">) {}

  static async open(): Promise<ScriptedServer> {
    let server: ScriptedServer | null = null;
    const socket = await Bun.udpSocket({
      hostname: "127.0.0.1",
      binaryType: "buffer",
      socket: {
        data: (_socket, bytes, port, ip) => server?.receive(bytes.toString(), { ip, port }),
        error() {},
      },
    });
    server = new ScriptedServer(socket);
    return server;
  }

  get port(): number {
    return this.socket.port;
  }

  /** The datagrams that begin so, in order. */
  all(start: string): string[] {
    return this.heard.filter(({ text }) => text.startsWith(start)).map(({ text }) => text);
  }

  /** Answers each verb with these codes in turn, and accepts what comes after. */
  answer(codes: Readonly<Record<string, readonly (string | null)[]>>): void {
    const left = new Map(Object.entries(codes).map(([verb, list]) => [verb, [...list]]));
    this.script = (_request, verb) => left.get(verb)?.shift();
  }

  /** Sends a datagram to the port of the device's LOGIN. */
  send(text: string, port: number): void {
    this.socket.send(text, port, "127.0.0.1");
  }

  [Symbol.dispose](): void {
    this.socket.close();
  }

  private receive(text: string, from: Address): void {
    this.heard.push({ text, at: performance.now(), from });
    const verb = text.split("\t", 1)[0] as string;
    const scripted = this.script(text, verb);
    const code = scripted === undefined ? accepted[verb] : scripted;
    if (code === undefined || code === null) return;
    const id = text.split("\t")[verb === "STATUS" || verb === "DATA" ? 2 : 1] as string;
    const fields = ["ACK", code, id, "2026-11-28:10:00:00", Bun.SHA256.hash(text, "hex")];
    if (code.startsWith("9")) fields.push("because of the script");
    this.socket.send(fields.join("\t"), from.port, from.ip);
  }
}
