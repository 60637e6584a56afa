// A million mutated datagrams: the server does not crash, its memory stays bounded, and it keeps answering.
// IOT_MUTATIONS sets another number, IOT_SEED another seed.

import { expect, setDefaultTimeout, test } from "bun:test";
import {
  addressedData,
  data,
  deregister,
  login,
  logoff,
  newIdentity,
  query,
  register,
  status,
} from "./datagrams.ts";
import { mutated } from "./mutations.ts";
import { testTimeoutMs } from "./polling.ts";
import { RawDevice } from "./raw-device.ts";
import { SeededRandom } from "./seeded-random.ts";
import { startServer } from "./server-process.ts";
import { TemporaryFolder } from "./temporary-folder.ts";

setDefaultTimeout(testTimeoutMs);

const total = Number(process.env["IOT_MUTATIONS"] ?? 1_000_000);
const seed = Number(process.env["IOT_SEED"] ?? 7);
/** Datagrams between two awaited heartbeats; few enough that no socket buffer overflows. */
const atOnce = 400;
const residentMegabytesMax = 250;
/** A password costs a hash, whatever else is wrong; so only one datagram in this number carries one. */
const passwordOneIn = 1_000;

test(`${total} mutated datagrams of seed ${seed}: no crash, bounded memory, answers throughout`, async () => {
  using folder = new TemporaryFolder();
  await using server = await startServer({ folder: folder.path });
  using mutant = await RawDevice.open(server.port);
  using beating = await RawDevice.open(server.port);
  const survivor = newIdentity({ id: "the-one-that-nobody-mutates" });
  const victim = newIdentity({ id: "victim" });
  for (const identity of [survivor, victim]) {
    await beating.code(register(identity));
    await beating.code(login(identity));
  }
  const plain = [
    status(victim, "every=60 fine"),
    data(victim, "21.5\tgrün"),
    addressedData(victim, "21.5"),
    query(victim, "01", survivor.id),
    query(victim, "02", survivor.id),
    query(victim, "03", "*"),
    `QUERY\t01\tvictim\t127.0.0.1\t9\t1\t${survivor.id}`,
    `ACK\t90\tvictim\t1\t${"0".repeat(64)}\tno`,
    logoff(victim),
  ].map((text) => Buffer.from(text));
  const withPassword = [register, deregister, login].map((verb) => Buffer.from(verb(victim)));

  const random = new SeededRandom(seed);
  let megabytes = 0;
  for (let sent = 0; sent < total; sent += atOnce) {
    const datagrams = Array.from({ length: Math.min(atOnce, total - sent) }, () =>
      mutated(random.pick(random.below(passwordOneIn) === 0 ? withPassword : plain), random),
    );
    await mutant.sendAll(datagrams);
    expect(await beating.persist(status(survivor, `beat ${sent}`), 500)).toBe("40");
    mutant.heard.length = 0;
    if (sent % 20_000 === 0) megabytes = Math.max(megabytes, server.residentMegabytes);
  }
  megabytes = Math.max(megabytes, server.residentMegabytes);

  console.log(`at most ${megabytes.toFixed(0)} MB resident`);
  expect(server.isRunning).toBe(true);
  expect(server.stderr).toBe("");
  expect(megabytes).toBeLessThan(residentMegabytesMax);
  expect(await beating.code(data(survivor, "still here"))).toBe("50");
  expect(await server.stop()).toBe(0);
});
