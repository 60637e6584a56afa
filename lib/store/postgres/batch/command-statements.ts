// The statements for commands: those that load what the steps of a batch name, and one for each write. Decides and sends nothing.

import { type CommandWrite, keptCommands } from "../../../server/commands/command-rows.ts";
import type { ServiceTime } from "../../../server/rows.ts";
import type { Keys } from "../../../server/store-port.ts";
import { numberArray, textArray } from "../connection/arrays.ts";
import type { Statement } from "../connection/writer.ts";
import { columnsOf, commandColumns, commandOf } from "../rows/columns.ts";
import type { Loading } from "./overlay.ts";

type Of<Kind extends CommandWrite["kind"]> = Extract<CommandWrite, { kind: Kind }>;

const select = `SELECT ${commandColumns} FROM command`;

/** What a batch needs loaded of commands. The rows of their devices are locked, and nobody else changes a command. */
export function commandsOf(keys: readonly Keys[]): Loading[] {
  const devices = keys.flatMap(({ device, withCommands }) =>
    withCommands === true ? (device ?? []) : [],
  );
  const named = keys.flatMap(({ command }) => command ?? []);
  const numbers = named.flatMap((key) => ("number" in key ? [key.number] : []));
  const requests = named.flatMap((key) => ("request" in key ? [key] : []));
  const lists = keys.flatMap(({ openCommands }) => openCommands ?? []);
  const statements: Statement[] = [];
  if (devices.length > 0) {
    const ids = textArray([...new Set(devices)]);
    statements.push([`${select} WHERE device = ANY($1::text[]) AND ended IS NULL`, [ids]]);
  }
  if (numbers.length > 0) {
    statements.push([`${select} WHERE number = ANY($1::bigint[])`, [numberArray(numbers)]]);
  }
  if (requests.length > 0) {
    statements.push([
      `${select} WHERE (device, request) IN (SELECT * FROM unnest($1::text[], $2::text[]))`,
      [
        textArray(requests.map(({ device }) => device)),
        textArray(requests.map(({ request }) => request)),
      ],
    ]);
  }
  statements.push(...lists.map(listing));
  const loadings = statements.map((statement): Loading => {
    return { statement, take: (rows, { commands }) => commands.take(rows.map(commandOf)) };
  });
  return keys.some(({ withService }) => withService === true) ? [...loadings, service] : loadings;
}

/** The statement that finds open commands of all devices. */
export function listing({ due, limit }: NonNullable<Keys["openCommands"]>): Statement {
  return due === null
    ? [`${select} WHERE ended IS NULL ORDER BY command.number LIMIT $1::int`, [limit]]
    : [
        `${select} WHERE ended IS NULL AND due <= $2::float8::bigint ORDER BY command.due, command.number LIMIT $1::int`,
        [limit, due],
      ];
}

/** The statement for how long the database has been in service. The clock is the database's: those of the nodes may differ. */
export const readingService: Statement = [
  `SELECT ms::float8 AS ms, wall::float8 AS wall, floor(extract(epoch FROM clock_timestamp()) * 1000)::float8 AS now,
          (SELECT count(*) FROM command WHERE ended IS NULL)::float8 AS open FROM service`,
];

const service: Loading = {
  statement: readingService,
  take: (rows, { commands }) => commands.takeService(rows[0] as unknown as ServiceTime),
};

/** Adds a command. @param number its number */
export function addCommand({ command }: Of<"add-command">, number: number): Statement {
  const { device, macKey, message, origin, request, created, expires, due } = command;
  return [
    `INSERT INTO command (number, device, mac_key, message, origin, request, created, expires, due)
     VALUES ($1::float8, $2, $3, $4, $5, $6, $7::float8, $8::float8, $9::float8)`,
    [number, device, macKey, message, origin, request, created, expires, due],
  ];
}

/** The statement of a write that adds no command. That of `note-service` returns how long it has been. */
export function changeCommand(write: Exclude<CommandWrite, { kind: "add-command" }>): Statement {
  switch (write.kind) {
    case "end-command": {
      const { number, end, at, code, result } = write;
      const [text, raw] = result === null ? [null, null] : columnsOf(result);
      return [
        `UPDATE command SET outcome = $2, ended = $3::float8, code = $4, result = $5, result_raw = decode($6::text, 'hex'),
           hour = (SELECT hours FROM service)
         WHERE number = $1::float8::bigint AND ended IS NULL`,
        [number, end, at, code, text, raw],
      ];
    }
    case "keep-late-result":
      return [
        `UPDATE command SET code = $2, result = $3, result_raw = decode($4::text, 'hex'), late = true
         WHERE number = $1::float8::bigint AND ended IS NOT NULL AND code IS NULL`,
        [write.number, write.code, ...columnsOf(write.result)],
      ];
    case "touch-commands": {
      const sorted = write.touches.toSorted((a, b) => a.number - b.number);
      return [
        `UPDATE command AS c SET sendings = t.sendings, sent = t.sent, delivered = t.delivered
         FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[]) AS t (number, sendings, sent, delivered)
         WHERE c.number = t.number AND c.ended IS NULL`,
        [
          numberArray(sorted.map(({ number }) => number)),
          numberArray(sorted.map(({ sendings }) => sendings)),
          numberArray(sorted.map(({ sent }) => sent)),
          numberArray(sorted.map(({ delivered }) => delivered)),
        ],
      ];
    }
    case "note-service":
      return [
        `UPDATE service SET ms = greatest(ms, $1::float8::bigint),
           wall = floor(extract(epoch FROM clock_timestamp()) * 1000) RETURNING ms::float8 AS ms`,
        [write.ms],
      ];
  }
}

/** Removes ended commands: those that are too old, and the oldest of too many. */
export const removingCommands: readonly Statement[] = [
  [
    `DELETE FROM command WHERE ended IS NOT NULL AND hour <= (SELECT hours FROM service) - ${keptCommands.hours}`,
  ],
  [
    `DELETE FROM command WHERE ended IS NOT NULL AND number <=
       (SELECT number FROM command WHERE ended IS NOT NULL ORDER BY number DESC OFFSET ${keptCommands.ended} LIMIT 1)`,
  ],
];
