// A database file as the place of a store: what servers and commands do with it. Holds no state; all is in the files.

import type { CommandRow, ListedDevice, ReportRow } from "../../server/rows.ts";
import type {
  CareProgress,
  Opening,
  OpenStore,
  StoreCheck,
  StoreCounts,
  StorePlace,
} from "../../server/store-care.ts";
import type { CommandQuery } from "../../server/store-reads.ts";
import { backUp } from "./file/backup.ts";
import { checkDatabase } from "./file/database-check.ts";
import { realPathOf } from "./file/database-file.ts";
import { explainSqlite } from "./file/database-refusal.ts";
import { isServed } from "./file/instance-lock.ts";
import { openReadOnly } from "./file/open-database.ts";
import { restore } from "./file/restore.ts";
import { allReports, historyOf } from "./reports/report-history.ts";
import { closeDatabase } from "./file/statements.ts";
import { CommandLists } from "./rows/command-lists.ts";
import { hasLabel, isRegistered, listDevices } from "./rows/device-listing.ts";
import { openSqlite } from "./open-sqlite.ts";

export class SqlitePlace implements StorePlace {
  readonly path: string;

  readonly hasOneServer = true;

  /** @param name the path of the database as the operator wrote it: errors name it so */
  constructor(readonly name: string) {
    this.path = realPathOf(name);
  }

  isServed(): boolean {
    return isServed(this.name);
  }

  open(opening: Opening): Promise<OpenStore> {
    return openSqlite(this.name, opening);
  }

  devices(): Iterable<ListedDevice> {
    return listDevices(openReadOnly(this.name));
  }

  isRegistered(id: string): boolean {
    return isRegistered(openReadOnly(this.name), id);
  }

  hasLabel(key: string): boolean {
    return hasLabel(openReadOnly(this.name), key);
  }

  commands(query: CommandQuery): CommandRow[] {
    return this.#commands((lists) => lists.list(query));
  }

  command(number: number): CommandRow | null {
    return this.#commands((lists) => lists.one(number));
  }

  #commands<T>(read: (lists: CommandLists) => T): T {
    const database = openReadOnly(this.name);
    try {
      return read(new CommandLists(database));
    } finally {
      closeDatabase(database);
    }
  }

  reports(): Iterable<ReportRow> {
    return allReports(openReadOnly(this.name));
  }

  reportsOf(id: string, last: number, since: number): Iterable<ReportRow> {
    return historyOf(openReadOnly(this.name), id, last, since);
  }

  check(): StoreCheck {
    return checkDatabase(this.name);
  }

  backUp(file: string, progress: CareProgress): StoreCounts {
    return backUp(this.name, file, progress);
  }

  restore(file: string, keptAs: string, progress: CareProgress): string | null {
    return restore(file, this.name, keptAs, progress);
  }

  explain(error: unknown): unknown {
    return explainSqlite(error, this.name);
  }
}
