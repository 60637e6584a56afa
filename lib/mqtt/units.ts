// What Home Assistant may be told of a unit: the class of a sensor, and whether its numbers can be summed up over time. Never
// names a class that does not have the unit: the sensor would not appear.

/** How a number with a unit is described; null: not at all. */
export type Measured = {
  readonly unit: string | null;
  readonly deviceClass: string | null;
  readonly stateClass: "measurement" | "total_increasing";
};

/** Units that say by themselves what was measured. */
const classes: Readonly<Record<string, string>> = {
  "°C": "temperature",
  "°F": "temperature",
  K: "temperature",
  hPa: "atmospheric_pressure",
  W: "power",
  kW: "power",
  Wh: "energy",
  kWh: "energy",
  V: "voltage",
  mV: "voltage",
  A: "current",
  mA: "current",
  lx: "illuminance",
  dBm: "signal_strength",
  Hz: "frequency",
  "m³/h": "volume_flow_rate",
};

/** Units that say it only together with the last word of the name. */
const classesByName: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  "%": {
    humidity: "humidity",
    hum: "humidity",
    rh: "humidity",
    battery: "battery",
    bat: "battery",
    moisture: "moisture",
    soil: "moisture",
  },
  ppm: { co2: "carbon_dioxide", co: "carbon_monoxide" },
};

const unitCharsMax = 16;

/**
 * Describes the numbers of a field.
 * @param unit as a device or an operator has written it; null for none
 */
export function measuredOf(field: string, unit: string | null): Measured {
  const plain: Measured = { unit: null, deviceClass: null, stateClass: "measurement" };
  if (unit === null || unit === "" || unit.length > unitCharsMax) return plain;
  // The micro sign has two code points; Home Assistant knows the Greek letter only.
  const known = unit.replaceAll("\u00b5", "\u03bc");
  const word = field
    .split(/[._:\- ]/)
    .at(-1)
    ?.toLowerCase();
  const byName = ownOf(classesByName, known);
  const deviceClass =
    ownOf(classes, known) ?? (byName === null ? null : ownOf(byName, word ?? "")) ?? null;
  const stateClass = deviceClass === "energy" ? "total_increasing" : "measurement";
  return { unit: known, deviceClass, stateClass };
}

function ownOf<Value>(table: Readonly<Record<string, Value>>, key: string): Value | null {
  return Object.hasOwn(table, key) ? (table[key] as Value) : null;
}
