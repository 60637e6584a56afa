// Reads a stream of live events as a program would, and holds each event to its documented shape.

import { expect } from "bun:test";
import { events as shapes } from "../../lib/web/api/shapes.ts";
import { errorsIn } from "./json-schema.ts";

/** An event of a stream. */
export type Event = { readonly event: string; readonly data: Record<string, unknown> };

/** The events of a stream, in order. */
export async function* eventsOf(response: Response): AsyncGenerator<Event> {
  let text = "";
  const decoder = new TextDecoder();
  for await (const bytes of response.body as ReadableStream<Uint8Array>) {
    text += decoder.decode(bytes, { stream: true });
    for (let end = text.indexOf("\n\n"); end >= 0; end = text.indexOf("\n\n")) {
      const [, event, data] = /^event: (\S+)\ndata: (.*)$/.exec(text.slice(0, end)) ?? [];
      text = text.slice(end + 2);
      if (event !== undefined) yield { event, data: JSON.parse(data ?? "") };
    }
  }
}

/** What is wrong with the data of an event, by its shape. */
function errorsOf({ event, data }: Event): string[] {
  const shape = Object.entries(shapes).find(([name]) => name === event)?.[1];
  return shape === undefined ? [`no event ${event}`] : errorsIn(data, shape, {});
}

/** The next event that fits; all until then must be as documented. */
export async function until(
  events: AsyncGenerator<Event>,
  fits: (event: Event) => boolean,
): Promise<Event> {
  for (;;) {
    const { value, done } = await events.next();
    if (done) throw new Error("the stream ended");
    expect(errorsOf(value)).toEqual([]);
    if (fits(value)) return value;
  }
}
