// Owns the errors of the HTTP interface as problem documents (RFC 9457): a text for people and a code for programs.
// Never contains anything secret.

import { type ProblemCode, problems } from "./api/problem-codes.ts";
import type { problem } from "./api/shapes.ts";
import type { Infer } from "./api/schema.ts";

/** An error that a route throws and the server answers with its document. */
export class Problem extends Error {
  /**
   * @param code one of `problems`
   * @param detail what is wrong in this case, without anything secret
   * @param headers additional headers of the response
   */
  constructor(
    readonly code: ProblemCode,
    detail: string,
    readonly headers: Readonly<Record<string, string>> = {},
  ) {
    super(detail);
    this.name = "Problem";
  }

  get status(): number {
    return problems[this.code][0];
  }

  toResponse(): Response {
    const [status, title] = problems[this.code];
    // RFC 9457: `about:blank` means that the status tells the kind of problem. Our `code` is more specific.
    const document: Infer<typeof problem> = {
      type: "about:blank",
      title,
      status,
      detail: this.message,
      code: this.code,
    };
    return new Response(JSON.stringify(document), {
      status,
      headers: { "content-type": "application/problem+json", ...this.headers },
    });
  }
}
