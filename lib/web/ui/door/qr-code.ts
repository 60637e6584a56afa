// A text as a QR code, for the camera of a phone. Dark on white in both themes: not all readers know the reverse. Text of ASCII only.

import { correction, generate } from "lean-qr/nano";
import { svgElement } from "../parts/element.ts";

/** The white edge that readers need, in modules. */
const edge = 4;

/** Draws a text. @param words what it is, for those who do not see it */
export function qrCode(text: string, words: string): SVGSVGElement {
  const code = generate(text, { minCorrectionLevel: correction.M });
  let dark = "";
  for (let y = 0; y < code.size; y++) {
    for (let x = 0; x < code.size; x++) if (code.get(x, y)) dark += `M${x} ${y}h1v1h-1z`;
  }
  const side = code.size + 2 * edge;
  return svgElement(
    "svg",
    {
      class: "qr",
      role: "img",
      "aria-label": words,
      viewBox: `${-edge} ${-edge} ${side} ${side}`,
      "shape-rendering": "crispEdges",
    },
    svgElement("rect", { x: -edge, y: -edge, width: side, height: side, fill: "#fff" }),
    svgElement("path", { d: dark, fill: "#000" }),
  );
}
