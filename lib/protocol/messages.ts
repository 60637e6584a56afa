// The messages of the protocol as a discriminated union, and the one table of verbs: all that differs between them. The
// decoder, the encoder and the traffic counts follow this table. Never reads a datagram.

import { ack, type AckCode } from "./codes.ts";

/** An IP literal and a UDP port: of a host, of a packet's source, in an addressed message where its answer is sent. */
export type Address = { readonly ip: string; readonly port: number };

/** A datagram to send. A string is sent as UTF-8. */
export type Outgoing = { readonly payload: string | Uint8Array; readonly to: Address };

/** REGISTER or DEREGISTER; both have the same fields. */
export type Register = {
  readonly type: "REGISTER" | "DEREGISTER";
  readonly id: string;
  readonly password: string;
  readonly mac: string;
  readonly ip: string;
  readonly port: number;
};

export type Login = {
  readonly type: "LOGIN";
  readonly id: string;
  readonly password: string;
  readonly ip: string;
  readonly port: number;
};

export type Logoff = { readonly type: "LOGOFF"; readonly id: string };

/** A heartbeat. */
export type Status = {
  readonly type: "STATUS";
  readonly code: string;
  readonly id: string;
  readonly time: string;
  readonly message: string;
};

/** A report, or the answer to a QUERY; `address` is null in the plain form. */
export type Data = {
  readonly type: "DATA";
  readonly code: string;
  readonly id: string;
  readonly address: Address | null;
  readonly time: string;
  readonly message: string;
};

/** A question; `address` is null in the plain form. */
export type Query = {
  readonly type: "QUERY";
  readonly code: string;
  readonly id: string;
  readonly address: Address | null;
  readonly time: string;
  readonly target: string;
};

/** The answer to all requests but a QUERY that is answered with DATA. `reason` is empty unless the code is 9x. */
export type Ack = {
  readonly type: "ACK";
  readonly code: string;
  readonly id: string;
  readonly time: string;
  readonly hash: string;
  readonly reason: string;
};

/** Any message of the protocol (clause 2). */
export type Message = Register | Login | Logoff | Status | Data | Query | Ack;

/** The first field of a datagram. */
export type Verb = Message["type"];

/** A field, by its name in the specification. */
export type FieldName =
  | "code"
  | "hash"
  | "id"
  | "ip"
  | "length"
  | "mac"
  | "message"
  | "password"
  | "port"
  | "reason"
  | "target"
  | "time";

/** The values from which messages are built, by the names that they have there. */
export type Fields = {
  readonly [name in Exclude<FieldName, "length" | "port">]: string;
} & { readonly port: number; readonly address: Address | null };

/** The message of a verb. */
type Of<V extends Verb> = Message & { readonly type: V };

/** A field of a datagram that goes to or comes from a value of the message. */
type WireField<M> =
  | (keyof M & FieldName)
  | ("message" extends keyof M ? "length" : never)
  | ("address" extends keyof M ? keyof Address : never);

/** All of a verb. The fields are those after the verb, in order. */
export type Form<V extends Verb> = {
  readonly fields: readonly WireField<Of<V>>[];
  /** The second form of DATA and QUERY. */
  readonly addressed?: readonly WireField<Of<V>>[];
  /** A last field that may be omitted. It goes with a 9x code only (clause 2.8). */
  readonly optional?: WireField<Of<V>>;
  /** Whether the id is to become a device's: then it is none of the reserved ones (clause 2.10). */
  readonly namesDevice?: boolean;
  /** Whether its time tells when a device sent or measured something, so that the decoder reads it. */
  readonly isTimed?: boolean;
  /**
   * The codes of an ACK that say that it was carried out; none for what no ACK answers. 01 is one of them: the device is
   * registered as it asked to be.
   */
  readonly done: readonly AckCode[];
  /** Makes the message. Written out for each verb: with a loop over names, decoding took a sixth longer. */
  readonly build: (fields: Pick<Fields, keyof Of<V> & keyof Fields>) => Of<V>;
};

/** The verbs (clause 2.1). */
export const forms: { readonly [V in Verb]: Form<V> } = {
  REGISTER: {
    fields: ["id", "password", "mac", "ip", "port"],
    namesDevice: true,
    done: [ack.registered, ack.alreadyRegistered, ack.registrationUpdated],
    build: ({ id, password, mac, ip, port }) => ({ type: "REGISTER", id, password, mac, ip, port }),
  },
  DEREGISTER: {
    fields: ["id", "password", "mac", "ip", "port"],
    done: [ack.deregistered],
    build: ({ id, password, mac, ip, port }) => ({
      type: "DEREGISTER",
      id,
      password,
      mac,
      ip,
      port,
    }),
  },
  LOGIN: {
    fields: ["id", "password", "ip", "port"],
    namesDevice: true,
    done: [ack.loggedIn],
    build: ({ id, password, ip, port }) => ({ type: "LOGIN", id, password, ip, port }),
  },
  LOGOFF: {
    fields: ["id"],
    done: [ack.loggedOff],
    build: ({ id }) => ({ type: "LOGOFF", id }),
  },
  STATUS: {
    fields: ["code", "id", "time", "length", "message"],
    isTimed: true,
    done: [ack.statusNoted],
    build: ({ code, id, time, message }) => ({ type: "STATUS", code, id, time, message }),
  },
  DATA: {
    fields: ["code", "id", "time", "length", "message"],
    addressed: ["code", "id", "ip", "port", "time", "length", "message"],
    isTimed: true,
    done: [ack.dataStored],
    build: ({ code, id, address, time, message }) => ({
      type: "DATA",
      code,
      id,
      address,
      time,
      message,
    }),
  },
  QUERY: {
    fields: ["code", "id", "time", "target"],
    addressed: ["code", "id", "ip", "port", "time", "target"],
    done: [],
    build: ({ code, id, address, time, target }) => ({
      type: "QUERY",
      code,
      id,
      address,
      time,
      target,
    }),
  },
  ACK: {
    fields: ["code", "id", "time", "hash"],
    optional: "reason",
    done: [],
    build: ({ code, id, time, hash, reason }) => ({ type: "ACK", code, id, time, hash, reason }),
  },
};

/** The form of any verb. */
export type AnyForm = (typeof forms)[Verb];
