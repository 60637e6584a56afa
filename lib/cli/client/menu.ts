// The menu: reads the choices of a person or a script, asks for the fields, and prints one answer for each. Sends
// through its ports; never opens a socket or a file.

import { addressIn, latestReportIn } from "../../client/answers.ts";
import { messageBytesMax } from "../../client/message-room.ts";
import { type Outcome, verdictOf } from "../../client/outcome.ts";
import type { EncodedRequest } from "../../client/outstanding.ts";
import { clientDefaults } from "../../config/client-defaults.ts";
import { answer, query } from "../../protocol/codes.ts";
import type { Address } from "../../protocol/messages.ts";
import { adviceOn } from "./advice.ts";
import { type FieldRule, typedMacRule, utf8Bytes } from "../../protocol/fields.ts";
import { fillForm, type FormField } from "./form.ts";
import { type QuestionPorts, askDevice, askServer, listLoggedIn } from "./questions.ts";
import { outcomeLine, peerLine, place, reportLine, visible } from "./rendering.ts";
import type { Terminal } from "./terminal.ts";

/** What the menu needs from its caller. */
export type MenuPorts = {
  readonly terminal: Terminal;
  readonly server: Address;
  readonly sealed: boolean;
  /** The local port of this client's socket. */
  readonly port: number;
  time(): string;
  /** The longest text message that the connection carries, in bytes. */
  textBytesMax(): number;
  request(message: EncodedRequest["message"], options?: { to?: Address }): Promise<Outcome>;
  ownIpTowards(ip: string): Promise<string>;
  readonly call: QuestionPorts["call"];
  /** A device logged in through this menu. */
  onLogin(id: string): void;
  onLogoff(id: string): void;
};

/** The initial values that empty answers stand for. */
export type Presets = {
  readonly id: string;
  readonly mac: string;
  readonly ip: string;
  readonly port: number;
  readonly password: string | null;
};

const screen = `
(1) Register
(2) De-Register
(3) Login
(4) Logoff
(5) Query Server
(6) Query Client
(7) Exit
(8) Send a Report`;
const selection = "Please Make a Selection: ";

type Field = "mac" | "ip" | "port" | "user" | "password" | "target";

/** The menu of one client. It offers the latest answers as defaults. */
export class Menu {
  #last: Record<Field, string | null>;
  /** The id that sends QUERYs: the one that logged in last, else that of the command line. */
  #self: string;

  constructor(
    readonly ports: MenuPorts,
    presets: Presets,
  ) {
    const { id, mac, ip, port, password } = presets;
    this.#self = id;
    this.#last = { mac, ip, port: String(port), user: id, password, target: null };
  }

