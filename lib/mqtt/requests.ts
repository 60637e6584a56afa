// What others ask of devices and of the server over MQTT: questions, commands, joining. Reads each request, passes it on, and
// publishes what came of it. Whoever may write to these topics of the broker may do that.

import { BoundedMap } from "../bounded-map.ts";
import { isId } from "../protocol/fields.ts";
import type { AskResult } from "../server/asks.ts";
import { LineLimit } from "../server/line-limit.ts";
import type { Incoming } from "./broker.ts";
import type { Publisher } from "./publisher.ts";
import { bridgeTopic, deviceTopic, readDeviceTopic, type TopicPlace } from "./topics.ts";

/** A command as it is told, a JSON object. */
export type ToldCommand = { readonly number: number; readonly device: string } & Readonly<
  Record<string, unknown>
>;

/** What is done for others. What is null is not offered: its topics are not subscribed to. */
export type RequestPorts = {
  readonly ask: ((id: string, code: string, target: string) => Promise<AskResult>) | null;
  /**
   * Queues a command.
   * @param key what whoever wants it calls it, so that it is not queued twice; null for nothing
   * @param ttl as it was given, such as `1h`; null for the usual
   * @returns the command, or the word of an error
   */
  readonly command:
    | ((
        id: string,
        text: string,
        key: string | null,
        ttl: string | null,
      ) => Promise<ToldCommand | { readonly error: string }>)
    | null;
  /** Opens joining for a time, such as `5m`, or closes it. @returns the word of an error, or null */
  readonly join: ((open: string | false) => Promise<string | null>) | null;
};

/** Requests under way; one more is answered with `busy`. */
const openMax = 64;
/** The longest request, in UTF-16 units; longer ones are ignored. */
const requestCharsMax = 8_192;
/** Commands whose result is also told where their requester wants it. */
const awaitedMax = 1_024;

type Reply = Pick<Incoming, "responseTopic" | "correlation">;

export class Requests {
  #open = 0;
  readonly #awaited = new BoundedMap<number, Reply>(awaitedMax);
  readonly #lines: LineLimit;

  constructor(
    private readonly place: TopicPlace,
    private readonly ports: RequestPorts,
    private readonly publisher: Pick<Publisher, "publishOrDrop">,
    private readonly uptimeMs: () => number,
    private readonly note: (words: string) => void,
  ) {
    this.#lines = new LineLimit(1, 5, uptimeMs());
  }

  /** The topics to subscribe to. */
  get filters(): readonly string[] {
    const { base } = this.place;
    const { ask, command, join } = this.ports;
    return [
      ...(ask === null ? [] : [`${base}/+/query`]),
      ...(command === null ? [] : [`${base}/+/command`]),
      ...(join === null ? [] : [bridgeTopic(this.place, "join")]),
    ];
  }

