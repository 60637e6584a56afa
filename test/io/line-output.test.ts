// Standard output by lines, on a file that breaks, fills up and has room again when the test says so.

import { expect, setDefaultTimeout, test } from "bun:test";
import { LineOutput, type OutputFile } from "../../lib/io/line-output.ts";
import { testTimeoutMs } from "../e2e/polling.ts";

setDefaultTimeout(testTimeoutMs);

/** A pipe with room for some bytes. */
class FakePipe implements OutputFile {
  bytes = Buffer.alloc(0);
  room = Infinity;
  fault: string | null = null;

  get text(): string {
    return this.bytes.toString();
  }

  write(bytes: Uint8Array): number {
    if (this.fault !== null) throw Object.assign(new Error(this.fault), { code: this.fault });
    const some = bytes.subarray(0, Math.min(bytes.length, this.room));
    this.room -= some.length;
    this.bytes = Buffer.concat([this.bytes, some]);
    return some.length;
  }

  hasRoom(): boolean {
    return this.room >= 4_096;
  }
}

test("lines wait for each other up to the size of the buffer, and none is left at the end", () => {
  const pipe = new FakePipe();
  const output = new LineOutput(8, pipe);
  output.write("one");
  expect(pipe.text).toBe("");
  output.write("two");
  output.write("x");
  expect(pipe.text).toBe("one\ntwo\n");
  expect(output.end()).toBeNull();
  expect(pipe.text).toBe("one\ntwo\nx\n");
});

test.each([
  ["ENOSPC", "output-broken", 5],
  ["EPIPE", "reader-gone", 141],
])("by default %s ends the command, also at every later line", (fault, code, exit) => {
  const pipe = new FakePipe();
  const output = new LineOutput(0, pipe);
  pipe.fault = fault;
  for (let i = 0; i < 2; i++) {
    expect(() => output.write("line")).toThrow(expect.objectContaining({ code, exit }));
  }
  expect(output.end()).toMatchObject({ code, exit });
});

test.each(["ENOSPC", "EPIPE"])(
  "a command with other work goes on after %s, and prints no more",
  (fault) => {
    const pipe = new FakePipe();
    const output = new LineOutput(0, pipe);
    output.policy = "go on";
    output.write("one");
    pipe.fault = fault;
    output.write("two");
    pipe.fault = null;
    output.write("three");
    expect(pipe.text).toBe("one\n");
    expect(output.end()).toMatchObject({ code: "output-broken", exit: 5 });
  },
);

test("an agent does not wait for a stalled reader; what it holds comes when there is room", () => {
  const pipe = new FakePipe();
  const output = new LineOutput(0, pipe);
  output.policy = "never wait";
  pipe.room = 0;
  output.write("one");
  output.write("two");
  expect(pipe.text).toBe("");
  pipe.room = 10_000;
  output.write("three");
  expect(pipe.text).toBe("one\ntwo\nthree\n");
  expect(output.end()).toBeNull();
});

test("what is held for a stalled reader has a bound, and its end says how many lines are missing", () => {
  const pipe = new FakePipe();
  const output = new LineOutput(0, pipe);
  output.policy = "never wait";
  pipe.room = 0;
  const line = "x".repeat(1_023);
  for (let i = 0; i < 2_000; i++) output.write(line);
  pipe.room = Infinity;
  output.flush();
  expect(pipe.text.length).toBe(1 << 20);
  expect(output.end()?.message).toContain("976 lines of the output are missing");
});

test("a reader that stalls inside a character gets the rest of it later", () => {
  const pipe = new FakePipe();
  const output = new LineOutput(0, pipe);
  output.policy = "never wait";
  // One piece of 4 KiB ends inside an "é" of two bytes.
  const line = `a${"é".repeat(4_000)}`;
  pipe.room = 4_096;
  output.write(line);
  expect(pipe.bytes.length).toBe(4_096);
  pipe.room = Infinity;
  output.write("next");
  expect(pipe.text).toBe(`${line}\nnext\n`);
  expect(output.end()).toBeNull();
});
