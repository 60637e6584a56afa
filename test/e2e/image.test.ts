// The image of the server: what .docker/context puts together is all that the binary needs, and its user has no rights. Builds no
// image, which would need docker, podman or buildah.

import { expect, setDefaultTimeout, test } from "bun:test";
import { existsSync, mkdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { testTimeoutMs } from "./polling.ts";
import { root, run, serverBinary } from "./server-process.ts";
import { TemporaryFolder } from "./temporary-folder.ts";

setDefaultTimeout(testTimeoutMs);

const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
const isRoot = process.getuid?.() === 0;

/** What runs a program in another root, with a /proc as in a container; as the user of the image where one may be chosen. */
function inside(folder: string): string[] {
  const apart = ["unshare", ...(isRoot ? [] : ["--map-root-user"]), "--mount", "--pid", "--fork"];
  const user = isRoot ? ["--userspec=10001:10001"] : [];
  return [...apart, `--mount-proc=${join(folder, "proc")}`, "chroot", ...user, folder];
}

test("the binary runs where there is nothing but the files of the image", async () => {
  using folder = new TemporaryFolder();
  const made = await run(join(root, ".docker/context"), [folder.path], folder.path);
  expect(made).toEqual({ code: 0, stdout: "", stderr: "" });
  const linked = await run("ldd", [serverBinary], folder.path);
  const libraries = [...linked.stdout.matchAll(/(\/\S+)/g)].map(([path]) => path);
  expect(libraries.length).toBeGreaterThan(2);
  for (const path of libraries) expect(existsSync(folder.join(`root${path}`))).toBe(true);
  mkdirSync(folder.join("root/proc"));
  const [call = "", ...args] = inside(folder.join("root"));
  const started = (...command: string[]) =>
    run(call, [...args, "/iot-server", ...command], folder.path);
  expect(await started("--version")).toEqual({
    code: 0,
    stdout: `iot-server ${version}\n`,
    stderr: "",
  });
  expect((await started("health")).code).toBe(3);
  // Somebody else's files can be read and not written: the user of the image owns /data alone.
  expect(statSync(folder.join("root/iot-server")).mode & 0o022).toBe(0);
});

test("the image has a user without rights, a check of its health, and a place for data", () => {
  const lines = readFileSync(join(root, ".docker/Dockerfile"), "utf8").split("\n");
  for (const line of ["FROM scratch", "USER 10001:10001", "VOLUME /data", 'CMD ["9000"]']) {
    expect(lines).toContain(line);
  }
  const check = lines.find((line) => line.startsWith("HEALTHCHECK"));
  expect(check).toEndWith('CMD ["/iot-server", "health"]');
});
