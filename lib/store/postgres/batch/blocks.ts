// Takes blocks of numbers of reports from their sequence, over the connection of a lane.

import type { Connector } from "../connection/connector.ts";
import { Lost } from "../connection/lost.ts";
import type { Rows, Statement } from "../connection/writer.ts";
import { type Blocks, blockSize } from "./numbers.ts";

/** The first number of the next block, as a column. */
export const nextBlock = `(SELECT last_value + CASE WHEN is_called THEN ${blockSize} ELSE 0 END FROM report_block)`;

/** Of before the sequence is looked at, as statements have it. */
const clock = "extract(epoch FROM statement_timestamp())::float8 * 1000";

/** The statement that finds the first number of the block that was taken last. */
export const newestBlock: Statement = [
  `SELECT last_value::float8 AS first, ${clock} AS clock FROM report_block`,
];

/** What takes the numbers of reports. @param onTaken told the first numbers of blocks that were taken, ascending */
export function blocksOf(
  connector: Pick<Connector, "writer" | "why">,
  onTaken: (firsts: readonly number[]) => void,
): Blocks {
  const query = async (statement: Statement): Promise<Rows> => {
    const { writer } = connector;
    if (writer === null) throw new Lost(connector.why);
    return writer.query(...statement);
  };
  return {
    take: async (count) => {
      const text = `SELECT nextval('report_block')::float8 AS first, ${clock} AS clock FROM generate_series(1, $1::int)`;
      const rows = await query([text, [count]]);
      const firsts = rows.map(({ first }) => first as number);
      onTaken(firsts);
      return { firsts, clock: rows[0]?.["clock"] as number };
    },
    newest: async () => {
      const [row] = await query(newestBlock);
      return row as unknown as { first: number; clock: number };
    },
  };
}
