// How the bridge to an MQTT broker is, as it is told to operators. Pure; the bridge is in lib/mqtt.

/** How the bridge is. */
export type BridgeState = {
  /** The address of the broker, without a password. */
  readonly broker: string;
  /** `refused`: the broker does not let this server in; `standby`: another server of the store bridges. */
  readonly state: "connected" | "connecting" | "down" | "refused" | "standby";
  /** How long it is connected, or not connected, s. */
  readonly seconds: number;
  readonly published: number;
  /** What was not published, because there was too much of it, or the broker did not take it. */
  readonly dropped: number;
  /** Why it is not connected; null if it is, or nothing has failed yet. */
  readonly error: string | null;
};

/** The state in a few words, as `connected to mqtt://broker:1883`. */
export function bridgeWords({ broker, state, error }: BridgeState): string {
  switch (state) {
    case "connected":
      return `connected to ${broker}`;
    case "connecting":
      return `connecting to ${broker}`;
    case "standby":
      return `another server bridges to ${broker}`;
    case "down":
    case "refused":
      return `not connected to ${broker}${error === null ? "" : `: ${error}`}`;
  }
}
