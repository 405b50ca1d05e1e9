// Facts of a machine: what is compiled with them is what is compiled with the machine, to the byte, and it runs there.

import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Remote, runClient } from "./remote.ts";

const test = suite("facts");
let remote: Remote;
const folder = mkdtempSync(join(tmpdir(), "stap-facts-"));
const file = join(folder, "box.facts");

test.before(async () => {
  remote = await Remote.open();
});
test.after(async () => {
  rmSync(folder, { recursive: true, force: true });
  await remote.close();
});

const SCRIPTS = [
  'probe begin { println("hello") exit() }',
  'global n probe kernel.function("vfs_*") { n[ppfunc()]++ }',
  'probe kernel.function("vfs_read").return { if ($return > 0) println($file->f_inode->i_ino, " ", $count) }',
  'global n probe kernel.trace("sched:*") { n[pn()]++ }',
  'probe kernel.trace("sched_switch") { println(kernel_string($prev->comm), $next->pid) }',
  'probe module("virtio_*").function("*probe*") { println(probemod(), probefunc()) }',
  'probe vfs.read, vfs.write { println(name, " ", pathname) }',
  'probe kernel.function("finish_task_switch") { println(task_pid(task_current())) }',
];

test("a file is made, and shown", async () => {
  const made = await remote.run(["facts", "-o", file]);
  assert.is(made.status, 0, made.err);
  assert.is(made.out, `${file}\n`);
  const shown = await runClient(["facts", "show", file]);
  assert.match(shown.out, /^kernel +Linux \d/);
  assert.match(shown.out, /^features +.*\bringbuf \(5\.8\)/m);
  assert.match(shown.out, /^functions +\d\d,\d\d\d functions of the kernel$/m);
  const same = await runClient(["facts", "diff", file, file]);
  assert.is(same.out, "a script meets the same on both\n");
});

test("scripts compile to the same bytes with the file as with the machine", async () => {
  for (const script of SCRIPTS) {
    const [here, there] = [join(folder, "here.bo"), join(folder, "there.bo")];
    const with_ = await remote.run(["-p4", "-w", "-o", there, "-e", script]);
    assert.is(with_.status, 0, `${script}: ${with_.err}`);
    const without = await runClient(["-p4", "-w", "--facts", file, "-o", here, "-e", script]);
    assert.is(without.status, 0, `${script}: ${without.err}`);
    assert.ok(readFileSync(here).equals(readFileSync(there)), script);
  }
});

test("probe points are listed with their types, and a missing name is refused with near ones", async () => {
  const listed = await runClient(["-L", 'kernel.function("vfs_read")', "-r", file]);
  assert.match(listed.out, /^kernel\.function\("vfs_read"\) \$file:struct file\*/);
  const missing = await runClient(["-p4", "--facts", file, "-e", 'probe kernel.function("vfs_reads") { next }']);
  assert.is(missing.status, 1);
  assert.match(missing.err, /the kernel has no function 'vfs_reads'.*vfs_read/);
});

test("an object that was compiled without the machine runs there", async () => {
  const object = join(folder, "run.bo");
  const script =
    'probe kernel.function("vfs_read") { if (pid() == target()) { println($file->f_inode->i_ino) exit() } }';
  assert.is((await runClient(["-p4", "--facts", file, "-o", object, "-e", script])).status, 0);
  const ran = await remote.run(["run", object, "-c", "cat /etc/passwd"]);
  assert.match(ran.out, /^\d+\n/m, ran.err);
});

test.run();
