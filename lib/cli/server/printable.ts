// Makes text from a peer safe for a terminal: it can neither move the cursor nor change the direction of the text.
// Never shortens it.

const unsafe =
  // oxlint-disable-next-line no-control-regex -- control characters are what this makes visible
  /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/g;

/** Replaces control, bidirectional and invisible characters by visible escapes. */
export function printable(text: string): string {
  return text.replace(unsafe, (char) => {
    const code = char.charCodeAt(0).toString(16);
    return code.length <= 2 ? `\\x${code.padStart(2, "0")}` : `\\u${code.padStart(4, "0")}`;
  });
}
