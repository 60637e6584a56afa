// Light, dark, or as the system has it. Remembered in the browser.

import { button, setAttribute } from "./element.ts";
import { icon, type IconName } from "./icons.ts";

const themes = ["system", "light", "dark"] as const;
type Theme = (typeof themes)[number];
const storedAs = "iot-theme";

/** Told when the colours changed: what is drawn on a canvas has to be drawn again. */
export const themeChanges = new EventTarget();

/** Applies what was chosen last. */
export function applyTheme(): void {
  show(stored());
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", tell);
}

/** The button that goes from one to the next. */
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

// Storage may be forbidden; the choice then lasts as long as the page.
let choice: Theme | null = null;

function stored(): Theme {
  try {
    choice ??= themes.find((theme) => theme === localStorage.getItem(storedAs)) ?? null;
  } catch {
    // Stays as it is.
  }
  return choice ?? "system";
}

function store(theme: Theme): void {
  choice = theme;
  try {
    localStorage.setItem(storedAs, theme);
  } catch {
    // Not remembered.
  }
}
