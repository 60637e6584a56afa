// No amplification: a source without a session gets few replies that are longer than three times their request, and an
// ACK is never answered.

import { expect, setDefaultTimeout, test } from "bun:test";
import { login, logoff, newIdentity, register, status } from "./datagrams.ts";
import { testTimeoutMs } from "./polling.ts";
import { ackOf, hashOf, RawDevice } from "./raw-device.ts";
import { startServer } from "./server-process.ts";
import { TemporaryFolder } from "./temporary-folder.ts";

setDefaultTimeout(testTimeoutMs);

const burst = 20;
const perSecond = 5;

/** Few enough that the answers fit into the receive buffer of a socket. */
const atOnce = 100;

/** Sends datagrams and returns the answers. A STATUS ends each batch; its answer is short enough to be always sent. */
async function answersTo(device: RawDevice, datagrams: readonly string[]): Promise<string[]> {
  const answers: string[] = [];
  for (let at = 0; at < datagrams.length; at += atOnce) {
    const marker = status(newIdentity());
    await device.sendAll([...datagrams.slice(at, at + atOnce), marker]);
    for (;;) {
      const answer = await device.next();
      if (ackOf(answer)?.hash === hashOf(marker)) break;
      answers.push(answer);
    }
  }
  return answers;
}

test("short garbage gets at most 20 answers at once, then silence, and other sources are not affected", async () => {
  using folder = new TemporaryFolder();
  await using server = await startServer({ folder: folder.path });
  using stranger = await RawDevice.open(server.port, "127.0.0.2");
  using other = await RawDevice.open(server.port, "127.0.0.3");
  const begin = performance.now();
  const garbage = Array.from({ length: 500 }, (_, i) => `x${i}`);
  const answers = [
    ...(await answersTo(stranger, garbage)),
    ...(await answersTo(stranger, garbage)),
  ];
  const refilled = ((performance.now() - begin) / 1000) * perSecond;
  expect(answers.length).toBeGreaterThanOrEqual(burst);
  expect(answers.length).toBeLessThanOrEqual(burst + Math.ceil(refilled));
  expect(await answersTo(other, ["x"])).toHaveLength(1);
});

test("beyond the burst no answer to a stranger is longer than three times its request", async () => {
  using folder = new TemporaryFolder();
  await using server = await startServer({ folder: folder.path });
  using stranger = await RawDevice.open(server.port, "127.0.0.2");
  await answersTo(
    stranger,
    Array.from({ length: 40 }, (_, i) => logoff({ id: `burst-${i}` })),
  );
  const begin = performance.now();
  const requests = Array.from({ length: 600 }, (_, i) => `${i}-`.padEnd(i * 2, "x"));
  requests.push(...Array.from({ length: 100 }, (_, i) => `LOGOFF\t${"x".repeat(i % 60)}${i}`));
  requests.push(...Array.from({ length: 100 }, (_, i) => `STATUS\t${i}\tx\t`));
  const byHash = new Map(requests.map((request) => [hashOf(request), request]));
  const answers = await answersTo(stranger, requests);
  const refilled = Math.ceil(((performance.now() - begin) / 1000) * perSecond);
  const long = answers.filter((answer) => {
    const request = byHash.get(ackOf(answer)?.hash ?? "") as string;
    return Buffer.byteLength(answer) > 3 * Buffer.byteLength(request);
  });
  expect(long.length).toBeLessThanOrEqual(refilled + 1);
  // Requests that are long enough are all answered.
  expect(answers.length).toBeGreaterThanOrEqual(500);
});

test("a source with a session always gets an answer", async () => {
  using folder = new TemporaryFolder();
  await using server = await startServer({ folder: folder.path });
  using device = await RawDevice.open(server.port);
  const identity = newIdentity();
  await device.code(register(identity));
  await device.code(login(identity));
  expect(
    await answersTo(
      device,
      Array.from({ length: 200 }, () => "x"),
    ),
  ).toHaveLength(200);
});

test("an ACK is never answered, whatever its code is", async () => {
  using folder = new TemporaryFolder();
  await using server = await startServer({ folder: folder.path });
  using device = await RawDevice.open(server.port);
  const identity = newIdentity();
  await device.code(register(identity));
  const answer = await device.ask(login(identity));
  const acks = [answer, answer.replace("ACK\t70", "ACK\t95"), answer.replace("70", "00")];
  expect(await answersTo(device, acks)).toEqual([]);
});
