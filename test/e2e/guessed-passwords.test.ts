// Password guesses: after ten refusals in a minute from one source for one id the answer is 93, and no other source or
// id is affected. A flood of logins does not stop other devices.

import { expect, setDefaultTimeout, test } from "bun:test";
import { deregister, type Identity, login, newIdentity, register, status } from "./datagrams.ts";
import { testTimeoutMs } from "./polling.ts";
import { RawDevice } from "./raw-device.ts";
import { startServer } from "./server-process.ts";
import { TemporaryFolder } from "./temporary-folder.ts";

setDefaultTimeout(testTimeoutMs);

test("after 10 refusals from one source for one id, the right password is answered 93 too", async () => {
  using folder = new TemporaryFolder();
  await using server = await startServer({ folder: folder.path });
  using guesser = await RawDevice.open(server.port, "127.0.0.2");
  using owner = await RawDevice.open(server.port, "127.0.0.1");
  const [target, other] = [newIdentity(), newIdentity()];
  await owner.code(register(target));
  await owner.code(register(other));

  for (let i = 0; i < 10; i++) expect(await guesser.code(login(guessOf(target, i)))).toBe("31");
  const refused = await guesser.ack(login(guessOf(target, 10)));
  expect(refused).toMatchObject({ code: "93", reason: expect.stringContaining("wait a minute") });
  expect(await guesser.code(login(target))).toBe("93");
  expect(await guesser.code(deregister(guessOf(target, 11)))).toBe("93");

  // Not affected: another id from the same source, and the same id from another source.
  expect(await guesser.code(login(other))).toBe("70");
  expect(await owner.code(login(target))).toBe("70");
  expect(await owner.code(status(target))).toBe("40");
});

test("the limit covers unknown ids, and DEREGISTER and REGISTER too", async () => {
  using folder = new TemporaryFolder();
  await using server = await startServer({ folder: folder.path });
  using guesser = await RawDevice.open(server.port);
  const [unknown, known] = [newIdentity(), newIdentity()];
  await guesser.code(register(known));
  for (let i = 0; i < 10; i++) expect(await guesser.code(login(guessOf(unknown, i)))).toBe("31");
  expect(await guesser.code(login(unknown))).toBe("93");
  for (let i = 0; i < 5; i++) expect(await guesser.code(deregister(guessOf(known, i)))).toBe("31");
  for (let i = 5; i < 10; i++) {
    expect(await guesser.code(register({ ...guessOf(known, i), port: 60_000 }))).toBe("31");
  }
  expect(await guesser.code(login(known))).toBe("93");
});

test("a burst of guesses cannot exceed the limit", async () => {
  using folder = new TemporaryFolder();
  await using server = await startServer({ folder: folder.path });
  using guesser = await RawDevice.open(server.port);
  const target = newIdentity();
  await guesser.code(register(target));
  const guesses = Array.from({ length: 50 }, (_, i) => login(guessOf(target, i)));
  await guesser.sendAll([...guesses, login(target)]);
  const answers: string[] = [];
  while (answers.length < 51) answers.push((await guesser.next()).split("\t")[1] as string);
  expect(answers.filter((code) => code === "31").length).toBe(10);
});

test("a flood of logins from one source does not stop another's heartbeats and logins", async () => {
  using folder = new TemporaryFolder();
  await using server = await startServer({ folder: folder.path });
  using honest = await RawDevice.open(server.port, "127.0.0.1");
  using flooder = await RawDevice.open(server.port, "127.0.0.2");
  const [beating, late] = [newIdentity(), newIdentity()];
  for (const identity of [beating, late]) await honest.code(register(identity));
  await honest.code(login(beating));

  const flood = Array.from({ length: 2_000 }, () => login(newIdentity()));
  await flooder.sendAll(flood);
  for (let i = 0; i < 50; i++)
    expect(await honest.persist(status(beating, `beat ${i}`))).toBe("40");
  expect(await honest.persist(login(late))).toBe("70");
  // At most 128 checks of one source wait; the LOGINs beyond that were answered 93.
  const answers: string[] = [];
  while (!answers.includes("93")) answers.push((await flooder.next()).split("\t")[1] as string);
  expect(server.isRunning).toBe(true);
});

function guessOf(identity: Identity, guess: number): Identity {
  return { ...identity, password: `guess-${guess}` };
}
