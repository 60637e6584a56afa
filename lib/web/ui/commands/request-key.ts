// The key under which a page sends the same thing again when no answer came, so that the server does it once. Sends nothing.

const bytes = 16;

export class RequestKey {
  #of = "";
  #key = "";

  /** The key of what is sent: the one of before if that is the same, and was not done. */
  for(sent: unknown): string {
    const text = JSON.stringify(sent);
    if (this.#key === "" || this.#of !== text) {
      this.#of = text;
      // Not `randomUUID`, which a page over plain HTTP does not have.
      const random = crypto.getRandomValues(new Uint8Array(bytes));
      this.#key = Array.from(random, (byte) => byte.toString(16).padStart(2, "0")).join("");
    }
    return this.#key;
  }

  /** It is done: the next one is another, also if it looks the same. */
  done(): void {
    this.#key = "";
  }
}
