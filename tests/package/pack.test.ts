// The npm package: installed from its tarball into an empty folder, without a compiler, it does the main job.

import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { bootGuest, shutdownGuests } from "../guest.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const MINUTE = 60_000;

const test = suite("package");
const folder = mkdtempSync(join(tmpdir(), "package-test-"));
/** A PATH with node and ssh and nothing that compiles. */
const bin = join(folder, "bin");
const program = join(folder, "app/node_modules/.bin/stap-remote");
const env = { PATH: bin, HOME: folder };

test.before(() => {
  mkdirSync(bin);
  symlinkSync(process.execPath, join(bin, "node"));
  const ssh = execFileSync("sh", ["-c", "command -v ssh"], { encoding: "utf8" }).trim();
  symlinkSync(ssh, join(bin, "ssh"));
  const made = execFileSync("npm", ["pack", "--json", "--pack-destination", folder], { cwd: ROOT, encoding: "utf8" });
  const [{ filename }] = JSON.parse(made.slice(made.indexOf("[")));
  mkdirSync(join(folder, "app"));
  writeFileSync(join(folder, "app/package.json"), "{}");
  const args = ["install", "--ignore-scripts", "--omit=dev", "--no-audit", "--no-fund", join(folder, filename)];
  execFileSync("npm", args, { cwd: join(folder, "app"), stdio: "pipe", timeout: 5 * MINUTE });
});

test.after(async () => {
  await shutdownGuests();
  rmSync(folder, { recursive: true, force: true });
});

test("holds the Wasm modules, both agents and the tapset, and no sources", () => {
  const dist = join(folder, "app/node_modules/stap-remote/dist");
  for (const name of [
    "compiler.wasm",
    "formatter.wasm",
    "stap-agent-x86_64",
    "stap-agent-arm64",
    "tapset/logging.stp",
  ]) {
    assert.ok(existsSync(join(dist, name)), `${name} is missing`);
  }
  assert.not(existsSync(join(folder, "app/node_modules/stap-remote/compiler")));
});

test("compiles without a host, a network or a compiler", () => {
  const script = 'probe begin { printf("hello\\n"); exit() }';
  const made = spawnSync(program, ["-p4", "-m", "hello", "-e", script], { cwd: folder, env, encoding: "utf8" });
  assert.is(made.status, 0, made.stderr);
  assert.is(readFileSync(join(folder, "hello.bo")).toString("latin1", 1, 4), "ELF");
});

/** A program in TypeScript that uses the library: prints what it saw as JSON. */
const USE = `import { loadCompiler, readObject, run, RunError, type RunRequest } from "stap-remote";
const where: Pick<RunRequest, "host" | "identity" | "knownHosts"> = JSON.parse(process.argv[2]!);
const compiler = await loadCompiler();
const outcome = await compiler.compile({ script: 'probe begin { println("x") exit() }', name: "x.stp" });
const lines: string[] = [readObject(outcome.object!).script];
const script = 'probe kernel.function("vfs_read") { println(pid()) if (++n == 3) exit() } global n';
for await (const event of run({ ...where, script, command: "cat /proc/self/stat /proc/stat", timeoutMs: 30000 })) {
  if (event.type === "print" && event.values.length === 1) lines.push(event.type);
  if (event.type === "end") lines.push(event.reason);
}
try {
  for await (const event of run({ ...where, script: "probe begin { nosuch() }" })) void event;
} catch (error) {
  if (error instanceof RunError) lines.push(String(error.status));
}
for await (const event of run({ ...where, script: "probe timer.s(1) { println(1) } probe end { println(2) }" })) {
  if (event.type === "print") break;
}
console.log(JSON.stringify(lines));
declare const process: { argv: string[] };
`;

test("is a library with types, which a program in TypeScript uses", async () => {
  const app = join(folder, "app");
  const guest = await bootGuest("6.12");
  const host = `root@${guest.host}:${guest.port}`;
  const where = JSON.stringify({ host, identity: [guest.identity], knownHosts: [guest.knownHosts] });
  writeFileSync(join(app, "use.ts"), USE);
  const lib = ["es2022", "dom"];
  const options = { module: "nodenext", target: "es2022", strict: true, types: [], lib, outDir: "out" };
  writeFileSync(join(app, "package.json"), '{ "type": "module" }');
  writeFileSync(join(app, "tsconfig.json"), JSON.stringify({ compilerOptions: options, files: ["use.ts"] }));
  const node = (file: string, ...args: string[]) =>
    spawnSync(process.execPath, [file, ...args], { cwd: app, env, encoding: "utf8", timeout: 2 * MINUTE });
  const checked = node(join(ROOT, "node_modules/typescript/bin/tsc"), "-p", app);
  assert.is(checked.status, 0, checked.stdout);
  const used = node(join(app, "out/use.js"), where);
  assert.is(used.status, 0, used.stderr);
  const seen = JSON.parse(used.stdout) as string[];
  assert.equal([seen[0], seen[1], seen.at(-2), seen.at(-1)], ["x.stp", "print", "exit", "1"], used.stdout);
});

test("runs a script on a remote kernel", async () => {
  const guest = await bootGuest("6.12");
  const where = ["--host", `root@${guest.host}:${guest.port}`, "--identity", guest.identity];
  const script = 'probe kernel.function("sys_getpid") { printf("%s called\\n", execname()); exit() }';
  const args = [...where, "--known-hosts", guest.knownHosts, "-c", "sh -c 'sleep 1; cat /proc/self/stat >/dev/null'"];
  const run = spawnSync(program, [...args, "-T", "30", "-e", script.replace("getpid", "openat")], {
    cwd: folder,
    env,
    encoding: "utf8",
    timeout: 2 * MINUTE,
  });
  assert.is(run.status, 0, `${run.stdout}${run.stderr}`);
  assert.match(run.stdout, /^\S+ called\n/);
});

test.run();
