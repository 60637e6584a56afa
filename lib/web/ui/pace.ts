// When to do things: once a frame, at most so often. Knows nothing of what is done.

/** A call that may come many times and is carried out once, in the next frame. */
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

export type Paced = { (): void; /** Forgets what is still to come. */ stop(): void };

/**
 * A call that is carried out at once, and then at most every `ms`; what came in between is one call at the end.
 * @param ms milliseconds between two
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
