// What alerts need of the program around them. Types only.

import type { ReportRow } from "../server/rows.ts";
import type { AlertStore } from "../server/alert-store.ts";
import type { OnFacts } from "../server/feed.ts";
import type { Moment } from "../server/moment.ts";
import type { ElsewhereReads } from "../server/nodes.ts";
import type { Soon } from "../server/soon.ts";
import type { Sender } from "./message-body.ts";
import type { HeardCommands } from "./command-ends.ts";
import type { Answer } from "./outbox.ts";
import type { WaitingNow } from "./waiting-devices.ts";
import type { Devices } from "./judge.ts";

/** A message on its way. */
export type Post = {
  readonly url: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** JSON. */
  readonly body: string;
  /** The same for each try of a message. */
  readonly key: string;
};

/** Sends a message and reads the begin of the answer; `failure`: there was none, in words without the URL. Never rejects. */
export type SendPost = (post: Post) => Promise<Answer | { readonly failure: string }>;

export type AlertPorts = {
  readonly store: AlertStore;
  /** The devices; it loads them first. */
  readonly fleet: Devices & {
    load(): Promise<void>;
    /** Calls back when a device has changed; returns what ends that. */
    listen(onChange: (id: string) => void): () => void;
  };
  readonly reports: { latestOf(ids: readonly string[]): Soon<readonly (ReportRow | null)[]> };
  readonly subscribe: (onFacts: OnFacts, withReports: boolean) => () => void;
  /** The reports that other servers of the store have stored; null if there are no others. */
  readonly elsewhere: Pick<ElsewhereReads, "reportsOfOthers"> | null;
  readonly waiting: WaitingNow;
  readonly commands: HeardCommands;
  readonly post: SendPost;
  readonly now: () => Moment;
  readonly sender: Sender;
  /** Told of each trouble, in words for the log. */
  readonly onTrouble: (words: string) => void;
};
