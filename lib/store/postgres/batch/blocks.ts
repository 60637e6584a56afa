// Takes blocks of numbers of reports from their sequence, over the connection that writes.

import type { Connector } from "../connection/connector.ts";
import { Lost } from "../connection/lost.ts";
import type { Rows, Statement } from "../connection/writer.ts";
import { taking } from "./loading.ts";
import { blockSize, type NumbersParts } from "./numbers.ts";

/** The first number of the next block, as a column. */
export const nextBlock = `(SELECT last_value + CASE WHEN is_called THEN ${blockSize} ELSE 0 END FROM report_block)`;

/** What takes the numbers of reports. @param onTaken told a number below which all have been taken */
export function blocksOf(
  connector: Pick<Connector, "writer" | "why">,
  onTaken: (number: number) => void,
): Pick<NumbersParts, "take" | "newest"> {
  const query = async (statement: Statement): Promise<Rows> => {
    const { writer } = connector;
    if (writer === null) throw new Lost(connector.why);
    return writer.query(...statement);
  };
  return {
    take: async (count) => {
      const rows = await query(taking("report_block", count));
      const blocks = rows.map(({ number }) => number as number);
      onTaken(blocks.at(-1) as number);
      return blocks;
    },
    newest: async () => {
      const [row] = await query(["SELECT last_value::float8 AS number FROM report_block"]);
      return row?.["number"] as number;
    },
  };
}
