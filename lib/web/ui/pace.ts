// Limits how often a function runs: once in a frame, or at most once in an interval.

/** Wraps a function: however often it is called, it runs once, in the next frame. */
export function oncePerFrame(act: () => void): () => void {
  let isAsked = false;
  return () => {
    if (isAsked) return;
    isAsked = true;
    requestAnimationFrame(() => {
      isAsked = false;
      act();
    });
  };
}

export type Paced = { (): void; /** Cancels a call that is still to come. */ stop(): void };

/**
 * Wraps a function: the first call runs at once; further calls within `ms` become one call at the end of it.
 * @param ms the shortest time between two runs, in milliseconds
 */
export function atMostEvery(ms: number, act: () => void): Paced {
  let timer: ReturnType<typeof setTimeout> | null = null;
  let isAsked = false;
  const run = () => {
    isAsked = false;
    timer = setTimeout(() => {
      timer = null;
      if (isAsked) run();
    }, ms);
    act();
  };
  const paced = () => {
    if (timer === null) run();
    else isAsked = true;
  };
  return Object.assign(paced, {
    stop() {
      if (timer !== null) clearTimeout(timer);
      timer = null;
      isAsked = false;
    },
  });
}
