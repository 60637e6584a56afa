// A simulated device that carries out commands: the client's real engine, a memory that survives a loss of power, and an oracle that
// sees what it begins and what it says.

import { DeviceCommands } from "../../../lib/client/device-commands.ts";
import { commandNumber } from "../../../lib/protocol/commands.ts";
import { decode } from "../../../lib/protocol/decode.ts";
import type { Address } from "../../../lib/protocol/messages.ts";
import { RememberedCommands } from "../../client/remembered-commands.ts";
import { DeviceNode } from "../device-node.ts";
import type { Stream } from "../random.ts";
import type { Timeline } from "../timeline.ts";
import type { Transport } from "../transport.ts";
import { hold } from "../violation.ts";

type Ports = {
  readonly timeline: Timeline;
  readonly random: Stream;
  readonly transport: Transport;
  readonly server: Address;
  send(bytes: Uint8Array, to: Address): void;
  /** How long a command takes at most, ms. */
  readonly runMsMax: number;
  readonly heartbeatSeconds: number;
};

export class CommandedDevice {
  readonly node: DeviceNode;
  /** How often each number was begun. */
  readonly runs = new Map<number, number>();
  /** The numbers that it has acknowledged, and those of which it has sent a result. */
  readonly acknowledged = new Set<number>();
  readonly answered = new Set<number>();
  #memory = new RememberedCommands();
  #commands: DeviceCommands | null = null;
  #life = 0;

  constructor(
    readonly id: string,
    readonly ip: string,
    private readonly ports: Ports,
  ) {
    const { heartbeatSeconds } = ports;
    this.node = new DeviceNode(
      { id, password: `password of ${id}`, mac: `mac-${id}`, ip, port: 1994 },
      ip,
      heartbeatSeconds,
      {
        ...ports,
        observer: {
          onText: (text) => this.#note(text),
          onPacket: () => {},
          onEvent: (event) => {
            hold(event.kind !== "refused", () => `${id} was refused: ${JSON.stringify(event)}`);
          },
          onDelivered: () => {},
        },
        onCommand: (number, message) => {
          // Its ACK is on the way.
          this.acknowledged.add(number);
          this.#commands?.receive(number, message, ports.timeline.now);
        },
      },
    );
  }

  start(): void {
    const { timeline, random, runMsMax } = this.ports;
    const life = ++this.#life;
    this.node.start();
    this.#commands = new DeviceCommands({
      memory: this.#memory,
      execute: (number, message, done) => {
        const before = this.runs.get(number) ?? 0;
        hold(before === 0, () => `${this.id} carries out command ${number} again`);
        this.runs.set(number, before + 1);
        timeline.after(random.between(0, runMsMax), () => {
          if (life !== this.#life) return;
          const code = random.chance(0.2) ? "15" : "01";
          done({ code, message: `ran ${message}` }, timeline.now);
        });
      },
      tell: (number, { code, message }) => this.node.tell(number, code, message),
      trouble: () => {},
    });
    this.#commands.start(timeline.now);
  }

  cutPower(): void {
    this.#life++;
    this.#commands = null;
    this.node.cutPower();
  }

  #note(text: string): void {
    const decoded = decode(Buffer.from(text));
    if (!decoded.ok) return;
    const { message } = decoded;
    if (message.type !== "DATA") return;
    const number = commandNumber(message.time);
    if (number !== null) this.answered.add(number);
  }
}
