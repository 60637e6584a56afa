// Debian's mosquitto for the tests of the bridge: each has a folder and a port of its own. Stopped by who started it. Knows nothing
// of the bridge.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { makeCertificates } from "./certificates.ts";
import { freePort } from "./e2e/server-process.ts";
import { until } from "./e2e/polling.ts";

/** How a broker is set up. */
export type MosquittoOptions = {
  /** Lines of its configuration besides the listener. */
  readonly settings?: readonly string[];
  /** Whether it listens with TLS, with a certificate of its own authority (`ca.pem` in its folder). */
  readonly tls?: boolean;
  readonly port?: number;
};

/** A line that a subscriber got. */
export type Heard = { readonly topic: string; readonly payload: string; readonly retain: boolean };

export class Mosquitto implements AsyncDisposable {
  readonly folder = mkdtempSync(join(tmpdir(), "mosquitto-"));
  #process: Bun.Subprocess | null = null;

  private constructor(
    readonly port: number,
    private readonly options: MosquittoOptions,
  ) {}

  /** @throws if mosquitto is not installed: it is needed, and the words say what to install */
  static async start(options: MosquittoOptions = {}): Promise<Mosquitto> {
    const broker = new Mosquitto(options.port ?? (await freePort()), options);
    if (options.tls === true) makeCertificates(broker.folder);
    await broker.start();
    return broker;
  }

  get pid(): number {
    return this.#process?.pid ?? 0;
  }

  async start(): Promise<void> {
    this.configure(this.options.settings ?? ["allow_anonymous true"]);
    this.#process = Bun.spawn([programPath("mosquitto"), "-c", join(this.folder, "conf")], {
      cwd: this.folder,
      stdio: ["ignore", Bun.file(join(this.folder, "log")), Bun.file(join(this.folder, "log2"))],
    });
    await until("mosquitto", async () => {
      if (this.#process?.exitCode !== null) throw new Error(`mosquitto failed:\n${this.log()}`);
      return await isListening(this.port);
    });
  }

  /** Writes its configuration, which it reads again after SIGHUP. */
  configure(settings: readonly string[]): void {
    const tls = [`certfile ${this.folder}/server.pem`, `keyfile ${this.folder}/server.key`];
    const lines = [
      "user root",
      "persistence false",
      "log_dest stderr",
      "max_queued_messages 1000",
      ...settings.filter((line) => line.startsWith("per_listener")),
      `listener ${this.port} 127.0.0.1`,
      ...(this.options.tls === true ? tls : []),
      ...settings.filter((line) => !line.startsWith("per_listener")),
    ];
    writeFileSync(join(this.folder, "conf"), `${lines.join("\n")}\n`);
  }

  /** Sets the only password that it takes, of the user `iot`; after SIGHUP if it runs. */
  setPassword(password: string): void {
    const made = Bun.spawnSync(
      [
        programPath("mosquitto_passwd"),
        "-b",
        "-c",
        join(this.folder, "passwords"),
        "iot",
        password,
      ],
      { cwd: this.folder },
    );
    if (made.exitCode !== 0) throw new Error(made.stderr.toString());
  }

  signal(signal: NodeJS.Signals): void {
    this.#process?.kill(signal);
  }

  /** Ends it at once; what it kept is gone. */
  async stop(): Promise<void> {
    const running = this.#process;
    this.#process = null;
    running?.kill("SIGKILL");
    await running?.exited;
  }

  log(): string {
    return readFileSync(join(this.folder, "log2"), "utf8");
  }

  /** Subscribes as another program does, until its scope ends. */
  listen(filters: readonly string[], args: readonly string[] = []): Listener {
    const topics = filters.flatMap((filter) => ["-t", filter]);
    return new Listener([...this.#client("mosquitto_sub"), ...topics, "-F", "%r %t %p", ...args]);
  }

  /** Publishes as another program does, with QoS 1. */
  async publish(topic: string, payload: string, args: readonly string[] = []): Promise<void> {
    const command = [
      ...this.#client("mosquitto_pub"),
      "-q",
      "1",
      "-t",
      topic,
      "-m",
      payload,
      ...args,
    ];
    const child = Bun.spawn(command, { stdio: ["ignore", "ignore", "pipe"] });
    if ((await child.exited) !== 0) throw new Error(await new Response(child.stderr).text());
  }

  /** Asks by MQTT 5's request and response; returns the first answer. */
  async ask(topic: string, payload: string, answerAt: string): Promise<string> {
    const command = [...this.#client("mosquitto_rr"), "-t", topic, "-m", payload, "-e", answerAt];
    const child = Bun.spawn([...command, "-q", "1", "-W", "20"], {
      stdio: ["ignore", "pipe", "pipe"],
    });
    return (await new Response(child.stdout).text()).trimEnd();
  }

  #client(name: string): string[] {
    return [programPath(name), "-h", "127.0.0.1", "-p", `${this.port}`];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** What a subscriber has heard so far. */
export class Listener implements Disposable {
  readonly heard: Heard[] = [];
  /** The last payload of each topic. */
  readonly last = new Map<string, string>();
  readonly #child: Bun.Subprocess<"ignore", "pipe", "ignore">;

  constructor(command: readonly string[]) {
    this.#child = Bun.spawn([...command], { stdio: ["ignore", "pipe", "ignore"] });
    void this.#read();
  }

  async #read(): Promise<void> {
    const decoder = new TextDecoder();
    let rest = "";
    for await (const bytes of this.#child.stdout) {
      const lines = (rest + decoder.decode(bytes, { stream: true })).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) this.#take(line);
    }
  }

  #take(line: string): void {
    const [, retain = "", topic = "", payload = ""] = /^([01]) (\S+) (.*)$/s.exec(line) ?? [];
    this.heard.push({ topic, payload, retain: retain === "1" });
    this.last.set(topic, payload);
  }

  [Symbol.dispose](): void {
    this.#child.kill("SIGKILL");
  }
}

async function isListening(port: number): Promise<boolean> {
  try {
    const socket = await Bun.connect({ hostname: "127.0.0.1", port, socket: { data() {} } });
    socket.end();
    return true;
  } catch {
    return false;
  }
}

function programPath(name: string): string {
  for (const path of [Bun.which(name), `/usr/sbin/${name}`, `/usr/local/sbin/${name}`]) {
    if (path !== null && Bun.file(path).size > 0) return path;
  }
  throw new Error("This needs mosquitto. On Debian: apt-get install mosquitto mosquitto-clients");
}
