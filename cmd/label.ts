// The command that changes labels: connects the store and the running server to the terminal.

import type { DataPlace } from "../lib/config/store-source.ts";
import type { Labelling } from "../lib/config/label-arguments.ts";
import type { WriteLine } from "../lib/cli/server/commands.ts";
import { confirmation } from "../lib/cli/server/confirm.ts";
import { labelDevices } from "../lib/cli/server/label-run.ts";
import { isShown } from "../lib/cli/server/listing.ts";
import { labelOn } from "../lib/io/control-calls.ts";
import { type ExitCode, OperatingError } from "../lib/operating-error.ts";
import { labelling } from "../lib/server/devices.ts";
import type { LabelChange } from "../lib/server/labels.ts";
import { labelledOf } from "../lib/server/operator.ts";
import type { Selector } from "../lib/server/selector.ts";
import type { StorePlace } from "../lib/server/store-care.ts";
import { needsServer, openHere } from "./opened-store.ts";
import { placeOf } from "./place.ts";

const say = (words: string) => void process.stderr.write(`${words}\n`);

/** Changes labels: through the running server, or in the database if no server runs. */
export async function runLabel(
  {
    ids: named,
    select,
    changes,
    yes,
    json,
    sharedIp,
    ...place
  }: DataPlace &
    Labelling & { readonly yes: boolean; readonly json: boolean; readonly sharedIp: boolean },
  write: WriteLine,
): Promise<ExitCode> {
  const store = placeOf(place);
  const ids = select === null ? named : await selected(store, select);
  const isServed = await needsServer(store);
  // Where nothing is stored there is no device to label: nothing is made for it.
  if (!isServed) await store.isRegistered(ids[0] ?? "");
  const opened = isServed ? null : await openHere(store, "label", sharedIp);
  const label = async (some: readonly string[], all: readonly LabelChange[]) =>
    opened === null
      ? labelOn(
          store.path,
          some.map((id) => ({ id, changes: all })),
        )
      : (await opened.apply(some.map((id) => labelling(id, all)))).map(labelledOf);
  try {
    const port = { label, confirm: confirmation(), write, onRefused: say };
    return await labelDevices(ids, { changes, select, yes, json }, port);
  } finally {
    await opened?.close();
  }
}

/** The ids that a selector means. @throws OperatingError `none-selected` */
export async function selected(store: StorePlace, select: Selector): Promise<string[]> {
  const isServed = await store.isServed();
  const ids: string[] = [];
  for await (const device of store.devices()) {
    if (isShown(device, select, isServed)) ids.push(device.id);
  }
  if (ids.length > 0) return ids;
  throw new OperatingError(
    "none-selected",
    `No device is meant by --select '${select.text}'.`,
    "See iot-server devices --json for the labels that there are.",
  );
}
