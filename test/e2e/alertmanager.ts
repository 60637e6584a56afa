// A real Alertmanager, as Debian has it, on a free port with a folder of its own; it forwards to one webhook.

import { writeFileSync } from "node:fs";
import { until } from "./polling.ts";
import { freePort } from "./server-process.ts";
import { TemporaryFolder } from "./temporary-folder.ts";

/** Starts one. @param webhook the URL that it tells */
export async function startAlertmanager(webhook: string) {
  const program = Bun.which("prometheus-alertmanager");
  if (program === null) {
    throw new Error("This needs Alertmanager. On Debian: apt-get install prometheus-alertmanager");
  }
  const folder = new TemporaryFolder();
  const config = `
route: { receiver: hook, group_by: [alertname], group_wait: 1s, group_interval: 1s, repeat_interval: 1h }
receivers: [{ name: hook, webhook_configs: [{ url: "${webhook}", send_resolved: true }] }]
`;
  writeFileSync(folder.join("config.yml"), config);
  const url = `http://127.0.0.1:${await freePort()}`;
  const child = Bun.spawn(
    [
      program,
      "--config.file=config.yml",
      "--storage.path=data",
      `--web.listen-address=${new URL(url).host}`,
      "--cluster.listen-address=",
    ],
    { cwd: folder.path, stdout: "ignore", stderr: Bun.file(folder.join("log")) },
  );
  const isReady = () =>
    fetch(`${url}/-/ready`).then(
      ({ ok }) => ok,
      () => false,
    );
  await until("Alertmanager", () => {
    if (child.exitCode !== null) throw new Error(`Alertmanager ended: ${folder.text("log")}`);
    return isReady();
  });
  return {
    url,
    log: () => folder.text("log"),
    async [Symbol.asyncDispose]() {
      child.kill("SIGKILL");
      await child.exited;
      folder[Symbol.dispose]();
    },
  };
}
