// A process that opens a channel, stops it at a given moment, and does nothing more: it ends if nothing is left open.
// usage: bun stopped-channel.ts MOMENT LISTENING-PORT PORT DATABASE

import { Hosts } from "../../../../lib/store/postgres/connection/hosts.ts";
import { Readers } from "../../../../lib/store/postgres/connection/readers.ts";
import { NodeChannel } from "../../../../lib/store/postgres/nodes/channel.ts";
import { channelPace } from "../../../../lib/store/postgres/nodes/channel-pace.ts";
import { until } from "../../../e2e/polling.ts";
import { superuser } from "../../../postgres-server.ts";
import { withPort } from "../postgres-fixtures.ts";

const [moment = "", listeningPort, port, database = ""] = process.argv.slice(2);
const address = {
  hosts: new Hosts([{ hostname: "127.0.0.1", port: Number(port) }]),
  username: superuser,
  database,
  password: null,
  tls: "disable",
  rootCert: null,
  prepare: true,
} as const;
const readers = new Readers(address, "child reads");
let troubles = 0;
let told = 0;
// Longer than the test waits: a timer that is left is noticed.
const endlessMs = 600_000;
const channel = new NodeChannel(
  {
    address: withPort(address, Number(listeningPort)),
    readers: {
      read: async (text, values) => {
        const rows = await readers.read<never>(text, values);
        if (JSON.stringify(values).includes("changed")) told++;
        return rows;
      },
    },
    own: "child",
    name: "child",
    rowsOf: () => Promise.resolve([]),
    onTrouble: () => void troubles++,
  },
  {
    ...channelPace,
    openMs: endlessMs,
    pauseMs: endlessMs,
    probeMs: endlessMs,
    tellMs: endlessMs,
    readMs: endlessMs,
  },
);
channel.start({
  sessionIds: () => ["device-1"],
  onChanged: () => {},
  onRelayed: () => {},
  onAsked: () => Promise.resolve({ kind: "busy" }),
});
if (moment === "listening" || moment === "asking") {
  await until("the channel", () => channel.isListening);
}
if (moment === "pausing") await until("the loss", () => troubles > 0);
channel.tell(["device-1"]);
if (moment === "asking") {
  void channel.ask("nobody", { id: "device-1", code: "01", target: "*", by: "api" });
  channel.compare(["device-1"]);
  await until("the first change", () => told > 0);
  channel.tell(["device-2"]);
}
await channel.stop();
readers.close();
