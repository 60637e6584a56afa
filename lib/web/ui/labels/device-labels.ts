// What is shown of a device's labels: its name, its area, and the others as chips. Pure functions; changes no label.

/** The labels of a device: values by keys. */
export type Labels = Readonly<Record<string, string>>;

/** A label with its key. */
export type Label = { readonly key: string; readonly value: string };

type Named = { readonly id: string; readonly labels: Labels };

/** What a device is called; its id if it has no name. */
export function nameOf({ id, labels }: Named): string {
  return labels["name"] || id;
}

/** Where it stands; empty if nobody has said. */
export function areaOf({ labels }: Pick<Named, "labels">): string {
  return labels["area"] ?? "";
}

/** The labels that are chips in the list: those that are not shown elsewhere, and not meant for programs. */
export function chipsOf(labels: Labels): Label[] {
  return labelsOf(labels).filter(({ key }) => key !== "area" && !/^(?:unit|ha)\./.test(key));
}

/** All labels but the name, in the order of their keys, the area first. */
export function labelsOf(labels: Labels): Label[] {
  return Object.entries(labels)
    .filter(([key]) => key !== "name")
    .map(([key, value]) => ({ key, value }))
    .sort(
      (a, b) => Number(b.key === "area") - Number(a.key === "area") || (a.key < b.key ? -1 : 1),
    );
}

/**
 * The first chips, as many as have room in a line; at least one.
 * @param charsMax the room, in characters
 */
export function fitting(chips: readonly Label[], charsMax: number): readonly Label[] {
  let chars = 0;
  const end = chips.findIndex(({ key, value }) => {
    // The edges of a chip, and the gap to the next, are as wide as some characters.
    chars += key.length + value.length + 4;
    return chars > charsMax;
  });
  return end < 0 ? chips : chips.slice(0, Math.max(1, end));
}

/** A label as it is written: `area=Kitchen`. */
export function labelText({ key, value }: Label): string {
  return `${key}=${value}`;
}

/** The label in a text such as `area=Kitchen`; null if it is none. What a key and a value may be, the server says. */
export function labelIn(text: string): Label | null {
  const equals = text.indexOf("=");
  if (equals < 1) return null;
  return { key: text.slice(0, equals).trim(), value: text.slice(equals + 1).trim() };
}

/** The labels in a text such as `area=Kitchen, floor=2`; the part of it that is none, in words, if there is one. */
export function labelsIn(text: string): { readonly labels: Labels; readonly trouble: string } {
  const labels: Record<string, string> = {};
  for (const part of text.split(",").map((one) => one.trim())) {
    const label = labelIn(part);
    if (label !== null) labels[label.key] = label.value;
    else if (part !== "") {
      return { labels, trouble: `“${part}” is no label: write key=value, as in area=Kitchen.` };
    }
  }
  return { labels, trouble: "" };
}

/** How many of some devices have each label, most first; then in the order of the labels. */
export function labelCounts(devices: Iterable<Pick<Named, "labels">>): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { labels } of devices) {
    for (const label of labelsOf(labels)) {
      const text = labelText(label);
      counts.set(text, (counts.get(text) ?? 0) + 1);
    }
  }
  return new Map([...counts].sort(([a, n], [b, m]) => m - n || (a < b ? -1 : 1)));
}
