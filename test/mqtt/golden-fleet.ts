// Devices as there are, and as somebody could make them: what Home Assistant is told of each must be accepted. Data only.

import type { Discovered } from "../../lib/mqtt/discovery.ts";

type Golden = Omit<Discovered, "fields" | "labels"> & {
  readonly labels?: Readonly<Record<string, string>>;
  /** Reports, oldest first. */
  readonly reports: readonly string[];
};

function device(id: string, reports: readonly string[], more: Partial<Golden> = {}): Golden {
  return { id, mac: "52:54:00:12:34:56", takesCommands: true, reports, ...more };
}

export const goldenFleet: readonly Golden[] = [
  device("kitchen.th:1", ["temp=21.5°C hum=40%"], {
    labels: { name: "Cold room", area: "Kitchen", model: "th-2" },
  }),
  device("pi1", ["21.5"]),
  device("a.b", ["temp=1"]),
  device("a_b", ["temp=2"]),
  device("a-b", ["temp=3"]),
  device("bridge", ["value=4", "5"]),
  device("meter", ["power=230W energy=12.5kWh u=229.8V i=1.2A freq=50.01Hz total.energy=7Wh"]),
  device("weather", [
    "p=1013hPa lux=120lx rssi=-71dBm flow=1.5m³/h co2=480ppm dust=3µg/m³ tempk=290K",
  ]),
  device("plant", ["soil=31% moisture=12% battery=88% hum=40% rh=41% load=12%"]),
  device("odd-units", ["x=1furlong y=2/s z=3m² co=1ppm ppm=7ppm"]),
  device("json", ['{"a":{"b":1,"c":[2,3]},"temp":4,"":5}']),
  device("names", [
    '{"online":1,"last_seen":2,"command":3,"b_reboot":4,"is_online":5,"__proto__":6,"constructor":7}',
  ]),
  device("quotes", ['{"a\\"b":1,"c\\\\d":2,"}}":3,"{% x %}":4,"ü ß":5,"\\n":6}']),
  device("toString", ["constructor=1hasOwn valueOf=2 hum=3constr"]),
  device("many", [Array.from({ length: 60 }, (_, i) => `f${i}=${i}`).join(" ")]),
  device("dead", ["temp=1°C", "hum=2%"], { mac: "no mac at all" }),
  device("dashes", ["1"], { mac: "52-54-00-AB-CD-EF" }),
  device("silent", ["all is well"], { takesCommands: false }),
  device("buttons", ["1"], { labels: { "ha.buttons": "reboot; blink 3 times;;blüh;reboot" } }),
  device("labelled", ["t=1 x=2 e=3"], {
    labels: { "unit.t": "°F", "unit.x": "µA", "unit.e": "kWh", area: "", name: "" },
  }),
  device("x".repeat(64), ["1"], { labels: { name: "n".repeat(64) } }),
];
