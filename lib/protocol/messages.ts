// The messages of the protocol as a discriminated union, and the one table of the fields of each verb. The decoder, the
// encoder and the forms of clause 2 follow this table.

/** The address to which the answer to an addressed message is sent. */
export type Address = { readonly ip: string; readonly port: number };

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

/** The fields after the verb, in order. `addressed` is the second form of DATA and QUERY; `optional` may be omitted. */
export type Form = {
  readonly fields: readonly FieldName[];
  readonly addressed?: readonly FieldName[];
  readonly optional?: FieldName;
  /** Whether the id is to become a device's: then it is none of the reserved ones (clause 2.10). */
  readonly namesDevice?: boolean;
};

/** The fields of each verb (clause 2.1). */
export const forms: Readonly<Record<Verb, Form>> = {
  REGISTER: { fields: ["id", "password", "mac", "ip", "port"], namesDevice: true },
  DEREGISTER: { fields: ["id", "password", "mac", "ip", "port"] },
  LOGIN: { fields: ["id", "password", "ip", "port"], namesDevice: true },
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
