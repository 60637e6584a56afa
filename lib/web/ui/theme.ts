// The colour theme: light, dark, or that of the system. The choice is stored in the browser.

import { button, setAttribute } from "./element.ts";
import { icon, type IconName } from "./icons.ts";

const themes = ["system", "light", "dark"] as const;
type Theme = (typeof themes)[number];
const storedAs = "iot-theme";

/** Fires "change" when the colours changed: charts have to be drawn again. */
export const themeChanges = new EventTarget();

/** Applies the stored choice. */
export function applyTheme(): void {
  show(stored());
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
    const next = themes[(themes.indexOf(stored()) + 1) % themes.length] as Theme;
    store(next);
    show(next);
    label(next);
    tell();
  });
  label(stored());
  return made;
}

function show(theme: Theme): void {
  setAttribute(document.documentElement, "data-theme", theme === "system" ? null : theme);
}

function tell(): void {
  themeChanges.dispatchEvent(new Event("change"));
}

// Storage may be blocked; the choice then lasts until the page is closed.
let choice: Theme | null = null;

function stored(): Theme {
  try {
    choice ??= themes.find((theme) => theme === localStorage.getItem(storedAs)) ?? null;
  } catch {
    // Storage is blocked.
  }
  return choice ?? "system";
}

function store(theme: Theme): void {
  choice = theme;
  try {
    localStorage.setItem(storedAs, theme);
  } catch {
    // Storage is blocked.
  }
}
