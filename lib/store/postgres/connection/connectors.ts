// The connections that write, one for each lane of the store: the first one holds the locks of this process. What happens to
// several of them at once, because the database is away, is told once. Stores nothing.

import type { StoreLoss } from "../../../server/store-care.ts";
import { type Claim, leaving } from "../nodes/claim.ts";
import { type PostgresAddress, shownAddress } from "./address.ts";
import { Connector } from "./connector.ts";
import { Writer } from "./writer.ts";

/** How long the end of the connections may take, ms. */
const closeMs = 1_000;

export class Connectors {
  /** One for each lane. */
  readonly lanes: readonly Connector[];
  readonly #claim: Claim;
  /** How many are lost and not back yet. */
  #lost = 0;
  #isOver = false;
  /** Whether another process has taken the name of this node. */
  #isTaken = false;
  /** Called when there is a connection again. */
  onBack: () => void = () => {};

  /**
   * @param name the name of this server's sessions, which no other has
   * @param opened a connection for each lane; the first holds the locks
   * @param onTrouble told once of a loss, and of its end
   */
  private constructor(
    private readonly address: PostgresAddress,
    name: string,
    opened: readonly { readonly writer: Writer; readonly claim: Claim }[],
    private readonly onTrouble: (words: string) => void,
  ) {
    this.#claim = (opened[0] as { claim: Claim }).claim;
    const events = {
      onLost: (why: string) => this.#noteLost(why),
      onBack: () => this.#noteBack(),
      onTaken: () => this.surrender(),
    };
    this.lanes = opened.map(({ writer, claim }, lane) => {
      const locks = lane === 0 && address.prepare;
      return new Connector(address, name, { writer, claim, locks }, events);
    });
  }

  /**
   * Opens the connections of all lanes but the first.
   * @param first that of the first lane
   * @param lanes how many there are
   * @throws what the server says, or `Lost`; then only the first one is open
   */
  static async open(
    address: PostgresAddress,
    name: string,
    first: { readonly writer: Writer; readonly claim: Claim },
    lanes: number,
    onTrouble: (words: string) => void,
  ): Promise<Connectors> {
    const opened = [first];
    try {
      while (opened.length < lanes) {
        const writer = await Writer.open(address, name);
        opened.push({ writer, claim: first.claim });
        const [row] = await writer.query("SELECT pg_backend_pid() AS pid");
        const claim = { ...first.claim, pid: row?.["pid"] as number };
        opened.splice(-1, 1, { writer, claim });
      }
      return new Connectors(address, name, opened, onTrouble);
    } catch (error) {
      for (const { writer } of opened.slice(1)) writer.close();
      throw error;
    }
  }

  /** Why a lane has no connection; null if all have one. */
  get loss(): StoreLoss | null {
    const lost = this.lanes.find(({ writer }) => writer === null);
    return lost === undefined ? null : { kind: this.#isTaken ? "taken" : "away", why: lost.why };
  }

  /** Whether there will be no other connection. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** Another process has taken the name of this node: gives up for good. */
  surrender(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#isTaken = true;
    const { node } = this.#claim;
    const why = `another iot-server runs as node ${node} now: stop one of them, or give it another --node`;
    for (const lane of this.lanes) lane.end(why)?.close();
    this.onTrouble(why);
  }

  async close(): Promise<void> {
    this.#isOver = true;
    const writers = this.lanes.map((lane) => lane.end("the store is closed"));
    const last = writers.find((writer) => writer !== null);
    await last?.send(leaving(this.#claim), closeMs).catch(() => {});
    for (const writer of writers) writer?.close();
  }

  #noteLost(why: string): void {
    if (this.#lost++ === 0) this.onTrouble(why);
  }

  #noteBack(): void {
    this.onBack();
    if (--this.#lost === 0) this.onTrouble(`${shownAddress(this.address)} is there again`);
  }
}
