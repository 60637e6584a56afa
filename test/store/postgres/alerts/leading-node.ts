// A process that is a node of a database and tries to lead. For each line it is told it does one thing and says what came of it:
// `lead`, or the number of an alert that it commits.
// usage: bun leading-node.ts NODE PORT DATABASE

import { OperatingError } from "../../../../lib/operating-error.ts";
import { Hosts } from "../../../../lib/store/postgres/connection/hosts.ts";
import { openPostgres } from "../../../../lib/store/postgres/open-postgres.ts";
import { superuser } from "../../../postgres-server.ts";
import { alertOf, puts } from "../../contract/alerts-contract.ts";

const [node = "", port, database = ""] = process.argv.slice(2);
const store = await openPostgres(
  {
    hosts: new Hosts([{ hostname: "127.0.0.1", port: Number(port) }]),
    username: superuser,
    database,
    password: null,
    tls: "disable",
    rootCert: null,
    prepare: true,
  },
  { fingerprint: "SHA256:one", sharedIp: false },
  {
    onTrouble: () => {},
    node: { name: node, address: "there:1", version: "1", offlineAfterMs: 9e5, settings: {} },
    now: Date.now,
  },
);
console.log("open");
for await (const line of console) {
  try {
    if (line === "lead") console.log(await store.alerts.lead());
    else {
      await store.alerts.commit(puts(alertOf(Number(line))));
      console.log("stored");
    }
  } catch (error) {
    console.log(error instanceof OperatingError ? error.code : String(error));
  }
}
