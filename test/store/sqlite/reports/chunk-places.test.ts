// The places of a chunk against a Map of lists: after any additions and undos both have the same content.

import { expect, setDefaultTimeout, test } from "bun:test";
import { ChunkPlaces, chunkSize } from "../../../../lib/store/sqlite/reports/chunk-places.ts";
import { newDraw } from "../../fixtures.ts";
import { testTimeoutMs } from "../../../e2e/polling.ts";

setDefaultTimeout(testTimeoutMs);

const names = Array.from({ length: 40 }, (_, i) => `device-${i}`);

function expectSame(places: ChunkPlaces, model: Map<string, number[]>): void {
  for (const name of [...names, "nobody"]) {
    const own = model.get(name) ?? [];
    expect(Array.from(places.of(name))).toEqual(own);
    expect(Array.from(places.newestOf(name))).toEqual(own.toReversed());
  }
  const bySlot = Array.from({ length: places.slots }, (_, slot) => [
    places.deviceAt(slot),
    Array.from(places.at(slot)),
  ]);
  const known = bySlot.filter(([, own]) => (own as number[]).length > 0);
  expect(new Map(known as [string, number[]][])).toEqual(model);
}

test.each([1, 2, 3, 4, 5])("places are added with gaps and undone: seed %d", (seed) => {
  const draw = newDraw(seed);
  const places = new ChunkPlaces();
  const model = new Map<string, number[]>();
  let next = draw(500);
  for (let step = 0; step < 3_000 && next < chunkSize; step++) {
    if (draw(100) === 0) {
      next = Math.max(0, next - draw(60));
      places.undoFrom(next);
      for (const [name, own] of model) {
        const kept = own.filter((place) => place < next);
        if (kept.length > 0) model.set(name, kept);
        else model.delete(name);
      }
    }
    const name = names[draw(names.length)] as string;
    const own = model.get(name) ?? [];
    // The hint of the device's previous place may be right, another device's, or out of range.
    const hints = [own.at(-1) ?? -1, draw(next + 1), -1, -draw(chunkSize), next + 1, chunkSize + 7];
    places.add(name, next, hints[draw(hints.length)] as number, next);
    model.set(name, [...own, next]);
    next += draw(20) === 0 ? 1 + draw(300) : 1;
    if (step % 500 === 0) expectSame(places, model);
  }
  expectSame(places, model);
});

test("a chunk in which every report has another device", () => {
  const places = new ChunkPlaces();
  for (let place = 0; place < chunkSize; place++) places.add(`d${place}`, place, place - 1, 0);
  expect(places.slots).toBe(chunkSize);
  for (const place of [0, 1, 255, 256, chunkSize - 1]) {
    expect(Array.from(places.of(`d${place}`))).toEqual([place]);
  }
});

test("a chunk of one device", () => {
  const places = new ChunkPlaces();
  for (let place = 0; place < chunkSize; place++) places.add("one", place, place - 1, 0);
  expect(places.slots).toBe(1);
  expect(places.of("one")).toEqual(Uint16Array.from({ length: chunkSize }, (_, i) => i));
});

test("a report with an earlier time than the one before it of the same device is told", () => {
  const places = new ChunkPlaces();
  const add = (device: string, place: number, at: number) => places.add(device, place, -1, at);
  expect([add("a", 0, 10), add("b", 1, 5), add("a", 2, 10), add("b", 3, 6)]).toEqual([
    true,
    true,
    true,
    true,
  ]);
  expect([add("a", 4, 9), add("a", 5, 9)]).toEqual([false, true]);
});
