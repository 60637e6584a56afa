// How fast the channel between the nodes talks, and how long it waits. Numbers only: the tests bring smaller ones.

/** Times of the channel, ms. */
export type ChannelPace = {
  /** Between two notifications of changed devices: 4 a second. */
  readonly tellMs: number;
  /** Between two queries for the rows of changed devices, also after one that failed. */
  readonly readMs: number;
  /** How long a question to another node may take. */
  readonly askMs: number;
  /** How long the listening connection may take to open. */
  readonly openMs: number;
  /** Between the loss of the listening connection, or an attempt that failed, and the next attempt. */
  readonly pauseMs: number;
  /** Between two probes of the listening connection. */
  readonly probeMs: number;
  /** How long a probe that was sent may take to come back. */
  readonly silentMs: number;
  /** How long the last notifications may take when the channel stops. */
  readonly stopMs: number;
};

export const channelPace: ChannelPace = {
  tellMs: 250,
  readMs: 250,
  askMs: 30_000,
  openMs: 5_000,
  pauseMs: 250,
  probeMs: 3_000,
  silentMs: 3_000,
  stopMs: 1_000,
};
