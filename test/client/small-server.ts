// A minimal server for the tests of the agent: one device, reports stored exactly once by datagram, and switches for
// failures.

import { encodeAck } from "../../lib/protocol/encode.ts";
import { messageIn } from "./fakes.ts";

/** Answers the datagrams of one client as protocol §4 says, while it is up. */
export class SmallServer {
  /** Reports in the order they were stored, each once. */
  readonly reports: string[] = [];
  /** Types of the received messages, in order. */
  readonly seen: string[] = [];
  registered = false;
  password = "password";
  loggedIn = false;
  up = true;
  /** Codes for the next requests of a type; such a request is refused and not carried out. */
  readonly refuse = new Map<string, string[]>();
  /** The reason of each refusal with 93. */
  busyReason = "";
  #stored = new Set<string>();

  /** @returns the reply, or null where there is none */
  receive(text: string): string | null {
    if (!this.up) return null;
    const message = messageIn(text);
    this.seen.push(message.type);
    const code = this.refuse.get(message.type)?.shift() ?? this.#codeFor(text);
    const hash = Bun.SHA256.hash(text, "hex");
    const reason = code === "93" ? this.busyReason : "";
    return encodeAck(code, "asmith", "2026-11-22:09:14:06", hash, reason);
  }

  #codeFor(text: string): string {
    const message = messageIn(text);
    switch (message.type) {
      case "REGISTER": {
        const code = this.registered ? "01" : "00";
        this.registered = true;
        return code;
      }
      case "LOGIN":
        if (!this.registered || message.password !== this.password) return "31";
        this.loggedIn = true;
        return "70";
      case "LOGOFF": {
        const code = this.loggedIn ? "80" : "31";
        this.loggedIn = false;
        return code;
      }
      case "STATUS":
        return this.loggedIn ? "40" : "41";
      case "DATA":
        if (!this.loggedIn) return "51";
        if (!this.#stored.has(text)) this.reports.push(message.message);
        this.#stored.add(text);
        return "50";
      case "DEREGISTER":
      case "QUERY":
      case "ACK":
        return "91";
    }
  }
}
