// Actions at the door and their results as JSON: labels are Maps there, hashes and keys bytes. Checks nothing: both ends are the
// same program.

/** Writes them. */
export function toDoorJson(value: unknown): string {
  return JSON.stringify(value, function (this: Record<string, unknown>, key: string, plain) {
    // A Buffer would come as what its toJSON makes of it.
    const it = this[key];
    if (it instanceof Map) return { map: [...it] };
    return it instanceof Uint8Array ? { bytes: Buffer.from(it).toString("base64") } : plain;
  });
}

/** Reads what `toDoorJson` has written. */
export function fromDoorJson(text: string): unknown {
  return JSON.parse(text, (_, value: unknown) => {
    if (typeof value !== "object" || value === null) return value;
    if (Object.hasOwn(value, "map"))
      return new Map((value as { map: unknown }).map as [string, string][]);
    if (!Object.hasOwn(value, "bytes")) return value;
    return new Uint8Array(Buffer.from((value as { bytes: string }).bytes, "base64"));
  });
}
