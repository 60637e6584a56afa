// What a peer sent, made safe for a terminal: nothing in it can move the cursor or turn the text around.

const unsafe =
  // oxlint-disable-next-line no-control-regex -- control characters are what this makes visible
  /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/g;

/** The text with control, bidirectional and invisible characters as visible escapes. */
export function printable(text: string): string {
  return text.replace(unsafe, (char) => {
    const code = char.charCodeAt(0).toString(16);
    return code.length <= 2 ? `\\x${code.padStart(2, "0")}` : `\\u${code.padStart(4, "0")}`;
  });
}
