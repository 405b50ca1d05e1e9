// The program as a process: signals, statuses, streams.

import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { ManifestBuilder, objectWith } from "../format/manifest-builder.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const test = suite<{ folder: string; object: string; mute: Server; port: number; connected: Promise<void> }>("process");

test.before.each(async (context) => {
  context.folder = mkdtempSync(join(tmpdir(), "stap-process-"));
  context.object = join(context.folder, "x.bo");
  writeFileSync(context.object, objectWith(new ManifestBuilder().done()));
  context.mute = createServer();
  context.connected = new Promise((resolve) => context.mute.once("connection", () => resolve()));
  await new Promise<void>((resolve) => context.mute.listen(0, "127.0.0.1", resolve));
  context.port = (context.mute.address() as { port: number }).port;
});
test.after.each((context) => {
  context.mute.close();
  rmSync(context.folder, { recursive: true });
});

function start(args: string[]): {
  child: ChildProcess;
  end: Promise<{ code: number | null; out: string; err: string }>;
} {
  const child = spawn(process.execPath, ["--import", "tsx", join(ROOT, "cli", "main.ts"), ...args], {
    cwd: ROOT,
    stdio: ["ignore", "pipe", "pipe"],
  });
  let out = "";
  let err = "";
  child.stdout!.on("data", (chunk) => {
    out += chunk;
  });
  child.stderr!.on("data", (chunk) => {
    err += chunk;
  });
  const end = new Promise<{ code: number | null; out: string; err: string }>((resolve) => {
    child.on("close", (code) => resolve({ code, out, err }));
  });
  return { child, end };
}

/** Nobody knows it, so each use is an error. */
const LONG_NAME = "nothing_like_that_".repeat(20);

test("Ctrl-C while connecting leaves at once with 130", async ({ object, port, connected, mute }) => {
  mute.on("connection", (socket) => socket.on("error", () => {}).resume());
  const { child, end } = start(["run", object, "--host", `root@127.0.0.1:${port}`, "--ssh", "ssh2"]);
  await connected;
  child.kill("SIGINT");
  assert.equal(await end, { code: 130, out: "", err: "" });
});

test("usage errors exit with 2, on one line of standard error", async () => {
  const { code, out, err } = await start(["--hots"]).end;
  assert.equal([code, out], [2, ""]);
  assert.is(err, "stap-remote: unknown option '--hots'; did you mean '--host'? try 'stap-remote --help'\n");
});

test("a host where nobody listens is status 3 and one line", async ({ object, port, mute }) => {
  await new Promise((resolve) => mute.close(resolve));
  const { code, err } = await start(["run", object, "--host", `root@127.0.0.1:${port}`, "--ssh", "ssh2"]).end;
  assert.is(code, 3);
  assert.match(err, /^stap-remote: .*refused.*\n$/);
});

test("a slow reader of standard error gets all of it, and the status is the script's", async () => {
  // 100 errors, each with its line of the script: more than a pipe holds.
  const script = `probe begin { ${`${LONG_NAME}(1) `.repeat(120)} }`;
  const program = ["--import", "tsx", join(ROOT, "cli", "main.ts"), "-p2", "-e", script];
  const shell = '{ "$@" 2>&1 >/dev/null; echo "status $?"; } | { sleep 2; cat; }';
  const child = spawn("sh", ["-c", shell, "sh", process.execPath, ...program], { cwd: ROOT });
  let err = "";
  for await (const chunk of child.stdout) err += chunk;
  assert.ok(err.length > 66_000, `${err.length} bytes`);
  assert.match(err, /Pass 2: analysis failed\.\nstatus 1\n$/);
});

test("a reader of standard error that has gone is not waited for", async () => {
  const script = `probe begin { ${`${LONG_NAME}(1) `.repeat(120)} }`;
  const args = ["--import", "tsx", join(ROOT, "cli", "main.ts"), "-p2", "-e", script];
  const child = spawn(process.execPath, args, { cwd: ROOT, stdio: ["ignore", "ignore", "pipe"] });
  child.stderr.destroy();
  const status = await new Promise<number | null>((resolve) => child.on("exit", resolve));
  assert.is(status, 1);
});

test("the help is on standard output with status 0", async () => {
  const { code, out, err } = await start(["--help"]).end;
  assert.equal([code, err], [0, ""]);
  assert.match(out, /Usage: stap-remote/);
});

test.run();
