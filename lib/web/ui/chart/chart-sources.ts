// Asks for what a chart shows: the readings of its device and of others, with their names and units. Draws nothing.

import type { ChartJson, FieldsJson } from "../../api/shapes.ts";
import { get, Problem } from "../api.ts";
import type { ChartChoice } from "./chart-choice.ts";
import type { Band, Curve } from "./chart-data.ts";
import { nameOf } from "../labels/device-labels.ts";

/** A device of a chart. */
type Source = { readonly id: string; readonly name: string; readonly units: Units };
type Units = ReadonlyMap<string, string | null>;

/** What is drawn of a range. */
export type Loaded = {
  readonly from: number;
  readonly to: number;
  readonly curves: readonly Curve[];
  readonly bands: readonly Band[];
};

export class ChartSources {
  /** Other devices by id; null if there is none with it. */
  readonly #others = new Map<string, Source | null>();
  #units: Units = new Map();
  /** The colours of the curves that were drawn last, by their names: who stays keeps it. */
  #colours: ReadonlyMap<string, number> = new Map();

  constructor(private readonly id: string) {}

  /** The names of other devices, by id. */
  get names(): ReadonlyMap<string, string> {
    return new Map(
      Array.from(this.#others, ([id, source]) => [id, source?.name ?? `${id} (unknown)`]),
    );
  }

  /** The fields and states of the device. */
  async fields(): Promise<FieldsJson> {
    const found = await get("/devices/{id}/fields", { id: this.id });
    this.#units = unitsOf(found);
    return found;
  }

  /** Loads a range. @param points how many at most, of each curve */
  async load(
    { fields, states, devices }: ChartChoice,
    { from, to }: { readonly from: number; readonly to: number },
    points: number,
    signal: AbortSignal,
  ): Promise<Loaded> {
    const own = { id: this.id, name: "", units: this.#units };
    const others = await Promise.all(devices.map((id) => this.#other(id, signal)));
    const sources = [own, ...others].filter((source) => source !== null);
    const range = { from: new Date(from).toISOString(), to: new Date(to).toISOString() };
    const charts = await Promise.all(
      sources.map(async (source) => {
        const asked = { id: source.id, field: fields, state: states, ...range, points };
        return [source, await get("/devices/{id}/chart", asked, signal)] as const;
      }),
    );
    const curves = fields.flatMap((field, i) => {
      const usual = this.#units.get(field) ?? null;
      return charts.map(([source, chart]) => curveOf(source, chart, i, usual));
    });
    this.#colours = coloursOf(
      curves.map(({ key }) => key),
      this.#colours,
    );
    return {
      from,
      to,
      curves: curves.map(({ key, curve }) =>
        Object.assign(curve, { colour: this.#colours.get(key) ?? 0 }),
      ),
      bands: states.flatMap((_, i) => charts.map(([source, chart]) => bandOf(source, chart, i))),
    };
  }

  /** Another device; null if there is none with this id. */
  async #other(id: string, signal: AbortSignal): Promise<Source | null> {
    const known = this.#others.get(id);
    if (known !== undefined) return known;
    try {
      const [device, fields] = await Promise.all([
        get("/devices/{id}", { id }, signal),
        get("/devices/{id}/fields", { id }, signal),
      ]);
      const source = { id, name: nameOf(device), units: unitsOf(fields) };
      this.#others.set(id, source);
      return source;
    } catch (error) {
      if (!(error instanceof Problem && error.status === 404)) throw error;
      this.#others.set(id, null);
      return null;
    }
  }
}

function unitsOf({ fields }: FieldsJson): Units {
  return new Map(fields.map(({ name, unit }) => [name, unit]));
}

/**
 * The colours of curves: those that had one keep it, the others get the lowest that is free.
 * @param before colours by the keys of curves
 */
export function coloursOf(
  keys: readonly string[],
  before: ReadonlyMap<string, number>,
): ReadonlyMap<string, number> {
  const kept = keys.flatMap((key) => before.get(key) ?? []);
  const free = keys.map((_, place) => place).filter((place) => !kept.includes(place));
  return new Map(keys.map((key) => [key, before.get(key) ?? free.shift() ?? 0]));
}

/** A curve without its colour, and what tells it from others. @param usual the unit if the device has none for it */
function curveOf(
  { id, name, units }: Source,
  { series }: ChartJson,
  i: number,
  usual: string | null,
): { readonly key: string; readonly curve: Omit<Curve, "colour"> } {
  const points = series[i]!;
  const { field } = points;
  const unit = units.get(field) ?? usual;
  const scale = unit === null ? `field ${field}` : `unit ${unit}`;
  const curve = { words: wordsOf(field, name), field, unit, scale, points };
  return { key: `${id}\n${field}`, curve };
}

function bandOf({ name }: Source, { states }: ChartJson, i: number): Band {
  const points = states[i]!;
  return { words: wordsOf(points.field, name), points };
}

/** @param name of another device; empty for the device of the page */
function wordsOf(field: string, name: string): string {
  return name === "" ? field : `${field} · ${name}`;
}
