// The messages of the protocol as a discriminated union, and the one table that says which fields each verb has.
// Everything that reads or writes the wire is derived from this table.

/** Where an addressed message's answer goes. */
export type Address = { readonly ip: string; readonly port: number };

/** REGISTER and DEREGISTER name a device in full. */
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

/** A question; `address` is null in the plain form, and where the answer goes in the addressed one. */
export type Query = {
  readonly type: "QUERY";
  readonly code: string;
  readonly id: string;
  readonly address: Address | null;
  readonly time: string;
  readonly target: string;
};

/** The answer to all but QUERY. `hash` ties it to its request; `reason` is empty except on 9x. */
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

/** A field by the name the specification gives it. */
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

/** The fields after the verb, in order. `addressed` is the second form of DATA and QUERY; `optional` may be left out. */
export type Form = {
  readonly fields: readonly FieldName[];
  readonly addressed?: readonly FieldName[];
  readonly optional?: FieldName;
};

/** Verb → fields (clause 2). */
export const forms: Readonly<Record<Verb, Form>> = {
  REGISTER: { fields: ["id", "password", "mac", "ip", "port"] },
  DEREGISTER: { fields: ["id", "password", "mac", "ip", "port"] },
  LOGIN: { fields: ["id", "password", "ip", "port"] },
  LOGOFF: { fields: ["id"] },
  STATUS: { fields: ["code", "id", "time", "length", "message"] },
  DATA: {
    fields: ["code", "id", "time", "length", "message"],
    addressed: ["code", "id", "ip", "port", "time", "length", "message"],
  },
  QUERY: {
    fields: ["code", "id", "time", "target"],
    addressed: ["code", "id", "ip", "port", "time", "target"],
  },
  ACK: { fields: ["code", "id", "time", "hash"], optional: "reason" },
};
