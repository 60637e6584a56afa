// The broker over the network: the only file that knows the library, which is loaded only when it is used. Each link is a client
// of its own, so the library never queues, never resends and never connects by itself.

import type { IClientOptions, IConnackPacket, IPublishPacket, MqttClient } from "mqtt";
import { publishPacket } from "./publish-packet.ts";
import type { Broker, BrokerLink, Incoming, LinkEnd, LinkEvents, Publication } from "./broker.ts";

/** Where the broker is, and how this server shows itself. */
export type BrokerSettings = {
  readonly scheme: "mqtt" | "mqtts" | "ws" | "wss";
  readonly host: string;
  readonly port: number;
  /** The path of a WebSocket. */
  readonly wsPath: string;
  readonly username: string | null;
  readonly password: string | null;
  /** Certificates of its authority in PEM; null for those of the system. */
  readonly ca: string | null;
  /** Whether its certificate is not checked. */
  readonly isInsecure: boolean;
  /** The version of MQTT; null: 5, or 4 with a broker that does not have it. */
  readonly version: 5 | 4 | null;
  readonly clientId: string;
  /** What the broker publishes when this server vanishes. */
  readonly will: { readonly topic: string; readonly payload: string } | null;
};

const keepaliveSeconds = 30;
const connectTimeoutMs = 10_000;
/** How long leave-taking may take, ms. */
const closeMs = 1_000;
/** The largest packet that is taken, in bytes: a broker of MQTT 5 leaves larger ones out. All that the server keeps there is smaller. */
const packetBytesMax = 4 * 1_048_576;
/** After so many messages that have arrived together, whatever else the server does has its turn. */
const takenAtOnce = 64;
/** Unacknowledged publications that a broker takes unless it names another number (MQTT 5, 3.2.2.3.3). */
const unackedDefault = 65_535;

/** Reason codes of a CONNACK: the version is not known; this client is not let in. Of MQTT 3.1.1 and of 5. */
const versionCodes: readonly number[] = [1, 0x84];
const refusalCodes: readonly number[] = [2, 4, 5, 0x85, 0x86, 0x87, 0x8a, 0x8c];

/** Loads the library. @returns the broker, to which nothing is connected yet */
export async function mqttBroker(settings: BrokerSettings): Promise<Broker> {
  const { connect } = (await import("mqtt")).default;
  const { scheme, host, port } = settings;
  return {
    name: `${scheme}://${host.includes(":") ? `[${host}]` : host}:${port}`,
    open(wanted, events) {
      const version = settings.version ?? wanted;
      return new MqttLink(connect(optionsOf(settings, version)), version, events);
    },
  };
}

function optionsOf(settings: BrokerSettings, version: 5 | 4): IClientOptions {
  const { scheme, host, port, wsPath, username, password, ca, isInsecure, clientId, will } =
    settings;
  const isWebSocket = scheme === "ws" || scheme === "wss";
  // Not as a URL: then the library warns of it on standard error.
  return {
    protocol: scheme,
    host,
    port,
    ...(isWebSocket ? { path: wsPath } : {}),
    ...(username === null ? {} : { username }),
    ...(password === null ? {} : { password }),
    ...(ca === null ? {} : { ca }),
    rejectUnauthorized: !isInsecure,
    clientId,
    protocolVersion: version,
    ...(version === 5 ? { properties: { maximumPacketSize: packetBytesMax } } : {}),
    clean: true,
    keepalive: keepaliveSeconds,
    connectTimeout: connectTimeoutMs,
    reconnectPeriod: 0,
    resubscribe: false,
    queueQoSZero: false,
    ...(will === null ? {} : { will: { ...will, qos: 1, retain: true } }),
  };
}

class MqttLink implements BrokerLink {
  #failure: LinkEnd | null = null;
  #isOpen = false;
  #isOver = false;
  #taken = 0;
  /** Publications with QoS 0 that leave together at the end of this turn of the event loop. */
  #packets: Buffer[] = [];
  #onWritten: ((ok: boolean) => void)[] = [];

