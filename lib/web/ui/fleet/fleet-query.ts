// What the fleet page asks for, as its address has it and in words. Pure functions.

import {
  type DeviceOrder,
  deviceOrders,
  type PresenceFilter,
  presenceFilters,
} from "../../api/words.ts";
import { isSelector, searchOf } from "./filter-text.ts";

export type FleetQuery = {
  /** What is in the filter box: a selector, or a text to be searched for. */
  readonly text: string;
  readonly presence: PresenceFilter | "";
  readonly sort: DeviceOrder;
  /** Whose number is compared if it is sorted by `value`. */
  readonly field: string;
  /** Only devices that were not heard for so long, as `2h`; empty for all. */
  readonly unheard: string;
  /** Only devices with an alert that fires; empty for all. */
  readonly alerts: "firing" | "";
};

/** For how long a device was not heard, as the filter offers it. */
export const unheardChoices = [
  { age: "", words: "Heard any time" },
  { age: "15m", words: "Not heard for 15 min" },
  { age: "2h", words: "Not heard for 2 h" },
  { age: "1d", words: "Not heard for a day" },
  { age: "7d", words: "Not heard for a week" },
] as const;

/** The orders, with those of fields that have a column. */
export function ordersOf(fields: readonly string[]) {
  const value = (sort: DeviceOrder, way: string) =>
    fields.map((field) => ({ sort, field, words: `${field}, ${way}` }));
  const plain = (sort: DeviceOrder, words: string) => ({ sort, field: "", words });
  return [
    plain("id", "Id, A to Z"),
    plain("-id", "Id, Z to A"),
    plain("name", "Name, A to Z"),
    plain("-name", "Name, Z to A"),
    plain("area", "Area, A to Z"),
    plain("-area", "Area, Z to A"),
    plain("status", "Status, silent first"),
    plain("-status", "Status, online first"),
    plain("-lastSeen", "Last seen, newest first"),
    plain("lastSeen", "Last seen, oldest first"),
    ...value("-value", "highest first"),
    ...value("value", "lowest first"),
  ];
}

/** The query in an address; what it has wrong is left out. */
export function queryIn(parameters: URLSearchParams): FleetQuery {
  const word = (name: string) => parameters.get(name) ?? "";
  const age = word("unheard");
  return {
    text: word("q"),
    presence: presenceFilters.find((one) => one === word("presence")) ?? "",
    sort: deviceOrders.find((one) => one === word("sort")) ?? "id",
    field: word("field").slice(0, 128),
    unheard: /^\d{1,6}[smhd]$/.test(age) ? age : "",
    alerts: word("alerts") === "firing" ? "firing" : "",
  };
}

/** The parameters of an address, empty ones included. */
export function parametersOf({ text, presence, sort, field, unheard, alerts }: FleetQuery) {
  const isByValue = sort.endsWith("value");
  return {
    q: text,
    presence,
    unheard,
    alerts,
    sort: sort === "id" ? "" : sort,
    field: isByValue ? field : "",
  };
}

/** Whether a query leaves devices out. */
export function isNarrow({ text, presence, unheard, alerts }: FleetQuery): boolean {
  return text !== "" || presence !== "" || unheard !== "" || alerts !== "";
}

const filterWords: Readonly<Record<PresenceFilter, string>> = {
  online: " that are online",
  offline: " that are offline",
  silent: " that went silent",
  left: " that logged off",
  never: " that never logged in",
};

/** That a query finds nothing, in a sentence. */
export function noneWords({ text, presence, unheard, alerts }: FleetQuery): string {
  const of = presence === "" ? "" : filterWords[presence];
  const age = unheardChoices.find((one) => one.age === unheard)?.words.toLowerCase();
  const silent = unheard === "" ? "" : ` ${age ?? `not heard for ${unheard}`}`;
  const alarmed = alerts === "" ? "" : " with an alert";
  const which = `${alarmed}${of}${silent}`;
  if (text === "") return `There are no devices${which}.`;
  if (isSelector(text)) return `No devices${which} are ${text}.`;
  return `No devices${which} have “${text}” in their name, id, labels, MAC or IP.`;
}

/** What the server is asked for. */
export function askedFor({ text, sort, field, ...filters }: FleetQuery) {
  const isByValue = sort.endsWith("value");
  return { ...searchOf(text), ...filters, sort, field: isByValue ? field : "" };
}
