// The choice of a colour theme: light, dark, or that of the system. Stored in the browser; set as an attribute of the page.

export const themes = ["system", "light", "dark"] as const;
export type Theme = (typeof themes)[number];
const storedAs = "iot-theme";

// Storage may be blocked; the choice then lasts until the page is closed.
let choice: Theme | null = null;

/** The stored choice, else that of the system. */
export function storedTheme(): Theme {
  try {
    choice ??= themes.find((theme) => theme === localStorage.getItem(storedAs)) ?? null;
  } catch {
    // Storage is blocked.
  }
  return choice ?? "system";
}

/** Stores a choice. */
export function storeTheme(theme: Theme): void {
  choice = theme;
  try {
    localStorage.setItem(storedAs, theme);
  } catch {
    // Storage is blocked.
  }
}

/** Gives the page the colours of a theme. */
export function showTheme(theme: Theme): void {
  const { dataset } = document.documentElement;
  if (theme === "system") delete dataset["theme"];
  else dataset["theme"] = theme;
}
