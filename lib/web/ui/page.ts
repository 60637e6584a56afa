// The interface between the pages and the shell around them.

import type { Topic } from "../api/words.ts";
import type { Receiver } from "./live.ts";

export type Page = {
  readonly title: string;
  readonly view: HTMLElement;
  readonly topics: readonly Topic[];
  readonly device?: string;
  readonly receiver: Receiver;
  /** The field that the key `/` moves to. */
  readonly search?: HTMLElement;
  /** Handles a key pressed outside of text fields. Returns whether it was used. */
  onKey?(event: KeyboardEvent): boolean;
  /** Called when the page was added to the document. */
  onShown?(): void;
  /** Stops timers and requests. */
  close(): void;
};

/** What the shell offers to pages. */
export type App = {
  /** Opens another page by its hash, `#/…`. */
  go(hash: string): void;
  /** Asks for a login; resolves to whether it succeeded. */
  askLogin(reason: string): Promise<boolean>;
  mayChange(): boolean;
  /** Changes the title of the page that is shown. */
  title(words: string): void;
  /** Announces a text to screen readers. */
  announce(text: string): void;
};
