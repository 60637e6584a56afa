// Datagrams of the text protocol, written as another implementation would write them, and devices with facts of their
// own for them. Shares no code with the codec.

/** The facts that a device states about itself. */
export type Identity = {
  readonly id: string;
  readonly password: string;
  readonly mac: string;
  readonly ip: string;
  readonly port: number;
};

let count = 0;

/** A device whose facts differ from those of all others in this process. */
export function newIdentity(facts: Partial<Identity> = {}): Identity {
  const number = ++count;
  const [high, low] = [number >> 8, number & 255];
  const hex = (byte: number) => byte.toString(16).padStart(2, "0");
  return {
    id: `device-${number}`,
    password: `open-sesame-${number}`,
    mac: `aa:bb:cc:dd:${hex(high)}:${hex(low)}`,
    ip: `10.0.${high}.${low}`,
    port: 2000 + number,
    ...facts,
  };
}

export function register({ id, password, mac, ip, port }: Identity): string {
  return ["REGISTER", id, password, mac, ip, port].join("\t");
}

export function deregister({ id, password, mac, ip, port }: Identity): string {
  return ["DEREGISTER", id, password, mac, ip, port].join("\t");
}

export function login({ id, password, ip, port }: Identity): string {
  return ["LOGIN", id, password, ip, port].join("\t");
}

export function logoff({ id }: { readonly id: string }): string {
  return `LOGOFF\t${id}`;
}

/** A heartbeat. */
export function status({ id }: { readonly id: string }, message = "heartbeat"): string {
  return ["STATUS", "01", id, now(), Buffer.byteLength(message), message].join("\t");
}

/** A report, or the plain answer to an addressed QUERY. */
export function data(
  { id }: { readonly id: string },
  message: string,
  { code = "01", time = now() }: { readonly code?: string; readonly time?: string } = {},
): string {
  return ["DATA", code, id, time, Buffer.byteLength(message), message].join("\t");
}

/** The addressed answer to an addressed QUERY. */
export function addressedData(
  { id, ip, port }: Identity,
  message: string,
  { code = "01", time = now() }: { readonly code?: string; readonly time?: string } = {},
): string {
  return ["DATA", code, id, ip, port, time, Buffer.byteLength(message), message].join("\t");
}

export function query(
  { id }: { readonly id: string },
  code: string,
  target: string,
  time = now(),
): string {
  return ["QUERY", code, id, time, target].join("\t");
}

/** The current time in the notation of the protocol. */
export function now(): string {
  return new Date().toISOString().slice(0, 19).replace("T", ":");
}
