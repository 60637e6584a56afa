// Makes elements. Text goes in as text nodes and nothing else: there is no way here to make HTML of a string.

export type Child = Node | string | number | null | undefined | false;

type Value = string | number | boolean | null | undefined;

/** Attributes by name; functions are listeners of the event of that name. */
export type Attributes = Readonly<Record<string, Value | ((event: never) => void)>>;

const svgNamespace = "http://www.w3.org/2000/svg";

/** An element with attributes and children. */
export function element<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[K] {
  const made = document.createElement(tag);
  dress(made, attributes, children);
  return made;
}

/** The same for SVG. */
export function svgElement<K extends keyof SVGElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: readonly Child[]
): SVGElementTagNameMap[K] {
  const made = document.createElementNS(svgNamespace, tag);
  dress(made, attributes, children);
  return made;
}

/** Sets text where it differs: what stays the same costs nothing. */
export function setText(node: Node, text: string): void {
  if (node.textContent !== text) node.textContent = text;
}

/** Sets an attribute where it differs; null takes it away. */
export function setAttribute(of: Element, name: string, value: string | null): void {
  if (of.getAttribute(name) === value) return;
  if (value === null) of.removeAttribute(name);
  else of.setAttribute(name, value);
}

/** A button that is no form's. */
export function button(attributes: Attributes, ...children: readonly Child[]): HTMLButtonElement {
  return element("button", { type: "button", ...attributes }, ...children);
}

function dress(made: Element, attributes: Attributes, children: readonly Child[]): void {
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") made.addEventListener(name, value as EventListener);
    else if (value === true) made.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) {
      made.setAttribute(name, String(value));
    }
  }
  for (const child of children) {
    if (child === null || child === undefined || child === false) continue;
    made.append(typeof child === "number" ? String(child) : child);
  }
}
