// What a page is to the shell: something to show, what it wants to hear, and what the keys mean on it.

import type { Receiver, Topic } from "./live.ts";

export type Page = {
  readonly title: string;
  readonly view: HTMLElement;
  readonly topics: readonly Topic[];
  readonly device?: string;
  readonly receiver: Receiver;
  /** The field that `/` goes to. */
  readonly search?: HTMLElement;
  /** A key outside of fields. Returns whether it meant something here. */
  onKey?(event: KeyboardEvent): boolean;
  /** Called once the page is in the document. */
  onShown?(): void;
  /** Lets go of timers and requests. */
  close(): void;
};

/** What a page may ask of the shell. */
export type House = {
  /** Goes to another page: `#/…`. */
  go(hash: string): void;
  /** Asks for a login; what needed it can be tried again afterwards. */
  askLogin(reason: string): Promise<boolean>;
  mayChange(): boolean;
  /** Says something to those who listen to the page instead of looking at it. */
  announce(text: string): void;
};
