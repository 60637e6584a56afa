// Reads the output of a process line by line. Starts none.

/** The lines of a stream, without their ends; a last line without an end is left out. */
export async function* linesOf(stream: ReadableStream<Uint8Array>): AsyncGenerator<string, void> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const bytes of stream) {
    text += decoder.decode(bytes, { stream: true });
    const lines = text.split("\n");
    text = lines.pop() as string;
    yield* lines;
  }
}
