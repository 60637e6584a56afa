// The settings of the server's commands besides the server itself. Types only.

import type { MqttAsked } from "./mqtt-arguments.ts";
import type { AlertAction } from "./alert-arguments.ts";
import type { Commanded, CommandsAsked } from "./command-arguments.ts";
import type { AskedDevices } from "./devices-arguments.ts";
import type { Joining } from "./join-arguments.ts";
import type { Labelling } from "./label-arguments.ts";
import type { DataPlace } from "./store-source.ts";

/** The settings of the other commands. */
export type CommandConfig = DataPlace & Asked;

type Asked =
  | {
      readonly command: "query";
      readonly id: string;
      readonly code: string;
      readonly target: string;
      readonly json: boolean;
    }
  | AskedDevices
  | (Joining & {
      readonly command: "join";
      readonly json: boolean;
      /** As for the server; used only if no server is running. */
      readonly sharedIp: boolean;
    })
  | (Labelling & {
      readonly command: "label";
      /** Whether selected devices are changed without a question. */
      readonly yes: boolean;
      readonly json: boolean;
      /** As for the server; used only if no server is running. */
      readonly sharedIp: boolean;
    })
  | (Commanded & {
      readonly command: "command";
      readonly waitMs: number;
      readonly yes: boolean;
      readonly json: boolean;
      /** As for the server; used only if no server is running. */
      readonly sharedIp: boolean;
    })
  | (CommandsAsked & {
      readonly command: "commands";
      readonly json: boolean;
      readonly sharedIp: boolean;
    })
  | MqttAsked
  | { readonly command: "status"; readonly port: number | null; readonly json: boolean }
  | {
      readonly command: "health";
      /** That of one of several servers that share a folder; null for any. */
      readonly port: number | null;
      /** How long the server may take until it serves, ms. */
      readonly waitMs: number;
      readonly json: boolean;
    }
  | {
      readonly command: "deregister" | "password";
      readonly id: string;
      /** As for the server; used only if no server is running. */
      readonly sharedIp: boolean;
    }
  | { readonly command: "alert"; readonly alert: AlertAction; readonly json: boolean }
  | { readonly command: "fingerprint" | "check" | "open" }
  | { readonly command: "backup" | "restore"; readonly file: string }
  /** `db` is what is copied, `store` where to. */
  | { readonly command: "copy"; readonly sharedIp: boolean }
  | {
      readonly command: "import";
      readonly file: string;
      /** As for the server; used only if no server is running. */
      readonly sharedIp: boolean;
      /** Whether nothing is changed. */
      readonly dryRun: boolean;
    }
  | {
      readonly command: "export";
      readonly what: "devices" | "reports";
      readonly format: "csv" | "ndjson";
    }
  | {
      readonly command: "reports";
      readonly id: string;
      readonly last: number;
      /** Time of the oldest report, ms since 1970; 0 for all. */
      readonly since: number;
      readonly json: boolean;
    };
