// A process that sends a number of datagrams as fast as it can and reads nothing. Arguments: port, source address,
// number, datagram.

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
    // The server has closed its port; the test checks that.
    sent += atOnce;
  }
  await turn();
}
socket.close();
