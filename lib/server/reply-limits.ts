// The limits against amplification (protocol §4.10): what a source that has not proven its address can make the server send.
// Never writes a reply.

import { utf8Bytes } from "../protocol/fields.ts";
import { amplificationMax } from "../protocol/limits.ts";
import { frameHeaderBytes } from "../sealed/limits.ts";
import { KeyedBuckets, TokenBucket } from "../token-bucket.ts";
import type { EngineClock } from "./engine-clock.ts";
import type { Link } from "./links/link.ts";
import { limits } from "./policy.ts";
import type { Request } from "./request.ts";
import type { SessionTable } from "./sessions/session-table.ts";

/** What a frame takes besides its body, at most: its header, and all of a packet, with padding, where it has one alone. */
const frameOverheadBytes = frameHeaderBytes + 15 + 32;

export class ReplyLimits {
  readonly #longReplies = new KeyedBuckets(
    limits.longRepliesPerSecond,
    limits.longRepliesBurst,
    limits.longReplySources,
  );
  readonly #longRepliesInAll: TokenBucket;

  constructor(
    private readonly clock: EngineClock,
    private readonly sessions: SessionTable,
  ) {
    const inAll = limits.longRepliesPerSecondInAll;
    this.#longRepliesInAll = new TokenBucket(inAll, inAll, clock.uptimeMs);
  }

  /**
   * What may be said to a text request: all, `shorter`, or nothing (null). Nothing limits what is said to a source IP with
   * a session.
   */
  inText({ source, bytes }: Request, text: string, shorter: string): string | null {
    if (this.sessions.hasSource(source.ip)) return text;
    const bytesMax = bytes * amplificationMax;
    if (utf8Bytes(text) <= bytesMax || this.#takeLong(source.ip)) return text;
    return utf8Bytes(shorter) <= bytesMax ? shorter : null;
  }

  /** The same over a link, where several answers share what its packets allow. */
  sealed(link: Link, text: string, shorter: string): string | null {
    if (link.isTrusted || link.allow(utf8Bytes(text) + frameOverheadBytes)) return text;
    if (this.#takeLong(link.source.ip)) return text;
    return link.allow(utf8Bytes(shorter) + frameOverheadBytes) ? shorter : null;
  }

  /** Whether a frame may be written. @param bodyBytes the length of its body */
  allowsFrame(link: Link, bodyBytes: number): boolean {
    return (
      link.isTrusted || link.allow(bodyBytes + frameOverheadBytes) || this.#takeLong(link.source.ip)
    );
  }

  #takeLong(ip: string): boolean {
    const { uptimeMs } = this.clock;
    return this.#longReplies.take(ip, uptimeMs) && this.#longRepliesInAll.take(uptimeMs);
  }
}
