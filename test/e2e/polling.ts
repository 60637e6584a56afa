// Waits until a condition holds; a missed deadline fails the test. Knows nothing of servers.

/** How long anything may take before its test fails, ms: generous, because a loaded machine is no failure. */
export const deadlineMs = 20_000;
/** How long a whole test may take, ms: longer than its deadlines, whose failures say what was awaited. */
export const testTimeoutMs = 120_000;

const pauseMs = 5;

/**
 * Polls until the answer is neither undefined, null nor false.
 * @param what what is awaited, for the failure message
 */
export async function until<T>(
  what: string,
  ask: () => T | Promise<T>,
  withinMs = deadlineMs,
): Promise<NonNullable<T>> {
  const end = performance.now() + withinMs;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined && answer !== null && answer !== false) return answer;
    if (performance.now() > end) throw new Error(`waited ${withinMs} ms in vain for ${what}`);
    await pause(pauseMs);
  }
}

/**
 * The result of a promise, or after `ms` a failure that says what was awaited.
 * @param what what is awaited, for the failure message
 */
export async function within<T>(what: string, promise: Promise<T>, ms = deadlineMs): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`waited ${ms} ms in vain for ${what}`)), ms);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Waits for a time. Only for polling and for load at a given rate, never to wait for an event. */
export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => void setTimeout(resolve, ms));
}
