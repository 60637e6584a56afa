// The command that lets a device in, as the command line and the dashboard show it. Text only; makes no token.

/** Where devices reach a server: its host as a client takes it, and the fingerprint of its key if it has one. */
export type Reached = {
  readonly host: string;
  readonly port: number;
  readonly key: string | null;
};

/** The command for a device's machine; NAME is the device's id, for a person to choose. */
export function runCommand({ host, port, key }: Reached): string {
  const pinned = key === null ? "" : ` --server-key ${key}`;
  return `iot-client run --id NAME --server ${host}:${port}${pinned}`;
}

/** The same with a join token. */
export function readyLine(token: string, reached: Reached): string {
  return `IOT_JOIN=${token} ${runCommand(reached)}`;
}
