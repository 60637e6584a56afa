// The icons, as paths in a 24 by 24 box, drawn in the text colour. An icon never carries meaning alone: there is a word or
// a label with it.

import { svgElement } from "./element.ts";

const paths = {
  back: "M19 12H5m6-6-6 6 6 6",
  search: "M11 4a7 7 0 1 1 0 14 7 7 0 0 1 0-14Zm5 12 4 4",
  close: "m6 6 12 12M18 6 6 18",
  lock: "M6 11h12v9H6zM9 11V8a3 3 0 0 1 6 0v3",
  open: "M6 11h12v9H6zM9 11V7.5a3 3 0 0 1 5.8-1",
  light:
    "M12 8a4 4 0 1 1 0 8 4 4 0 0 1 0-8ZM12 2v2m0 16v2M4.9 4.9l1.4 1.4m11.4 11.4 1.4 1.4M2 12h2m16 0h2M4.9 19.1l1.4-1.4M17.7 6.3l1.4-1.4",
  dark: "M20 14.5A8.5 8.5 0 0 1 9.5 4a8.5 8.5 0 1 0 10.5 10.5Z",
  system: "M3 5h18v11H3zM9 20h6m-3-4v4",
  pause: "M9 5v14M15 5v14",
  play: "M8 5v14l11-7Z",
  columns: "M4 5h16v14H4zM9.5 5v14M14.5 5v14",
  download: "M12 4v11m-5-5 5 5 5-5M5 20h14",
  copy: "M9 9h11v11H9zM5 15H4V4h11v1",
  warning: "M12 4 2.5 20h19ZM12 10v4m0 3v.01",
  check: "m5 12.5 4.5 4.5L19 7.5",
  left: "m14 6-6 6 6 6",
  right: "m10 6 6 6-6 6",
  plus: "M12 6v12M6 12h12",
  minus: "M6 12h12",
  pencil: "M4 20l1-4L16 5l3 3L8 19l-4 1ZM14 7l3 3",
  bell: "M12 3.5a6 6 0 0 0-6 6c0 5-2 6-2 7h16c0-1-2-2-2-7a6 6 0 0 0-6-6ZM10 20a2.2 2.2 0 0 0 4 0",
  person: "M12 4a4 4 0 1 1 0 8 4 4 0 0 1 0-8ZM5 20c.500-4 3.5-5.5 7-5.5s6.5 1.5 7 5.5",
  leave: "M14 4H5v16h9m-4-8h11m-4-4 4 4-4 4",
} as const;

export type IconName = keyof typeof paths;

/** An icon; screen readers skip it. */
export function icon(name: IconName): SVGSVGElement {
  return svgElement(
    "svg",
    { class: "icon", viewBox: "0 0 24 24", "aria-hidden": "true", focusable: "false" },
    svgElement("path", { d: paths[name] }),
  );
}

/** The logo. */
export function sign(): SVGSVGElement {
  return svgElement(
    "svg",
    { class: "sign", viewBox: "0 0 32 32", "aria-hidden": "true", focusable: "false" },
    svgElement("rect", { width: 32, height: 32, rx: 8 }),
    svgElement("path", { d: "M10.3 21.7a8 8 0 0 1 0-11.4M21.7 10.3a8 8 0 0 1 0 11.4" }),
    svgElement("circle", { cx: 16, cy: 16, r: 3 }),
  );
}
