// A process that runs device.py in MicroPython itself, its port to WebAssembly, which has no sockets: gives it a `socket`
// module on the sockets of this system, with addresses as MicroPython has them. Knows nothing of the protocol.

import { dlopen, ptr } from "bun:ffi";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { loadMicroPython } from "@micropython/micropython-webassembly-pyscript/micropython.mjs";

const [host = "", port = "", id = "", mac = "", ip = "", ownPort = "", every = ""] =
  process.argv.slice(2);

const libc = dlopen("libc.so.6", {
  socket: { args: ["i32", "i32", "i32"], returns: "i32" },
  bind: { args: ["i32", "ptr", "u32"], returns: "i32" },
  setsockopt: { args: ["i32", "i32", "i32", "ptr", "u32"], returns: "i32" },
  sendto: { args: ["i32", "ptr", "u64", "i32", "ptr", "u32"], returns: "i64" },
  recvfrom: { args: ["i32", "ptr", "u64", "i32", "ptr", "ptr"], returns: "i64" },
}).symbols;

const [internet, datagrams, socketLevel, receiveTimeout, addressBytes] = [2, 2, 1, 20, 16];
const room = Buffer.alloc(2048);
const source = Buffer.alloc(addressBytes);

/** The functions behind the `socket` module. Bytes are passed as hex; a failure is null or negative. */
const net = {
  open: () => libc.socket(internet, datagrams, 0),
  /** A `sockaddr_in`, as MicroPython has addresses on Unix. */
  address(name: string, number: number): string {
    const bytes = Buffer.alloc(addressBytes);
    bytes.writeUInt16LE(internet);
    bytes.writeUInt16BE(number, 2);
    bytes.set(name.split(".").map(Number), 4);
    return bytes.toString("hex");
  },
  bind: (socket: number, to: string) =>
    libc.bind(socket, ptr(Buffer.from(to, "hex")), addressBytes),
  settimeout(socket: number, seconds: number): void {
    const time = new BigInt64Array([
      BigInt(Math.floor(seconds)),
      BigInt(Math.ceil((seconds % 1) * 1e6)),
    ]);
    libc.setsockopt(socket, socketLevel, receiveTimeout, ptr(time), time.byteLength);
  },
  sendto(socket: number, hex: string, to: string): number {
    const bytes = Buffer.from(hex, "hex");
    const address = Buffer.from(to, "hex");
    return Number(libc.sendto(socket, ptr(bytes), bytes.length, 0, ptr(address), addressBytes));
  },
  recvfrom(socket: number): string | null {
    const size = new Uint32Array([addressBytes]);
    const count = libc.recvfrom(socket, ptr(room), room.length, 0, ptr(source), ptr(size));
    if (count < 0) return null;
    return `${room.toString("hex", 0, Number(count))} ${source.toString("hex")}`;
  },
};

const socketModule = `
import binascii, net
AF_INET, SOCK_DGRAM = 2, 2

def getaddrinfo(host, port):
    return [(AF_INET, SOCK_DGRAM, 0, "", binascii.unhexlify(net.address(host, port)))]

def hex(raw):
    return binascii.hexlify(raw).decode()

class socket:
    def __init__(self, family, kind):
        self.fd = net.open()
    def bind(self, address):
        if net.bind(self.fd, hex(address)) != 0:
            raise OSError("bind")
    def settimeout(self, seconds):
        net.settimeout(self.fd, seconds)
    def sendto(self, raw, address):
        if net.sendto(self.fd, hex(raw), hex(address)) < 0:
            raise OSError("sendto")
    def recvfrom(self, size):
        got = net.recvfrom(self.fd)
        if got is None:
            raise OSError("timed out")
        raw, source = got.split(" ")
        return binascii.unhexlify(raw)[:size], binascii.unhexlify(source)
`;

const program = `
import host
from device import Device

def carry_out(text):
    if text == "crash":
        host.exit()
    if text == "fail":
        raise ValueError("it is stuck")
    return text[4:] if text.startswith("set relay=") else None

class Kept(Device):
    def note(self, done):
        super().note(done)
        with open(self.file) as f:
            host.keep(f.read())

Kept("${id}", host.password, "${mac}", "${ip}", ${ownPort}, ("${host}", ${port}),
     lambda: "temp=21.5", carry_out, every=${every}).run()
`;

const kept = "commands.json";
const example = join(import.meta.dir, "../../../lib/protocol/examples/device.py");
const python = await loadMicroPython({
  stdout: (line: string) => process.stderr.write(`${line}\n`),
  linebuffer: true,
});
python.FS.writeFile("/socket.py", socketModule);
python.FS.writeFile("/device.py", readFileSync(example));
if (existsSync(kept)) python.FS.writeFile(`/${kept}`, readFileSync(kept));
python.registerJsModule("net", net);
python.registerJsModule("host", {
  password: process.env["IOT_PASSWORD"],
  keep: (text: string) => writeFileSync(kept, text),
  exit: () => process.exit(9),
});
try {
  python.runPython(program);
} catch (error) {
  process.stderr.write(`${String(error)}\n`);
  process.exit(1);
}
