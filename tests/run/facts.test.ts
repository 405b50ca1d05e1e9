// Facts of a machine: what is compiled with them is what is compiled with the machine, to the byte, and it runs there.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { otherFacts, type TypeEditor } from "./other-types.ts";
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

/** Compiles with the types of a kernel that has others, and runs the object here. */
async function runElsewhere(edit: (types: TypeEditor) => void, script: string, command: string) {
  const [other, object] = [join(folder, "other.facts"), join(folder, "other.bo")];
  writeFileSync(other, await otherFacts(readFileSync(file), edit));
  const compiled = await runClient(["-g", "-p4", "--facts", other, "-o", object, "-e", script]);
  assert.is(compiled.status, 0, compiled.err);
  return remote.run(["run", object, "-c", command]);
}

test("an object that was compiled for a kernel with other types has the right values here", async () => {
  const edit = (types: TypeEditor) => {
    types.move("task_struct", 1024);
    types.retype("task_struct", "prio", "short int");
    types.renumber("pid_type", "PIDTYPE_PGID", 77);
    types.move("inode", 64);
    types.move("dentry", 192);
    types.behead("task_struct", "exit_signal");
  };
  const script = `probe kernel.function("vfs_read") {
    if (pid() != target() || kernel_string($file->f_path->dentry->d_name->name) != "passwd") next
    task = @cast(task_current(), "task_struct")
    printf("pid %d prio %d parent %d exits %d type %d size %d\\n", task->pid, task->prio, task->real_parent->tgid,
      task->exit_code, @const("PIDTYPE_PGID"), @cast_sizeof("task_struct"))
    printf("inode %d mode %o comm %s\\n", $file->f_inode->i_ino, $file->f_inode->i_mode, kernel_string(task->comm))
    if (@defined(task->xit_signal)) println("there: ", task->xit_signal)
    else println("left out")
    println(@defined(task->prio) ? "prio is there " : "no prio", @choose_defined(task->xit_signal, 7))
    exit()
  }`;
  const shell = "echo shell $(cut -d' ' -f1,4,18 /proc/$$/stat); stat -Lc 'file %i' /etc/passwd";
  const command = `${shell}; read line < /etc/passwd; true`;
  const ran = await runElsewhere(edit, script, command);
  const said = (pattern: RegExp) => ran.out.match(pattern)?.[1] ?? `${pattern}: ${ran.out}${ran.err}`;
  assert.is(said(/^pid (\d+)/m), said(/^shell (\d+)/m));
  assert.is(said(/ parent (\d+)/), said(/^shell \d+ (\d+)/m));
  // /proc shows normal priorities from 0 on, which are 100 and more in the kernel.
  assert.is(said(/ prio (\d+)/), String(100 + Number(said(/^shell \d+ \d+ (\d+)/m))));
  assert.is(said(/ type (\d+)/), "2");
  assert.is(said(/ exits (\d+)/), "0");
  assert.match(ran.out, /^left out\nprio is there 7$/m);
  assert.is(said(/^inode (\d+) mode 100644 comm sh$/m), said(/^file (\d+)/m));
  const here = await remote.run([
    "-e",
    'probe kernel.function("vfs_read") { print(@cast_sizeof("task_struct")) exit() }',
  ]);
  assert.is(said(/ size (\d+)/), here.out.trim());
});

test("what this kernel does not have is refused by name, with the line of the script", async () => {
  const script = 'probe kernel.function("vfs_read") {\n println(@cast(task_current(), "task_struct")->rio) exit() }';
  const edit = (types: TypeEditor) => types.behead("task_struct", "prio");
  const ran = await runElsewhere(edit, script, "cat /etc/passwd");
  assert.match(ran.err, /this kernel has no 'task_struct\.rio' \(<input>:2\)/);
});

test("a parameter that is another one here is refused, and with ? left out", async () => {
  const edit = (types: TypeEditor) => types.exchange("vfs_read", 1, 2);
  const refused = await runElsewhere(edit, 'probe kernel.function("vfs_read") { println($count) exit() }', "true");
  assert.match(
    refused.err,
    /takes 'count u8' from the function 'vfs_read', its argument number 2; .* 'buf \*' is there/,
  );
  const optional = 'probe kernel.function("vfs_read") ? { println($count) } probe end { println("left out") }';
  const ran = await runElsewhere(edit, optional, "cat /etc/passwd > /dev/null");
  assert.is(ran.out, "left out\n", ran.err);
});

test.run();