  /** Shows the menu and carries out each choice, until Exit or the end of input. */
  async run(): Promise<void> {
    const { terminal } = this.ports;
    for (;;) {
      terminal.show(screen);
      const choice = await terminal.ask(selection);
      if (choice === null || choice.trim() === "7") return;
      if (choice.trim() === "") continue;
      if (!(await this.#choose(choice.trim()))) return;
    }
  }

  /** Carries out one choice; returns false at the end of input. */
  #choose(choice: string): Promise<boolean> {
    switch (choice) {
      case "1":
        return this.#register("REGISTER");
      case "2":
        return this.#register("DEREGISTER");
      case "3":
        return this.#logIn();
      case "4":
        return this.#logOff();
      case "5":
        return this.#queryServer();
      case "6":
        return this.#queryClient();
      case "8":
        return this.#report();
      default:
        this.ports.terminal.notice(`${visible(choice.slice(0, 40))}: please choose 1 to 8.`);
        return Promise.resolve(true);
    }
  }

  async #register(type: "REGISTER" | "DEREGISTER"): Promise<boolean> {
    const answers = await this.#ask(
      ["mac", "ip", "port", "user", "password"],
      // What is registered already is removed under whatever MAC it has.
      type === "REGISTER" ? { mac: typedMacRule } : {},
    );
    if (answers === null) return false;
    if (answers === "wrong") return true;
    const { mac, ip, port, user: id, password } = answers;
    const outcome = await this.#send({ type, id, password, mac, ip, port: Number(port) });
    if (type === "DEREGISTER" && verdictOf(type, outcome) === "done") this.ports.onLogoff(id);
    return true;
  }

  async #logIn(): Promise<boolean> {
    const answers = await this.#ask(["user", "password", "ip", "port"]);
    if (answers === null) return false;
    if (answers === "wrong") return true;
    const { user: id, password, ip, port } = answers;
    const outcome = await this.#send({ type: "LOGIN", id, password, ip, port: Number(port) });
    if (verdictOf("LOGIN", outcome) !== "done") return true;
    this.#self = id;
    this.ports.onLogin(id);
    return true;
  }

  async #logOff(): Promise<boolean> {
    const answers = await this.#ask(["user"]);
    if (answers === null) return false;
    if (answers === "wrong") return true;
    const outcome = await this.#send({ type: "LOGOFF", id: answers.user });
    if (verdictOf("LOGOFF", outcome) === "done") this.ports.onLogoff(answers.user);
    return true;
  }

  /** Sends a report of the device that logged in last. It has its item after Exit, which scripts know as 7. */
  async #report(): Promise<boolean> {
    const { terminal, time, textBytesMax } = this.ports;
    const form = await fillForm(terminal, [{ label: "MESSAGE", rule: "message", preset: null }]);
    if (form.kind === "end") return false;
    if (form.kind === "wrong") return true;
    const [message = ""] = form.answers;
    const code = clientDefaults.code;
    const data = {
      type: "DATA",
      code,
      id: this.#self,
      address: null,
      time: time(),
      message,
    } as const;
    const room = messageBytesMax(data, textBytesMax());
    if (message === "") this.#say("-- not sent: MESSAGE is missing");
    else if (utf8Bytes(message) > room)
      this.#say(`-- not sent: MESSAGE is longer than ${room} bytes`);
    else await this.#send(data);
    return true;
  }

  async #queryServer(): Promise<boolean> {
    const { terminal } = this.ports;
    const form = await fillForm(terminal, [
      { ...this.#field("target"), optional: true },
      {
        label: "QUERY (1 address, 2 latest report, 3 who is logged in)",
        rule: "message",
        preset: "1",
      },
    ]);
    if (form.kind === "end") return false;
    const [target, what] = form.kind === "filled" ? (form.answers as [string, string]) : ["", ""];
    if (form.kind === "wrong") this.#say(`-- not sent: ${form.problem}`);
    else if (what === "3") await this.#list();
    else if (what !== "1" && what !== "2") this.#say("-- not sent: QUERY must be 1, 2 or 3");
    else if (target === "") this.#say("-- not sent: DEST. USER is missing");
    else await this.#askAbout(target, what);
    return true;
  }

  async #askAbout(target: string, what: "1" | "2"): Promise<void> {
    this.#last.target = target;
    const code = what === "1" ? query.address : query.latestReport;
    const outcome = await askServer(this.#asker(), code, target);
    const found = outcome.kind === "answer" && outcome.code === answer.found;
    if (!found) return this.#tell("QUERY", outcome);
    const address = what === "1" ? addressIn(outcome.message) : null;
    const report = what === "2" ? latestReportIn(outcome.message) : null;
    if (address !== null) this.#say(`01 ${target} is at ${place(address)}`);
    else if (report !== null) this.#say(`01 ${target} ${reportLine(report)}`);
    else this.#say(`01 ${target} has not reported yet`);
  }

  async #list(): Promise<void> {
    const ids: string[] = [];
    const outcome = await listLoggedIn(this.#asker(), (page) => ids.push(...page));
    if (outcome.kind === "answer" && outcome.code === answer.found) {
      this.#say(ids.length === 0 ? "01 nobody is logged in" : `01 logged in: ${ids.join(", ")}`);
    } else {
      this.#tell("QUERY", outcome);
    }
  }

  async #queryClient(): Promise<boolean> {
    const form = await fillForm(this.ports.terminal, [
      this.#field("target"),
      { label: "DST IP", rule: "ip", preset: null, optional: true, hint: "ask the server" },
      { label: "DST PORT", rule: "port", preset: null, optional: true, hint: "ask the server" },
    ]);
    if (form.kind === "end") return false;
    if (form.kind === "wrong") {
      this.#say(`-- not sent: ${form.problem}`);
      return true;
    }
    const [target, ip, port] = form.answers as [string, string, string];
    this.#last.target = target;
    const result = await askDevice(
      this.#asker(),
      target,
      ip === "" ? null : ip,
      port === "" ? null : Number(port),
    );
    this.#say(peerLine(target, result));
    return true;
  }

  /**
   * Asks for fields and remembers the answers; returns null at the end of input.
   * @param rules of fields that have others here than elsewhere
   */
  async #ask<F extends Field>(
    fields: readonly F[],
    rules: Partial<Record<F, FieldRule>> = {},
  ): Promise<Record<F, string> | "wrong" | null> {
    const form = await fillForm(
      this.ports.terminal,
      fields.map((field) => {
        const usual = this.#field(field);
        return { ...usual, rule: rules[field] ?? usual.rule };
      }),
    );
    if (form.kind === "end") return null;
    if (form.kind === "wrong") {
      this.#say(`-- not sent: ${form.problem}`);
      return "wrong";
    }
    const answers = Object.fromEntries(fields.map((field, i) => [field, form.answers[i]]));
    Object.assign(this.#last, answers);
    return answers as Record<F, string>;
  }

  #field(field: Field): FormField {
    const preset = this.#last[field];
    switch (field) {
      case "mac":
        return { label: "MAC", rule: "mac", preset };
      case "ip":
        return { label: "IP", rule: "ip", preset };
      case "port":
        return { label: "PORT", rule: "port", preset };
      case "user":
        return { label: "USER", rule: "id", preset };
      case "password":
        return { label: "PASSWORD", rule: "password", preset, secret: true };
      case "target":
        return { label: "DEST. USER", rule: "id", preset };
    }
  }

  async #send(message: EncodedRequest["message"]): Promise<Outcome> {
    const outcome = await this.ports.request(message);
    this.#tell(message.type, outcome);
    return outcome;
  }

  /** Prints the answer and, on a terminal, what to do about it. */
  #tell(verb: EncodedRequest["message"]["type"], outcome: Outcome): void {
    const { server, sealed, terminal } = this.ports;
    this.#say(outcomeLine(verb, outcome, server));
    const advice = adviceOn(verb, outcome, sealed);
    if (advice !== null) terminal.show(advice);
  }

  #asker(): QuestionPorts {
    const { server, port, time, request, ownIpTowards, call } = this.ports;
    return { id: this.#self, server, port, time, request, ownIpTowards, call };
  }

  #say(line: string): void {
    this.ports.terminal.print(line);
  }
}
