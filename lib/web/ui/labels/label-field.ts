// The field for the labels that devices get: `area=Kitchen, floor=2`. What a label may be, the server says.

import { element } from "../parts/element.ts";

/** The field. @param trouble the id of the element that says what is wrong with it */
export function labelField(id: string, trouble: string): HTMLInputElement {
  return element("input", {
    id,
    placeholder: "area=Kitchen, floor=2",
    maxlength: 4096,
    autocomplete: "off",
    autocapitalize: "off",
    spellcheck: "false",
    "aria-describedby": trouble,
  });
}
