// The file of an import, line by line. No message contains a password.

import { describe, expect, setDefaultTimeout, test } from "bun:test";
import {
  type ImportedDevice,
  type ImportLine,
  readImportFile,
} from "../../../lib/cli/server/import-file.ts";
import { refusalOf } from "../../store/sqlite/store-fixtures.ts";
import { testTimeoutMs } from "../../e2e/polling.ts";

setDefaultTimeout(testTimeoutMs);

const heading = "id,password,mac,ip,port\n";
const mac = "aa:bb:cc:dd:ee:01";

function read(text: string): ImportLine[] {
  return [...readImportFile([text], "devices.csv").lines];
}

function refusals(text: string): string[] {
  return read(text).flatMap((line) => ("reason" in line ? `${line.line}: ${line.reason}` : []));
}

function devices(text: string): ImportedDevice[] {
  return read(text).flatMap((line) => ("id" in line ? line : []));
}

describe("the file", () => {
  test("columns in any order and case, extra columns, BOM and CRLF", () => {
    const text =
      "\ufeffPort, MAC ,note,id,Password,ip\r\n2000,aa:bb:cc:dd:ee:01, hello ,dev-1,secret,10.0.0.1\r\n";
    expect(read(text)).toEqual([
      {
        line: 2,
        id: "dev-1",
        password: "secret",
        hash: null,
        mac: "aa:bb:cc:dd:ee:01",
        ip: "10.0.0.1",
        port: 2000,
        labels: [],
      },
    ]);
  });

  test("spaces around a value are removed, and an IP becomes canonical", () => {
    const [only] = devices(`${heading} d1 ,pw, aa:bb:cc:dd:ee:01 , 2001:DB8:0:0::1 , 9 \n`);
    expect(only).toMatchObject({ id: "d1", mac: "aa:bb:cc:dd:ee:01", ip: "2001:db8::1", port: 9 });
  });

  test("a password keeps its spaces if it is in quotes, and is refused with spaces otherwise", () => {
    expect(devices(`${heading}d1," a ""b"", c ",${mac},10.0.0.1,9\n`)[0]?.password).toBe(
      ' a "b", c ',
    );
    expect(refusals(`${heading}d1, secret,${mac},10.0.0.1,9\n`)).toEqual([
      "2: password has a space around it: put it in quotes if that is meant",
    ]);
  });

  test("a space behind each separator is none of the password; a further one is refused", () => {
    const spaced = (password: string) => `${heading}d1, ${password}, ${mac}, 10.0.0.1, 9\n`;
    expect(devices(spaced("pw"))[0]).toMatchObject({ password: "pw", mac, ip: "10.0.0.1" });
    expect(devices(spaced('" pw"'))[0]).toMatchObject({ password: " pw" });
    for (const password of [" pw", "pw "]) expect(refusals(spaced(password))).toHaveLength(1);
  });

  test.each([";", "\t", ","])("fields may have %j between them", (separator) => {
    const text = [
      ["ID", "Password", "MAC", "IP", "Port", "Name"],
      ["d1", `"a,;""b"`, mac, "10.0.0.1", "9", "Cold room"],
    ];
    const [only] = devices(text.map((row) => row.join(separator)).join("\r\n"));
    expect(only).toMatchObject({ id: "d1", password: `a,;"b`, port: 9 });
    expect(only?.labels).toEqual([{ key: "name", value: "Cold room" }]);
  });

  test("labels are columns by their names or behind label.; an empty one changes nothing", () => {
    const text = `id,password,mac,ip,port,Area,unit.temp,label.floor,comment\nd1,pw,${mac},10.0.0.1,9,Kitchen,°C,,ha\n`;
    const file = readImportFile([text], "devices.csv");
    expect(file.ignored).toEqual(["comment"]);
    expect([...file.lines]).toMatchObject([
      {
        labels: [
          { key: "area", value: "Kitchen" },
          { key: "unit.temp", value: "°C" },
        ],
      },
    ]);
    expect(refusals(`id,password,mac,ip,port,area\nd1,pw,${mac},10.0.0.1,9,a|b\n`)).toEqual([
      "2: area is wrong at position 2, where a printable character other than , | = is expected",
    ]);
  });

  const hashOf = (costs: string) =>
    `$argon2id$v=19$${costs}$c29tZSByYW5kb20gc2FsdA$8WJ2PPP1r6kqKwbz4vlLEsOdKkOZ5y0lOJ0yAxKqBPI`;

  test("a hash stands for the password, if its costs are no burden", () => {
    const line = (hash: string, password = "") =>
      `id,hash,password,mac,ip,port\nd1,"${hash}",${password},${mac},10.0.0.1,9\n`;
    const good = hashOf("m=65536,t=3,p=4");
    expect(devices(line(good))[0]).toMatchObject({ hash: good, password: null });
    expect(devices(line("", "pw"))[0]).toMatchObject({ hash: null, password: "pw" });
    const bad = [
      "m=65537,t=3,p=4",
      "m=19456,t=11,p=1",
      "m=19456,t=0,p=1",
      "m=16,t=1,p=4",
      "m=1,t=1",
    ];
    for (const hash of [
      ...bad.map(hashOf),
      good.replace("argon2id", "argon2i"),
      good.slice(0, -1),
    ]) {
      expect(refusals(line(hash, "pw"))[0]).toStartWith("2: hash must be argon2id");
    }
  });

  test("empty lines are skipped and counted", () => {
    expect(refusals(`${heading}\n   \n\r\nx\n`)).toEqual(["5: 1 field, not 5"]);
  });

  const wrong: readonly (readonly [line: string, says: string])[] = [
    [`d1,secret,${mac},10.0.0.1`, "2: 4 fields, not 5"],
    [`d1,secret,${mac},10.0.0.1,9,`, "2: 6 fields, not 5"],
    [
      `server,secret,${mac},10.0.0.1,9`,
      "2: id must be 1 to 64 of A-Z a-z 0-9 . _ : -, and neither server nor -",
    ],
    [
      `d/1,secret,${mac},10.0.0.1,9`,
      "2: id must be 1 to 64 of A-Z a-z 0-9 . _ : -, and neither server nor -",
    ],
    [
      `,secret,${mac},10.0.0.1,9`,
      "2: id must be 1 to 64 of A-Z a-z 0-9 . _ : -, and neither server nor -",
    ],
    [`d1,,${mac},10.0.0.1,9`, "2: password must be 1 to 128 bytes without control characters"],
    ["d1,secret,a b,10.0.0.1,9", "2: mac must be six pairs, such as aa:bb:cc:dd:ee:ff"],
    ["d1,secret,pass1,10.0.0.1,9", "2: mac must be six pairs, such as aa:bb:cc:dd:ee:ff"],
    ["d1,secret,aa:bb:cc:dd:ee,10.0.0.1,9", "2: mac must be six pairs, such as aa:bb:cc:dd:ee:ff"],
    [`d1,secret,${mac},10.0.0.256,9`, "2: ip must be an IPv4 or IPv6 literal"],
    [`d1,secret,${mac},localhost,9`, "2: ip must be an IPv4 or IPv6 literal"],
    [`d1,secret,${mac},10.0.0.1,0`, "2: port must be 1 to 65535, decimal without leading zeros"],
    [
      `d1,secret,${mac},10.0.0.1,65536`,
      "2: port must be 1 to 65535, decimal without leading zeros",
    ],
    [`d1,secr\ufffdet,${mac},10.0.0.1,9`, "2: password is not UTF-8"],
    [`d1,"secret"x,${mac},10.0.0.1,9`, "2: text after a closing quote"],
    [`d1,"secret,${mac},10.0.0.1,9`, "2: a quote is never closed"],
    [`d1,"secret\n",${mac},10.0.0.1`, "2: 4 fields, not 5 (to line 3)"],
  ];
  for (const [line, says] of wrong) {
    test(`refused: ${JSON.stringify(line)}`, () => {
      const text = `${heading}${line}\nd9,other,${mac},10.0.0.9,9\n`;
      expect(refusals(text)).toEqual([says]);
      expect(says).not.toContain("secret");
      expect(devices(text).map(({ id }) => id)).toEqual(["d9"]);
    });
  }

  test("of two lines with the same id the later one is refused, however far apart they are", () => {
    const text = `${heading}d1,a,${mac},10.0.0.1,9\nd2,a,${mac},10.0.0.2,9\nd1,b,${mac},10.0.0.1,9\n`;
    expect(refusals(text)).toEqual(["4: this id is on line 2 already"]);
  });

  test.each([
    ["", "no column id, mac, ip, port, password or hash"],
    ["id,password,mac,ip\n", "no column port"],
    ["id;mac;ip;port\n", "It has id, mac, ip, port, separated by semicolons."],
    ["d1,hunter2,10.0.0.1\n", "Its first line names none of them."],
    ["id,password,mac,ip,port,id\n", "two columns id"],
    ["id,password,mac,ip,port,label.Ö\n", "a column for the label ö"],
    ["id,password,mac,ip,port,name,label.name\n", "two columns"],
    ['"id,password\n', "no column"],
  ])("a heading with missing or repeated columns is refused: %j", async (text, says) => {
    expect(await refusalOf(() => read(text))).toBe("import-heading");
    expect(() => read(text)).toThrow(says);
  });

  test("lines are read one by one as they are needed", () => {
    const asked = { lines: 0 };
    function* pieces(): Generator<string> {
      yield heading;
      for (; asked.lines < 10_000; asked.lines++) {
        yield `d${asked.lines},pw,${mac},10.0.0.1,9\n`;
      }
    }
    const { lines } = readImportFile(pieces(), "devices.csv");
    for (let i = 0; i < 10; i++) expect(lines.next().value).toMatchObject({ id: `d${i}` });
    expect(asked.lines).toBeLessThan(20);
    expect([...lines]).toHaveLength(9_990);
  });
});
