// Owns the page that a browser shows if a login link is refused: what happened, and the next step. Uses the dashboard's
// styles and no script. Never contains anything from the request.

import type { PageFile } from "../pages.ts";
import type { Problem } from "../problem.ts";

type Words = { readonly title: string; readonly what: string; readonly next: string };

const words: Readonly<Record<"refused" | "tooMany", Words>> = {
  refused: {
    title: "This login link no longer works",
    what: "A login link works once, within five minutes. This one was used before, is older, or was made before the server restarted.",
    next: "Make a new link on the server, in the folder the server was started in, and open it:",
  },
  tooMany: {
    title: "Too many attempts",
    what: "Too many wrong links or tokens came from this address. A right one works all the same.",
    next: "Make a new link on the server, in the folder the server was started in, and open it:",
  },
};

/** Whether a request comes from a browser that will show the answer as a page. */
export function wantsPage({ headers }: Request): boolean {
  return (headers.get("accept") ?? "").includes("text/html");
}

/**
 * The page for a refused link, with the status and headers of the problem.
 * @param pages the dashboard's files; the page links to its styles and icon
 */
export function refusedLinkPage(problem: Problem, pages: ReadonlyMap<string, PageFile>): Response {
  const { title, what, next } = words[problem.code === "too-many" ? "tooMany" : "refused"];
  const page = `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <meta name="viewport" content="width=device-width, initial-scale=1, viewport-fit=cover" />
    <meta name="color-scheme" content="light dark" />
    <title>${title} · iot-server</title>
    ${linkTo(pages, "icon", "/icon-", "svg")}
    ${linkTo(pages, "stylesheet", "/style-", "css")}
  </head>
  <body>
    <main>
      <section class="card login refused">
        <h1>${title}</h1>
        <p class="muted">${what}</p>
        <p>${next}</p>
        <p class="command"><code>./iot-server open</code></p>
        <p class="muted small">Or log in with the admin token:</p>
        <p><a class="onward" href="./">Open the dashboard</a></p>
      </section>
    </main>
  </body>
</html>
`;
  return new Response(page, {
    status: problem.status,
    headers: {
      "content-type": "text/html; charset=utf-8",
      "cache-control": "no-store",
      ...problem.headers,
    },
  });
}

function linkTo(
  pages: ReadonlyMap<string, PageFile>,
  rel: string,
  begin: string,
  end: string,
): string {
  for (const path of pages.keys()) {
    if (path.startsWith(begin) && path.endsWith(`.${end}`))
      return `<link rel="${rel}" href=".${path}" />`;
  }
  return "";
}
