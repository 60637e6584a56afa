// Creates elements. Strings become text nodes: nothing here parses HTML, so what a device sent cannot be run.

export type Child = Node | string | number | null | undefined | false;

type Value = string | number | boolean | null | undefined;

/** Attributes by name; a function is added as a listener of the event of that name. */
export type Attributes = Readonly<Record<string, Value | ((event: never) => void)>>;

const svgNamespace = "http://www.w3.org/2000/svg";

/** Creates an HTML element with attributes and children. */
export function element<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[K] {
  const made = document.createElement(tag);
  dress(made, attributes, children);
  return made;
}

/** Creates an SVG element. */
export function svgElement<K extends keyof SVGElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: readonly Child[]
): SVGElementTagNameMap[K] {
  const made = document.createElementNS(svgNamespace, tag);
  dress(made, attributes, children);
  return made;
}

/** Sets the text if it differs, so that an unchanged text causes no layout. */
export function setText(node: Node, text: string): void {
  if (node.textContent !== text) node.textContent = text;
}

/** Sets an attribute if it differs; null removes it. */
export function setAttribute(of: Element, name: string, value: string | null): void {
  if (of.getAttribute(name) === value) return;
  if (value === null) of.removeAttribute(name);
  else of.setAttribute(name, value);
}

/** A button that does not submit a form. */
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
