// A process that sends datagrams as fast as it can and listens to nothing, up to a number of them. Arguments: port,
// source address, number, datagram.

import { setImmediate as turn } from "node:timers/promises";

const [port, from, count, ...rest] = process.argv.slice(2) as [string, string, string, ...string[]];
const datagram = rest.join(" ");
const atOnce = 200;

const socket = await Bun.udpSocket({
  hostname: from,
  binaryType: "buffer",
  socket: { data() {}, error() {} },
});
const batch = Array.from({ length: atOnce }, () => [datagram, Number(port), "127.0.0.1"]).flat();
let sent = 0;
process.stdout.write("floods\n");
while (sent < Number(count)) {
  try {
    sent += socket.sendMany(batch);
  } catch {
    // The server closed its port: that is for the test to see.
    sent += atOnce;
  }
  await turn();
}
socket.close();
