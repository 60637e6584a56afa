// The rows of `registrar`: what REGISTER, DEREGISTER and LOGIN are decided on, and what they change. Calls the rules of
// the verbs; decides nothing itself.

import type { Database, Statement } from "bun:sqlite";
import { comparableMac } from "../protocol/fields.ts";
import type { DeviceFacts, Operation, Outcome } from "../server/operation.ts";
import { decideDeregister } from "../server/verbs/deregister.ts";
import { decideLogin, type LoginDecision } from "../server/verbs/login.ts";
import { decideRegister, type DeviceRow } from "../server/verbs/register.ts";

type RegisterOperation = Extract<Operation, { kind: "register" }>;
type DeregisterOperation = Extract<Operation, { kind: "deregister" }>;
type LoginOperation = Extract<Operation, { kind: "login" }>;

export class DeviceRows {
  readonly #byId: Statement<DeviceRow>;
  readonly #ipHolder: Statement<{ id: string }>;
  readonly #macHolder: Statement<{ id: string }>;
  readonly #insert: Statement;
  readonly #update: Statement;
  readonly #remove: Statement;

  /** @param sharedIp whether an IP may belong to several devices with different ports */
  constructor(
    database: Database,
    private readonly sharedIp: boolean,
  ) {
    this.#byId = database.prepare(
      "SELECT id, mac, ip, port, password AS hash FROM registrar WHERE id = ?",
    );
    this.#ipHolder = database.prepare(
      `SELECT id FROM registrar WHERE ip = ?1 AND id <> ?2 ${sharedIp ? "AND port = ?3" : ""} LIMIT 1`,
    );
    this.#macHolder = database.prepare(
      "SELECT id FROM registrar WHERE mac_key = ? AND id <> ? LIMIT 1",
    );
    this.#insert = database.prepare(
      `INSERT INTO registrar (id, mac, mac_key, ip, port, password, registered, updated)
       VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?7)`,
    );
    this.#update = database.prepare(
      "UPDATE registrar SET ip = ?, port = ?, updated = ? WHERE id = ?",
    );
    this.#remove = database.prepare("DELETE FROM registrar WHERE id = ?");
  }

  /** The device of this id, or null. */
  get(id: string): DeviceRow | null {
    return this.#byId.get(id);
  }

  register({ device, proof, at }: RegisterOperation): Outcome {
    const own = this.get(device.id);
    const decision = decideRegister(device, proof, {
      own,
      ipTaken: this.#isIpTaken(device),
      macTaken: this.#macHolder.get(comparableMac(device.mac), device.id) !== null,
    });
    if (decision.kind === "need") return decision;
    const { id, mac, ip, port } = device;
    if (decision.store === "insert") {
      this.#insert.run(id, mac, comparableMac(mac), ip, port, decision.hash, at);
    } else if (decision.store === "update") {
      this.#update.run(ip, port, at, id);
    }
    return { kind: "done", code: decision.code, session: 0, hash: decision.hash };
  }

  deregister({ device, proof }: DeregisterOperation): Outcome {
    const own = this.get(device.id);
    const decision = decideDeregister(device, proof, own);
    if (decision.kind === "need") return decision;
    if (decision.remove) this.#remove.run(device.id);
    return { kind: "done", code: decision.code, session: 0, hash: null };
  }

  /** What LOGIN comes to, with the stored hash; the session is the caller's. */
  login({ id, proof }: LoginOperation): LoginDecision & { readonly hash: string | null } {
    const own = this.get(id);
    return { ...decideLogin(proof, own), hash: own?.hash ?? null };
  }

  #isIpTaken({ ip, id, port }: DeviceFacts): boolean {
    const holder = this.sharedIp ? this.#ipHolder.get(ip, id, port) : this.#ipHolder.get(ip, id);
    return holder !== null;
  }
}
