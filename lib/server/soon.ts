// A value of a store that is there at once, or comes over a network. Type only.

/** A value that a store has at once, or gets from a network. */
export type Soon<T> = T | Promise<T>;
