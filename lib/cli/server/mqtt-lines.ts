// The output of `iot-server mqtt`: how the bridge is, and each step of a trial. Asks nobody.

import { exitCode, type ExitCode } from "../../operating-error.ts";
import { type BridgeState, bridgeWords } from "../../server/bridge-state.ts";
import { roughDuration } from "../../server/duration-text.ts";
import type { WriteLine } from "./commands.ts";
import { printable } from "./printable.ts";

/** Prints how the bridge is. @param state null if the server runs without one @returns refused unless it is connected */
export function printBridge(
  { json }: { readonly json: boolean },
  state: BridgeState | null,
  write: WriteLine,
): ExitCode {
  if (json) write(JSON.stringify(state));
  else if (state === null) write("The server runs without --mqtt.");
  else {
    const since = roughDuration(state.seconds * 1000);
    write(`MQTT: ${printable(bridgeWords(state))}, for ${since}.`);
    write(`  published  ${state.published}`);
    write(`  dropped    ${state.dropped}`);
  }
  const isWell = state?.state === "connected" || state?.state === "standby";
  return isWell ? exitCode.done : exitCode.refused;
}

/** Prints what came of a step. */
export function printStep(
  step: { readonly name: string; readonly isDone: boolean; readonly words: string },
  json: boolean,
  write: WriteLine,
): void {
  const { name, isDone, words } = step;
  if (json) write(JSON.stringify(step));
  else write(`${isDone ? "ok    " : "failed"}  ${name.padEnd(10)} ${printable(words)}`);
}
