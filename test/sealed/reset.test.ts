// RESET: believed only by the peer that sent the packet that caused it.

import { expect, setDefaultTimeout, test } from "bun:test";
import { sentTagsKept } from "../../lib/sealed/limits.ts";
import { decodePacket } from "../../lib/sealed/packets.ts";
import type { ResetPacket } from "../../lib/sealed/packets.ts";
import { resetFor, SentTags } from "../../lib/sealed/reset.ts";
import { serverIndex, session, valueOf } from "./fixtures.ts";
import { testTimeoutMs } from "../e2e/polling.ts";

setDefaultTimeout(testTimeoutMs);

function resetOf(data: Uint8Array): ResetPacket {
  return valueOf(decodePacket(resetFor(data))) as ResetPacket;
}

test("names the index and the tag of its cause", () => {
  const packet = valueOf(session().client.seal(new Uint8Array(16), 0));
  expect(resetOf(packet).receiver).toBe(serverIndex);
});

test("is believed for the latest packets only", () => {
  const { client } = session();
  const packets = Array.from({ length: sentTagsKept + 2 }, () =>
    valueOf(client.seal(new Uint8Array(16), 0)),
  );
  const tags = new SentTags();
  expect(tags.caused(resetOf(packets[0]!))).toBe(false);
  for (const packet of packets.slice(0, -1)) tags.note(packet);
  const believed = packets.map((packet) => tags.caused(resetOf(packet)));
  expect(believed).toEqual(packets.map((_, at) => at > 0 && at <= sentTagsKept));
});

test("a tag of zeros matches nothing while no packet was sent", () => {
  const reset: ResetPacket = { type: "reset", receiver: 0, tag: new Uint8Array(16) };
  expect(new SentTags().caused(reset)).toBe(false);
});
