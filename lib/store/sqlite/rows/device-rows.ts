// Owns the rows of `registrar`: reads what REGISTER, DEREGISTER, LOGIN and RESUME are decided on, and writes what they
// change. Never decides: it calls the rules of the verbs.

import type { Database, Statement } from "bun:sqlite";
import { ack, type AckCode } from "../../../protocol/codes.ts";
import { comparableMac } from "../../../protocol/fields.ts";
import type { DeviceFacts, Found, Operation, Outcome, Touch } from "../../../server/operation.ts";
import type { Policy } from "../../../server/policy.ts";
import { decideDeregister } from "../../../server/verbs/deregister.ts";
import { decideLogin, type LoginDecision } from "../../../server/verbs/login.ts";
import { decideResume } from "../../../server/verbs/resume.ts";
import { decideRegister, type DeviceRow } from "../../../server/verbs/register.ts";
import { prepare } from "../file/statements.ts";

type RegisterOperation = Extract<Operation, { kind: "register" }>;
type DeregisterOperation = Extract<Operation, { kind: "deregister" }>;
type LoginOperation = Extract<Operation, { kind: "login" }>;
type ResumeOperation = Extract<Operation, { kind: "resume" }>;
type StoredRow = Omit<DeviceRow, "textLocked"> & { readonly textLocked: number };

type LoginFacts = { readonly hash: string | null };

export class DeviceRows {
  readonly #byId: Statement<StoredRow>;
  readonly #ipHolder: Statement<{ id: string }>;
  readonly #macHolder: Statement<{ id: string }>;
  readonly #insert: Statement;
  readonly #update: Statement;
  readonly #remove: Statement;
  readonly #seal: Statement;
  readonly #allowText: Statement;
  readonly #countRepeats: Statement;

  constructor(
    database: Database,
    private readonly policy: Pick<Policy, "sharedIp" | "keyPolicy">,
  ) {
    this.#byId = prepare(
      database,
      `SELECT id, mac, ip, port, password AS hash, sealed_key AS sealedKey, stored_proof AS storedProof,
              text_locked AS textLocked FROM registrar WHERE id = ?`,
    );
    this.#ipHolder = prepare(
      database,
      `SELECT id FROM registrar WHERE ip = ?1 AND id <> ?2 ${policy.sharedIp ? "AND port = ?3" : ""} LIMIT 1`,
    );
    this.#macHolder = prepare(
      database,
      "SELECT id FROM registrar WHERE mac_key = ? AND id <> ? LIMIT 1",
    );
    this.#insert = prepare(
      database,
      `INSERT INTO registrar (id, mac, mac_key, ip, port, password, registered, updated, first_session)
       VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?7,
         coalesce((SELECT seq + 1 FROM sqlite_sequence WHERE name = 'login'), 0))`,
    );
    this.#update = prepare(
      database,
      "UPDATE registrar SET ip = ?, port = ?, updated = ? WHERE id = ?",
    );
    this.#remove = prepare(database, "DELETE FROM registrar WHERE id = ?");
    this.#seal = prepare(
      database,
      "UPDATE registrar SET sealed_key = ?, stored_proof = ?, text_locked = 1 WHERE id = ?",
    );
    this.#countRepeats = prepare(
      database,
      "UPDATE registrar SET repeats = repeats + ? WHERE id = ?",
    );
    this.#allowText = prepare(database, "UPDATE registrar SET text_locked = 0 WHERE id = ?");
  }

  /** The device with this id, or null. */
  get(id: string): DeviceRow | null {
    const row = this.#byId.get(id);
    return row === null ? null : { ...row, textLocked: row.textLocked !== 0 };
  }

  /** Whether there is a device of this id, and whether it may speak text. */
  find(id: string): Found {
    const row = this.get(id);
    return {
      kind: "found",
      known: row !== null,
      report: null,
      textLocked: row?.textLocked === true,
    };
  }

  /** Carries out REGISTER, as its rule decides. */
  register(operation: RegisterOperation): Outcome {
    const { device, at } = operation;
    const own = this.get(device.id);
    const decision = decideRegister(operation, this.policy.keyPolicy, {
      own,
      ipHolder: this.#ipHolderOf(device, own),
      macHolder: this.#macHolder.get(comparableMac(device.mac), device.id)?.id ?? null,
    });
    if (decision.kind === "need") return decision;
    const { id, mac, ip, port } = device;
    if (decision.store === "insert") {
      this.#insert.run(id, mac, comparableMac(mac), ip, port, decision.hash, at);
    } else if (decision.store === "update") {
      this.#update.run(ip, port, at, id);
    }
    const { code, hash, holder } = decision;
    return { kind: "done", code, session: 0, hash, holder };
  }

  /** Carries out DEREGISTER, as its rule decides; the caller ends the session. */
  deregister({ device, proof, clientKey }: DeregisterOperation): Outcome {
    const own = this.get(device.id);
    const decision = decideDeregister(device, proof, clientKey, this.policy.keyPolicy, own);
    if (decision.kind === "need") return decision;
    if (decision.remove) this.#remove.run(device.id);
    return { kind: "done", code: decision.code, session: 0, hash: null };
  }

  /**
   * The decision on LOGIN, and the stored hash. A successful sealed LOGIN stores the client key and the proof of its
   * ticket. The caller opens the session.
   */
  login({ id, proof, seal }: LoginOperation): LoginDecision & LoginFacts {
    const own = this.get(id);
    const decision = decideLogin(proof, seal?.clientKey ?? null, this.policy.keyPolicy, own);
    const isIn = decision.kind === "done" && decision.code === ack.loggedIn;
    if (isIn && seal !== null) this.#seal.run(seal.clientKey, seal.storedProof, id);
    return { ...decision, hash: own?.hash ?? null };
  }

  /** The decision on RESUME. The caller opens the session. */
  resume({ id, clientKey, shown }: ResumeOperation): AckCode {
    return decideResume(clientKey, shown, this.get(id));
  }

  /** Adds to the counts of repeated reports. */
  countRepeats(touches: readonly Touch[]): void {
    for (const { device, repeats } of touches) {
      if (repeats > 0) this.#countRepeats.run(repeats, device);
    }
  }

  /** Deletes a device; returns whether it existed. */
  remove(id: string): boolean {
    return this.#remove.run(id).changes > 0;
  }

  /** Allows a device to use text messages again; returns whether it exists. */
  allowText(id: string): boolean {
    return this.#allowText.run(id).changes > 0;
  }

  /**
   * Another device that has the IP, or with `sharedIp` the IP and port; or null. Without `sharedIp`, a device may keep its
   * own IP even if another one has it too: devices may share one from an earlier setting or from the original system.
   */
  #ipHolderOf({ ip, id, port }: DeviceFacts, own: DeviceRow | null): string | null {
    if (own?.ip === ip && !this.policy.sharedIp) return null;
    const holder = this.policy.sharedIp
      ? this.#ipHolder.get(ip, id, port)
      : this.#ipHolder.get(ip, id);
    return holder?.id ?? null;
  }
}
