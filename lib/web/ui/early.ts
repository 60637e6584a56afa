// Runs while the page's script is still on its way: sets the colours, and asks for what the page needs first. Renders nothing, and
// imports next to nothing.

import { askEarly } from "./early-answers.ts";
import { showTheme, storedTheme } from "./stored-theme.ts";

showTheme(storedTheme());
askEarly();
