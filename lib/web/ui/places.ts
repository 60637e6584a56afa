// The places of the dashboard as hashes: `#/`, `#/devices/ID`, `#/activity`, `#/server`, with parameters behind a `?`.

export type Place = {
  readonly page: "fleet" | "device" | "activity" | "server";
  readonly id: string;
  readonly parameters: URLSearchParams;
};

/** The place a hash names; what is unknown is the fleet. */
export function placeOf(hash: string): Place {
  const [path = "", search = ""] = hash.replace(/^#/, "").split("?", 2);
  const [, first = "", second = ""] = path.split("/");
  const parameters = new URLSearchParams(search);
  if (first === "devices" && second !== "") {
    return { page: "device", id: decoded(second), parameters };
  }
  if (first === "activity" || first === "server") return { page: first, id: "", parameters };
  return { page: "fleet", id: "", parameters };
}

/** The hash of a device. */
export function deviceHash(id: string): string {
  return `#/devices/${encodeURIComponent(id)}`;
}

/** Notes parameters in the address without going anywhere; those that are empty are left out. */
export function noteParameters(path: string, parameters: Readonly<Record<string, string>>): void {
  const kept = new URLSearchParams(Object.entries(parameters).filter(([, value]) => value !== ""));
  const search = kept.toString();
  history.replaceState(null, "", `#${path}${search === "" ? "" : `?${search}`}`);
}

function decoded(word: string): string {
  try {
    return decodeURIComponent(word);
  } catch {
    return word;
  }
}
