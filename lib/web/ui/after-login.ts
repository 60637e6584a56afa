// Does what needs a login: asks for one first if there is none, and tells in words what went wrong. Knows nothing of what is done.

import { wordsOf } from "./api.ts";
import type { App } from "./page.ts";

/**
 * Does something, after a login if one is needed.
 * @param reason why that needs a login
 * @param tell gets what went wrong in words, and "" before each try
 * @returns whether it is done
 */
export async function afterLogin(
  app: App,
  reason: string,
  act: () => Promise<void>,
  tell: (trouble: string) => void,
): Promise<boolean> {
  if (!app.mayChange() && !(await app.askLogin(reason))) return false;
  tell("");
  try {
    await act();
    return true;
  } catch (error) {
    tell(wordsOf(error));
    return false;
  }
}
