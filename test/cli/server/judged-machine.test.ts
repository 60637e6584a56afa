// What `iot-server doctor` makes of the facts of a machine, and how it prints what it found.

import { expect, setDefaultTimeout, test } from "bun:test";
import { type Finding, fine, printFindings } from "../../../lib/cli/server/findings.ts";
import {
  judgeBuffer,
  judgeClock,
  judgeFiles,
  judgeRights,
  judgeRoom,
} from "../../../lib/cli/server/judged-machine.ts";
import { testTimeoutMs } from "../../e2e/polling.ts";

setDefaultTimeout(testTimeoutMs);

const now = Date.UTC(2026, 10, 22, 9, 15);

test.each([
  ["a clock that is kept right", judgeClock(true, now), "ok"],
  ["a clock of which nothing is known", judgeClock(null, now), "ok"],
  ["a clock that nobody keeps right", judgeClock(false, now), "warning"],
  ["a clock of 1970", judgeClock(true, 7_000), "bad"],
  ["room", judgeRoom("/srv", { bytes: 5e9, share: 0.5 }), "ok"],
  ["little room", judgeRoom("/srv", { bytes: 5e8, share: 0.05 }), "warning"],
  ["no room", judgeRoom("/srv", { bytes: 5e7, share: 0.01 }), "bad"],
  ["unknown room", judgeRoom("/srv", null), "ok"],
  ["a folder that can be written", judgeRights("/srv", null, "--db"), "ok"],
  ["one that cannot", judgeRights("/srv", "EACCES", "--db"), "bad"],
  ["a small buffer", judgeBuffer(212_992, false), "warning"],
  ["a small buffer of root, who may exceed it", judgeBuffer(212_992, true), "ok"],
  ["a large buffer", judgeBuffer(8 << 20, false), "ok"],
  ["few files", judgeFiles(1_024), "warning"],
  ["many files", judgeFiles(65_536), "ok"],
])("%s", (_, finding, grade) => {
  expect(finding.grade).toBe(grade as Finding["grade"]);
  expect(finding.nextStep === null).toBe(grade === "ok");
});

test("a finding is a line, its next step another, and only a bad one is a failure", () => {
  const warning = judgeRoom("/s\u001b", { bytes: 5e8, share: 0.05 });
  const bad = judgeRights("/srv", "EROFS", "--log-dir");
  const print = (findings: readonly Finding[], json = false) => {
    const lines: string[] = [];
    const exit = printFindings(findings, json, (line) => void lines.push(line));
    return { exit, lines };
  };
  expect(print([fine("port", "9000/udp is free"), warning])).toEqual({
    exit: 0,
    lines: [
      "ok       port       9000/udp is free",
      "warning  disk       /s\\x1b: 500 MB free, 5%",
      "                    Make room, or keep less: --retain 90d.",
    ],
  });
  expect(print([bad]).exit).toBe(1);
  const { lines } = print([bad, warning], true);
  expect(lines.map((line): unknown => JSON.parse(line))).toEqual([bad, warning]);
});