  /** Takes a message. @returns whether it was a request */
  take(message: Incoming): boolean {
    const { topic, payload, retain } = message;
    const isJoin = topic === bridgeTopic(this.place, "join");
    const named = readDeviceTopic(this.place, topic);
    const kind = isJoin ? "join" : named?.name;
    if (kind !== "query" && kind !== "command" && kind !== "join") return false;
    if (payload === "") return true;
    if (retain) {
      // It would be carried out again with each subscription.
      this.#say(
        `MQTT: a retained message on ${topic} was ignored: publish requests without retain`,
      );
    } else if (payload.length > requestCharsMax) {
      this.#say(`MQTT: a request of ${payload.length} characters on ${topic} was ignored`);
    } else if (kind === "join") {
      void this.#join(payload);
    } else if (named !== null && isId(named.id)) {
      const act =
        kind === "query" ? this.#query(named.id, message) : this.#command(named.id, message);
      void act;
    }
    return true;
  }

  /** A command has changed. @param isEnd whether it will not change any more */
  commandChanged(command: ToldCommand, isEnd: boolean): void {
    const reply = this.#awaited.get(command.number);
    if (isEnd) this.#awaited.delete(command.number);
    this.#answer(deviceTopic(this.place, command.device, "command/result"), command, reply);
  }

  async #query(id: string, message: Incoming): Promise<void> {
    const target = message.payload.trim();
    const topic = deviceTopic(this.place, id, "answer");
    const answer = (told: object) => this.#answer(topic, told, message);
    const { ask } = this.ports;
    if (ask === null) return;
    if (!isId(target)) return answer({ error: "bad-target" });
    const code = /^\d\d$/.test(target) ? target : "01";
    const done = await this.#carryOut(async () => {
      const result = await ask(id, code, code === target ? id : target);
      if (result.kind !== "answer") return answer({ error: result.kind });
      answer({ code: result.code, message: result.message });
    });
    if (done !== "done") answer({ error: done });
  }

  async #command(id: string, message: Incoming): Promise<void> {
    const topic = deviceTopic(this.place, id, "command/result");
    const answer = (told: object) => this.#answer(topic, told, message);
    const { command } = this.ports;
    if (command === null) return;
    // Something else than was meant must not be carried out.
    const wanted = message.isText ? commandIn(message.payload) : null;
    if (wanted === null) return answer({ error: "bad-message" });
    const done = await this.#carryOut(async () => {
      const told = await command(id, wanted.text, wanted.key, wanted.ttl);
      const { responseTopic, correlation } = message;
      if ("number" in told && responseTopic !== null) {
        this.#awaited.renew(told.number, { responseTopic, correlation });
      }
      answer(told);
    });
    if (done !== "done") answer({ error: done });
  }

  async #join(payload: string): Promise<void> {
    const { join } = this.ports;
    if (join === null) return;
    const refuse = (why: string) => this.#say(`MQTT: a request to join was refused: ${why}`);
    const wanted = joinIn(payload);
    if (typeof wanted === "object") return refuse(wanted.fault);
    const done = await this.#carryOut(async () => {
      const fault = await join(wanted);
      if (fault !== null) refuse(fault);
    });
    if (done === "busy") refuse("too many requests are under way");
  }

  /** @returns `busy` if there is no room for it */
  async #carryOut(act: () => Promise<void>): Promise<"done" | "busy" | "failed"> {
    if (this.#open >= openMax) return "busy";
    this.#open++;
    try {
      await act();
      return "done";
    } catch (error) {
      this.#say(`MQTT: a request failed: ${(error as Error).message}`);
      return "failed";
    } finally {
      this.#open--;
    }
  }

  #answer(topic: string, told: object, reply: Reply | undefined): void {
    const payload = JSON.stringify(told);
    const common = { payload, qos: 1, retain: false } as const;
    this.publisher.publishOrDrop({ ...common, topic });
    const { responseTopic, correlation } = reply ?? {};
    if (!responseTopic || /[#+\0]/.test(responseTopic)) return;
    this.publisher.publishOrDrop({
      ...common,
      topic: responseTopic,
      correlation: correlation ?? null,
    });
  }

  #say(words: string): void {
    const left = this.#lines.take(this.uptimeMs());
    if (left !== null)
      this.note(left === 0 ? words : `${words} (${left} such lines were left out)`);
  }
}

/** The command in a payload: a text, or `{"message","ttl","request"}`. */
function commandIn(
  payload: string,
): { text: string; key: string | null; ttl: string | null } | null {
  const fields = fieldsOf(payload);
  if (fields === null || !("message" in fields)) return { text: payload, key: null, ttl: null };
  const { message, request = null, ttl = null } = fields;
  if (typeof message !== "string") return null;
  if (request !== null && typeof request !== "string") return null;
  if (ttl !== null && typeof ttl !== "string") return null;
  return { text: message, key: request, ttl };
}

/** The time for which joining is to be opened, false to close it, or what is wrong. */
function joinIn(payload: string): string | false | { fault: string } {
  const form = 'write {"open":"5m"} or {"open":false}';
  const fields = fieldsOf(payload);
  if (fields === null) return { fault: `it is no JSON object: ${form}` };
  if (!Object.hasOwn(fields, "open")) return { fault: `"open" is missing: ${form}` };
  const { open } = fields;
  if (typeof open === "string" || open === false) return open;
  return { fault: `"open" is neither a time nor false: ${form}` };
}

function fieldsOf(payload: string): Readonly<Record<string, unknown>> | null {
  if (!payload.startsWith("{")) return null;
  try {
    return JSON.parse(payload) as Record<string, unknown>;
  } catch {
    return null;
  }
}
