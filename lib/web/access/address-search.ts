// Finds devices by a part of their MAC or IP, which the roster does not have: reads the registrations in short steps, and only if
// the text can be such a part. Keeps nothing.

import { comparableMac } from "../../protocol/fields.ts";
import type { DeviceReads } from "../../server/store-reads.ts";
import { Slice } from "../../fleet/slice.ts";

/** How many registrations one step reads: about 2 ms. */
const devicesPerStep = 500;
/** A part of a MAC or an IP: shorter ones would be in nearly all of them. */
const addressPart = /^[0-9a-f.:-]{2,64}$/;

/**
 * The ids of the devices whose MAC, in any notation, or IP contains a text; none if it cannot be a part of one.
 * @param text in lower case
 * @param ids those that are looked at
 */
export async function foundByAddress(
  devices: Pick<DeviceReads, "factsOf">,
  ids: Iterable<string>,
  text: string,
): Promise<ReadonlySet<string>> {
  const found = new Set<string>();
  if (!addressPart.test(text)) return found;
  const mac = comparableMac(text);
  const slice = new Slice();
  let step: string[] = [];
  const look = async () => {
    for (const row of await devices.factsOf(step)) {
      if (row !== null && (row.ip.includes(text) || comparableMac(row.mac).includes(mac))) {
        found.add(row.id);
      }
    }
    step = [];
    await slice.breathe();
  };
  for (const id of ids) if (step.push(id) >= devicesPerStep) await look();
  if (step.length > 0) await look();
  return found;
}
