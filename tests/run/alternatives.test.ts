// Probes with alternatives, of which the agent attaches the first that this kernel can do. The compiler makes none yet:
// two probes of an object are made alternatives of each other by hand.

import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { manifestOf } from "../../agent/host/manifest.ts";
import { Manifest, ProbeRow, TableKind } from "../../common/format/manifest.ts";
import { CLIENT, Remote } from "./remote.ts";

const test = suite("alternatives");
let remote: Remote;
let folder = "";

test.before(async () => {
  remote = await Remote.open();
  folder = mkdtempSync(join(tmpdir(), "stap-alternatives-"));
});
test.after(async () => {
  rmSync(folder, { recursive: true });
  await remote.close();
});

/** Compiles a script without looking at any kernel, and makes its first two probes one group. */
function compile(script: string): string {
  const file = join(folder, "x.bo");
  const argv = [CLIENT, "-p4", "-a", remote.guest.arch, "-o", file, "-e", script];
  const compiled = spawnSync(process.execPath, argv, { encoding: "utf8" });
  assert.is(compiled.status, 0, compiled.stderr);
  const object = readFileSync(file);
  const manifest = manifestOf(object) as Uint8Array;
  const view = new DataView(manifest.buffer, manifest.byteOffset, manifest.length);
  const probes = view.getUint32(Manifest.Directory + TableKind.Probe * 8, true);
  for (const row of [0, 1]) view.setInt32(probes + row * ProbeRow.Size + ProbeRow.Group, 5, true);
  writeFileSync(file, object);
  return file;
}

const handlerFor = (text: string) => `{ if (execname() == "stat") { println("${text}") exit() } }`;
const touch = { attached: async () => void (await remote.shell("stat /proc/version")) };

test("a kprobe on a function that does not exist, then one that does", async () => {
  const missing = `probe kernel.function("stap_no_such_function") ${handlerFor("missing")}`;
  const file = compile(`${missing} probe kernel.function("vfs_statx") ${handlerFor("there")}`);
  const { status, out, err } = await remote.run(["run", file, "-vv"], touch);
  assert.equal([status, out], [0, "there\n"], err);
  assert.match(err, /kprobe on stap_no_such_function does not work here: cannot probe function .*: No such file/);
  assert.match(err, /^kernel\.function\("vfs_statx"\): kprobe on vfs_statx is attached$/m);
  assert.match(err, /Attached 1 probes/);
});

test("the first of two that both exist; without -vv nothing is said of it", async () => {
  const probeOf = (text: string) => `probe kernel.function("vfs_statx") ${handlerFor(text)} `;
  const file = compile(probeOf("first") + probeOf("second"));
  const { status, out, err } = await remote.run(["run", file], touch);
  assert.equal([status, out, err], [0, "first\n", ""]);
});

test("of two that do not exist the second one's reason is the failure", async () => {
  const missing = `probe kernel.function("stap_no_such") ${handlerFor("1")}`;
  const file = compile(`${missing} probe kernel.function("stap_nor_this") ${handlerFor("2")}`);
  const { status, out, err } = await remote.run(["run", file], touch);
  assert.is(out, "");
  assert.is.not(status, 0);
  assert.match(err, /cannot probe function 'stap_nor_this'/);
});

test.run();
