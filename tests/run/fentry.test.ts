// Functions by kprobes and by fentry: the same script, the same answers; every event counted; and where fentry is not
// safe it is not used, and refused if it was asked for.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Remote } from "./remote.ts";

const test = suite("fentry");
let remote: Remote;
let isPossible = false;
let isPreemptible = false;

test.before(async () => {
  remote = await Remote.open();
  const { status } = await remote.run([
    "-p2",
    "--attach",
    "fentry",
    "-e",
    'probe kernel.function("vfs_read") { exit() }',
  ]);
  isPossible = status === 0;
  const release = (await remote.shell("uname -r")).out;
  isPreemptible = /^[7-9]\./.test(release);
  // On arm64 trampolines came with 6.4; 5.10 lacks the guard.
  const machine = (await remote.shell("uname -m")).out.trim();
  assert.is(isPossible, !release.startsWith("5.10") && !(machine === "aarch64" && release.startsWith("6.1.")));
});
test.after(() => remote.close());

const DD = "dd if=/dev/zero of=/dev/null bs=1000 count=300 2>/dev/null";
const WAYS = ["kprobe", "fentry"];

/** Runs a script by each way that the kernel has, with a command; what it prints by each of them. */
async function runBoth(script: string, command: string): Promise<string[]> {
  const outputs: string[] = [];
  for (const way of isPossible ? WAYS : ["kprobe"]) {
    const args = ["-D", "MAXTRYLOCK=10000", "--attach", way, "-e", script, "-c", command];
    const { status, out, err } = await remote.run(args);
    assert.is(status, 0, err);
    outputs.push(out);
  }
  return outputs;
}

test("-p2 says which way is taken, by what the kernel can bear", async () => {
  const script =
    'probe kernel.function("vfs_read") { print_regs() } probe kernel.function("vfs_read").return { exit() }';
  const { out } = await remote.run(["-p2", "-e", script]);
  assert.match(out, /vfs_read"\) .*, kprobe on vfs_read/);
  assert.match(out, isPossible && !isPreemptible ? /, fexit on vfs_read/ : /, kretprobe on vfs_read/);
  const forced = await remote.run(["-p2", "--attach", "fentry", "-e", script]);
  assert.is(forced.status, 1);
  assert.match(forced.err, isPossible ? /asks for registers or the stack/ : /fentry cannot be used here: /);
});

test("arguments, @entry, results, names and errors are the same by both", async () => {
  const script = `global n, sizes, back, kept, names, errors, deep
    function add(x) { return @cast(x, "file")->f_path->dentry == 0 }
    probe kernel.function("vfs_read") {
      if (execname() != "dd" || $count != 1000) next
      n++; sizes += $count; deep += add($file)
      names[pp(), ppfunc(), probe_type(), kernel_string($file->f_path->dentry->d_name->name)]++
      try { errors += kernel_long(16) } catch { errors++ }
    }
    probe kernel.function("vfs_read").return {
      if (execname() != "dd" || @entry($count) != 1000) next
      back += $return
      for (i = 0; i < 2; i++) kept[$file->f_pos < 0, @entry($count), $count, i, $return]++
      names[pp(), ppfunc(), probe_type(), ""]++
    }
    probe end {
      println(n, " ", sizes, " ", back, " ", errors, " ", deep)
      foreach ([a, b, c, d, e] in kept) println(a, " ", b, " ", c, " ", d, " ", e, " ", kept[a, b, c, d, e])
      foreach ([w+, x, y, z] in names) println(w, " ", x, " ", y, " ", z, " ", names[w, x, y, z])
    }`;
  const outputs = await runBoth(script, DD);
  assert.match(outputs[0] ?? "", /^300 300000 300000 300 0\n0 1000 1000 0 1000 300\n0 1000 1000 1 1000 300\n/);
  assert.match(outputs[0] ?? "", /vfs_read kprobe zero 300\n.*vfs_read kretprobe {2}300\n/);
  for (const out of outputs) assert.is(out, outputs[0]);
});

test("busy threads and sleeping functions: no call is missed, no return either", async () => {
  const script = `global began, ended, same, slept, woken
    probe kernel.function("vfs_write") { if (execname() == "dd" && $count == 1) began++ }
    probe kernel.function("vfs_write").return {
      if (execname() == "dd" && @entry($count) == 1) { ended++; same += @entry($file) == $file }
    }
    probe kernel.function("hrtimer_nanosleep") { if (execname() == "sleep") slept++ }
    probe kernel.function("hrtimer_nanosleep").return { if (execname() == "sleep") woken++ }
    probe end { println(began, " ", ended, " ", same, " ", slept, " ", woken) }`;
  const busy = "for i in 1 2 3 4; do dd if=/dev/zero of=/dev/null bs=1 count=500 2>/dev/null & done";
  const command = `${busy}; for i in $(seq 20); do sleep 0.5 & done; wait`;
  // On a preemptible kernel fentry, which is not used there by itself, loses some of them.
  const outputs = await runBoth(script, command);
  for (const out of isPreemptible ? outputs.slice(0, 1) : outputs) assert.is(out, "2000 2000 2000 20 20\n");
});

test("handlers on what their own helpers reach do not run inside themselves", async () => {
  // A read of user memory that is not there is a fault, whose tracepoint the same handler is on.
  const script = `global faults, locks, n, seen
    probe kernel.trace("page_fault_kernel")? { n += user_long(16) }
    probe kernel.trace("page_fault_kernel")? { if (user_long(16) == 0) seen++ }
    probe kernel.function("_raw_spin_lock_irqsave")? { locks++; if (locks < 1000) printf("%d\\n", locks % 1) }
    probe kernel.function("vfs_read") { try { n += user_long_error(16) } catch { faults++ } }
    probe end { println("end ", faults > 0, locks > 0, n + (seen < 0)) }`;
  const { status, out, err } = await remote.run(["-e", script, "-c", DD]);
  assert.is(status, 0, err);
  // arm64 has the lock's code inlined, and no such tracepoint.
  const machine = (await remote.shell("uname -m")).out.trim();
  assert.match(out, machine === "aarch64" ? /end 1[01]0\n$/ : /end 110\n$/);
});

test.run();
