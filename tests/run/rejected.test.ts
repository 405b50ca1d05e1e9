// A program that the kernel's verifier refuses is explained in the script's terms. The objects are damaged by hand
// (broken.ts).

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { breakFirstStore } from "./broken.ts";
import { Remote } from "./remote.ts";

const test = suite("rejected");
let remote: Remote;
let folder = "";
let bad = "";

const SCRIPT =
  'global n\nprobe kernel.function("vfs_read") {\n  n += tid() * 2 + cpu()\n  printf("%d %s\\n", n, execname())\n}\n';

test.before(async () => {
  remote = await Remote.open();
  folder = mkdtempSync(join(tmpdir(), "stap-rejected-"));
  const script = join(folder, "bad.stp");
  const good = join(folder, "good.bo");
  writeFileSync(script, SCRIPT);
  const compiled = await remote.run(["-p4", "-o", good, script]);
  assert.is(compiled.status, 0, compiled.err);
  const object = readFileSync(good);
  breakFirstStore(object, "kprobe/vfs_read");
  bad = join(folder, "bad.bo");
  writeFileSync(bad, object);
});
test.after(async () => {
  rmSync(folder, { recursive: true });
  await remote.close();
});

test("the script's line, a caret, the kernel's message and the end of the log are shown; the status is 4", async () => {
  const { status, out, err } = await remote.run(["run", bad]);
  assert.equal([status, out], [4, ""]);
  assert.match(err, /^ERROR: the kernel's verifier refused probe kernel\.function\("vfs_read"\): R9 !read_ok\n/);
  assert.match(err, /^ +at: .*bad\.stp:4:3\n +source: {3}printf\("%d %s\\n", n, execname\(\)\)\n {19}\^\n/m);
  assert.match(err, /^ +cause: r9 is read, but has no value on this path\.\n/m);
  assert.match(err, /^ +whose fault: this compiler's/m);
  assert.match(err, /^ +instruction: \d+: r4 = \*\(u64 \*\)\(r9 \+0\)\n/m);
  assert.match(err, /^ +the kernel's log \(the last 5 of \d+ lines; for all of them: --verifier-log=full\):\n/m);
  assert.match(err, /^ {2}R9 !read_ok$/m);
  assert.match(err, /Pass 5: run failed\.\n$/);
});

test("--verifier-log=full shows all of the log, --verifier-log=FILE keeps it", async () => {
  const file = join(folder, "log");
  const full = await remote.run(["run", bad, "--verifier-log=full"]);
  await remote.run(["run", bad, `--verifier-log=${file}`]);
  const log = readFileSync(file, "utf8").replace(/\0+$/, "").trimEnd();
  assert.match(full.err, /the kernel's log \(complete\):/);
  assert.is(full.err.split("\n").filter((line) => /^ {2}\d+: \([0-9a-f]{2}\)/.test(line)).length, countInsns(log));
  assert.ok(countInsns(log) >= 10, log);
});

function countInsns(log: string): number {
  return log.split("\n").filter((line) => /^\d+: \([0-9a-f]{2}\)/.test(line)).length;
}

test.run();
