// The code and the styles of the pages besides the fleet, and of large dialogs: each is a part of its own, loaded when it is shown, or
// when there is nothing else to do.

import { element } from "./parts/element.ts";

const loads = {
  device: () => import("./device/device-page.ts"),
  alerts: () => import("./alerts/alerts-page.ts"),
  activity: () => import("./server/activity-page.ts"),
  server: () => import("./server/server-page.ts"),
  join: () => import("./door/join-dialog.ts"),
  bulk: () => import("./bulk/bulk-dialogs.ts"),
} as const;

type Name = keyof typeof loads;
/** What a part exports. */
export type CodeOf<N extends Name> = Awaited<ReturnType<(typeof loads)[N]>>;

/** The code that is here. */
export const pageCode: { [N in Name]?: CodeOf<N> } = {};
let styles: Promise<void> | null = null;

/** Loads a part, and the styles. Rejects if it cannot be had: the line is down, or a new server has other files. */
export async function loadCode<N extends Name>(name: N): Promise<CodeOf<N>> {
  const [code] = await Promise.all([loads[name](), loadStyles()]);
  Object.assign(pageCode, { [name]: code });
  return code as CodeOf<N>;
}

/** Loads all code that is not here yet: then a page opens at once, also when the server has newer files by then. */
export async function loadAllCode(): Promise<void> {
  for (const name of Object.keys(loads) as Name[]) {
    if (pageCode[name] === undefined) await loadCode(name).catch(() => {});
  }
}

/** The page has their address, which only the build knows. */
function loadStyles(): Promise<void> {
  styles ??= new Promise<void>((resolve, reject) => {
    const later = document.querySelector<HTMLTemplateElement>("#later")?.content;
    const href = later?.querySelector("link")?.getAttribute("href") ?? "";
    const link = element("link", { rel: "stylesheet", href });
    link.addEventListener("load", () => resolve());
    link.addEventListener("error", () => {
      link.remove();
      styles = null;
      reject(new Error("The styles could not be loaded."));
    });
    document.body.append(link);
  });
  return styles;
}
