// What a peer sent, made safe for a terminal: nothing in it can move the cursor or turn the text around.

// oxlint-disable-next-line no-control-regex -- control characters are what this makes visible
const unsafe = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g;

/** The text with control and bidirectional characters as visible escapes. */
export function printable(text: string): string {
  return text.replace(unsafe, (char) => {
    const code = char.charCodeAt(0).toString(16);
    return code.length <= 2 ? `\\x${code.padStart(2, "0")}` : `\\u${code.padStart(4, "0")}`;
  });
}
