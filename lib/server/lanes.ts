// Which lane of the store a step goes to. Each lane stores one batch at a time, and several lanes do at the same time: the
// order of what one device asks for is kept because all of it is in one lane. Pure.

import type { Step } from "./store-port.ts";

/**
 * The lane of a step: that of its device, or the first.
 * @param lanes how many there are
 */
export function laneOf(step: Step, lanes: number): number {
  if (step.kind === "report") return laneOfDevice(step.report.device, lanes);
  const { keys, laneOf: named } = step;
  const device = keys.device ?? keys.answered?.device ?? named;
  return device === undefined ? 0 : laneOfDevice(device, lanes);
}

/** The lane of a device, from its id. */
export function laneOfDevice(id: string, lanes: number): number {
  let hash = 0;
  for (let i = 0; i < id.length; i++) hash = (Math.imul(hash, 31) + id.charCodeAt(i)) | 0;
  // The lowest bits alone would be those of the letters' sum.
  return (Math.imul(hash ^ (hash >>> 15), 0x9e3779b1) >>> 8) % lanes;
}
