// The port to a broker: one link at a time, which is never repaired but followed by another one. Types only.

/** What is published. */
export type Publication = {
  readonly topic: string;
  readonly payload: string;
  readonly qos: 0 | 1;
  /** Whether the broker keeps it for those who subscribe later; empty: it keeps nothing any more. */
  readonly retain: boolean;
  /** What the answer to a request repeats (MQTT 5); null for nothing. */
  readonly correlation?: Uint8Array | null;
};

/** What comes from the broker. */
export type Incoming = {
  readonly topic: string;
  readonly payload: string;
  /** Whether the payload came as UTF-8; if not, it has U+FFFD where it did not. */
  readonly isText: boolean;
  /** Whether it was kept by the broker from before the subscription. */
  readonly retain: boolean;
  /** Where an answer is expected besides (MQTT 5); null for nowhere. */
  readonly responseTopic: string | null;
  readonly correlation: Uint8Array | null;
};

/**
 * Why there is no link. `refused`: the broker does not let this server in; `version`: it does not speak that version of MQTT;
 * `down`: anything else.
 */
export type LinkEnd = { readonly kind: "refused" | "version" | "down"; readonly why: string };

/** What becomes of a link. Nothing is called after `onEnd`, and nothing before `open` has returned. */
export type LinkEvents = {
  /** @param unackedMax how many publications with QoS 1 the broker takes before it has acknowledged them */
  onOpen(unackedMax: number): void;
  onMessage(message: Incoming): void;
  onEnd(end: LinkEnd): void;
};

/** A link to the broker. */
export interface BrokerLink {
  /**
   * Publishes; only while the link is open.
   * @param onDone called once, with whether the broker (QoS 0: the system) has it; never after the link's end
   */
  publish(publication: Publication, onDone: (isTaken: boolean) => void): void;
  subscribe(filters: readonly string[], qos: 0 | 1): void;
  unsubscribe(filters: readonly string[]): void;
  /** Takes leave of the broker, so that it does not publish the will. Takes a second at most. */
  close(): Promise<void>;
}

/** A broker. */
export interface Broker {
  /** Its address, as it is shown. */
  readonly name: string;
  /** Begins a link. @param version of MQTT */
  open(version: 5 | 4, events: LinkEvents): BrokerLink;
}
