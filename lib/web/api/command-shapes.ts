// Owns the shapes of commands over HTTP: one, a page of them, and what is sent to queue one. Never checks a value.

import {
  about,
  count,
  type Infer,
  listOf,
  object,
  orNull,
  text,
  time,
  word,
  yes,
} from "./schema.ts";

export const command = object({
  number: about(count, "increases; never used twice"),
  device: about(text, "an id, which may be gone"),
  message: text,
  state: about(
    word("queued", "sent", "delivered", "done", "failed", "expired", "cancelled"),
    "`queued`, `sent` and `delivered` are open: it was sent, the device said that it has it",
  ),
  origin: about(word("cli", "api", "dashboard", "mqtt", "alert"), "who queued it"),
  created: time,
  expires: about(time, "when it will probably be too late"),
  sent: about(orNull(time), "when it was last sent"),
  sendings: about(count, "how often it was sent"),
  delivered: about(orNull(time), "when the device said that it has it"),
  ended: about(orNull(time), "null while it is open"),
  code: about(orNull(text), "the code of the result: 01 done, 16 not understood, any other failed"),
  result: about(orNull(text), "what the device answered, or why it was cancelled"),
  late: about(yes, "whether the result came after the end"),
});
export type CommandJson = Infer<typeof command>;
export const commandPage = object({
  commands: listOf(command),
  next: about(orNull(text), "the `cursor` for the next page; null at the end"),
});
export const message = about(text, "1 to 1024 bytes; no control characters but TAB and LF");
export const ttl = about(text, "for how long it is kept, `1s` to `30d`; default `24h`");
