// Owns the stream of an export: a piece of text at a time, as fast as the client reads them. Never holds the whole export in
// memory, and lets packets be processed between two pieces.

/** The pieces of an export. */
export type TextSource = {
  /** The next piece; it may be empty. */
  next(): Promise<string>;
  readonly done: boolean;
};

/** How long a client may read nothing before it is disconnected, ms. */
const stalledMs = 30_000;

/** Of CSV whose first line has the names of the columns. */
export const csvType = "text/csv; charset=utf-8; header=present";

const encoder = new TextEncoder();

/**
 * Streams the pieces of a text as a file.
 * @param type its media type
 * @param name the name of the file
 * @param onEnd called once, when the export is complete or has failed, or the client has disconnected
 * @param cutAfterMs how long the client may read nothing before it is disconnected
 */
export function textStream(
  source: TextSource,
  type: string,
  name: string,
  onEnd: () => void,
  cutAfterMs = stalledMs,
): Response {
  let ended = false;
  let watch: ReturnType<typeof setTimeout> | null = null;
  const end = () => {
    if (watch !== null) clearTimeout(watch);
    watch = null;
    if (!ended) onEnd();
    ended = true;
  };
  const stream = new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        if (watch !== null) clearTimeout(watch);
        let piece = "";
        try {
          while (piece === "" && !source.done && !ended) {
            await new Promise(setImmediate);
            piece = await source.next();
          }
        } catch (error) {
          // The database could not be read: the client sees a transfer that was cut off.
          end();
          throw error;
        }
        if (ended) return;
        if (piece !== "") controller.enqueue(encoder.encode(piece));
        if (!source.done) {
          watch = setTimeout(() => {
            end();
            controller.error(new Error("the reader took nothing for too long"));
          }, cutAfterMs);
          return;
        }
        end();
        controller.close();
      },
      cancel: end,
    },
    // One piece is prepared while the client reads the previous one.
    { highWaterMark: 1 },
  );
  return new Response(stream, {
    headers: {
      "content-type": type,
      "cache-control": "no-store",
      "content-disposition": `attachment; filename="${name}"`,
    },
  });
}
