// The button for the colour theme, and what fires when the colours changed.

import { button, setAttribute } from "./parts/element.ts";
import { icon, type IconName } from "./parts/icons.ts";
import { showTheme, storedTheme, storeTheme, type Theme, themes } from "./stored-theme.ts";

/** Fires "change" when the colours changed: charts have to be drawn again. */
export const themeChanges = new EventTarget();

/** Applies the stored choice. */
export function applyTheme(): void {
  showTheme(storedTheme());
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", tell);
}

/** The button that switches to the next theme. */
export function themeButton(): HTMLButtonElement {
  const made = button({ class: "quiet square" });
  const label = (theme: Theme) => {
    made.replaceChildren(icon(theme satisfies IconName));
    setAttribute(made, "aria-label", `Theme: ${theme}`);
    made.title = `Theme: ${theme}`;
  };
  made.addEventListener("click", () => {
    const next = themes[(themes.indexOf(storedTheme()) + 1) % themes.length] as Theme;
    storeTheme(next);
    showTheme(next);
    label(next);
    tell();
  });
  label(storedTheme());
  return made;
}

function tell(): void {
  themeChanges.dispatchEvent(new Event("change"));
}
