// A msgid that comes again with another request: refused with 90, never answered with the first one's code (protocol
// §5.20).

import { expect, setDefaultTimeout, test } from "bun:test";
import type { Outcome } from "../../../lib/client/outcome.ts";
import type { EncodedRequest } from "../../../lib/client/outstanding.ts";
import type { ClientNode } from "./client-node.ts";
import { World } from "./world.ts";
import { testTimeoutMs } from "../../e2e/polling.ts";

setDefaultTimeout(testTimeoutMs);

/** The code of the answer to a request with this msgid. */
async function codeOf(
  client: ClientNode,
  message: EncodedRequest["message"],
  msgid: bigint,
): Promise<string> {
  const { requests } = client.client;
  let ended: Outcome | null = null;
  const request = requests.prepare(message, client.world.serverAddress, msgid);
  requests.submit(request, client.world.now, (outcome) => {
    ended = outcome;
  });
  await client.world.run(() => ended !== null);
  const outcome = ended as unknown as Outcome;
  return outcome.kind === "ack" ? outcome.code : outcome.kind;
}

test.each([false, true])(
  "another request with a used msgid gets 90; restarted: %p",
  async (restarts) => {
    const world = new World();
    const client = world.add({ id: "asmith", address: { ip: "192.0.2.2", port: 1994 } });
    const register = { type: "REGISTER", ...client.identity } as const;
    expect(await codeOf(client, register, 77n)).toBe("00");
    if (restarts) world.restartServer();
    const deregister = { ...register, type: "DEREGISTER" } as const;
    expect(await codeOf(client, deregister, 77n)).toBe("90");
    expect(await codeOf(client, { ...register, password: "another" }, 77n)).toBe("90");
    // The device is still registered, and the same request still gets its own answer.
    expect(await codeOf(client, register, 77n)).toBe("00");
    expect(await codeOf(client, register, 78n)).toBe("01");
    expect(await codeOf(client, deregister, 79n)).toBe("20");
  },
);