  constructor(
    private readonly client: MqttClient,
    private readonly version: 5 | 4,
    private readonly events: LinkEvents,
  ) {
    client.on("connect", (packet) => this.#opened(packet));
    client.handleMessage = (_packet, next) => {
      if (++this.#taken % takenAtOnce === 0) setImmediate(next);
      else next();
    };
    client.on("message", (topic, payload, packet) => {
      if (!this.#isOver) events.onMessage(incomingOf(topic, payload, packet));
    });
    // A failure of TLS comes twice, and an error may come after the end: without a listener it would end the process.
    client.on("error", (error) => (this.#failure ??= endOf(error)));
    client.on("disconnect", ({ reasonCode }) => {
      const why = `The broker has closed the connection, with reason ${reasonCode}`;
      this.#failure ??= { kind: "down", why: reasonCode === 0x8e ? takenOver : why };
    });
    client.on("close", () => this.#end());
  }

  publish(
    { topic, payload, qos, retain, correlation }: Publication,
    onDone: (ok: boolean) => void,
  ) {
    if (this.#isOver) return;
    if (qos === 0 && !correlation) return this.#gather(topic, payload, retain, onDone);
    const properties = correlation ? { correlationData: Buffer.from(correlation) } : null;
    const options = { qos, retain, ...(properties === null ? {} : { properties }) };
    this.client.publish(topic, payload, options, (error) => {
      if (!this.#isOver) onDone(!error);
    });
  }

  subscribe(filters: readonly string[], qos: 0 | 1): void {
    // A broker that refuses that closes the connection or sends nothing: both are seen.
    if (!this.#isOver) this.client.subscribe([...filters], { qos }, () => {});
  }

  unsubscribe(filters: readonly string[]): void {
    if (!this.#isOver) this.client.unsubscribe([...filters], () => {});
  }

  async close(): Promise<void> {
    if (this.#isOver) return;
    this.#isOver = true;
    const { promise, resolve } = Promise.withResolvers<void>();
    // A broker that does not answer is left without a word.
    const timer = setTimeout(() => {
      this.client.stream.destroy();
      resolve();
    }, closeMs);
    this.client.end(!this.#isOpen, {}, () => resolve());
    await promise;
    clearTimeout(timer);
  }

  #gather(topic: string, payload: string, retain: boolean, onDone: (ok: boolean) => void): void {
    this.#packets.push(publishPacket(topic, payload, retain, this.version));
    this.#onWritten.push(onDone);
    if (this.#packets.length === 1) setImmediate(() => this.#flush());
  }

  /** Between two packets of the library, which writes each as a whole. */
  #flush(): void {
    const [packets, written] = [this.#packets, this.#onWritten];
    this.#packets = [];
    this.#onWritten = [];
    if (this.#isOver) return;
    this.client.stream.write(Buffer.concat(packets), (error) => {
      if (this.#isOver) return;
      for (const onDone of written) onDone(!error);
    });
  }

  #opened(packet: IConnackPacket): void {
    if (this.#isOver) return;
    this.#isOpen = true;
    this.events.onOpen(packet.properties?.receiveMaximum ?? unackedDefault);
  }

  #end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.client.end(true);
    const why = this.#isOpen ? "The connection was lost" : "The broker does not answer";
    this.events.onEnd(this.#failure ?? { kind: "down", why });
  }
}

const takenOver =
  "Another client of the broker has the same client id: do two servers have the same key?";

function incomingOf(topic: string, payload: Buffer, packet: IPublishPacket): Incoming {
  const { responseTopic = null, correlationData = null } = packet.properties ?? {};
  const { retain } = packet;
  const text = payload.toString();
  return {
    topic,
    payload: text,
    isText: !text.includes("\ufffd") || Buffer.from(text).equals(payload),
    retain,
    responseTopic,
    correlation: correlationData,
  };
}

function endOf(error: Error & { code?: number | string }): LinkEnd {
  const { code } = error;
  if (typeof code === "number" && versionCodes.includes(code)) {
    return { kind: "version", why: "It does not have this version of MQTT" };
  }
  if (typeof code === "number" && refusalCodes.includes(code)) {
    return { kind: "refused", why: error.message };
  }
  if (/certificate|self.signed|CERT|ALTNAME/i.test(`${code} ${error.message}`)) {
    return { kind: "down", why: `Its certificate is not trusted: ${error.message}` };
  }
  return { kind: "down", why: error.message || `${code}` };
}
