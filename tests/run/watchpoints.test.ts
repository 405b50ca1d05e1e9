// Watchpoints of the CPU on the kernel's memory: the kernel writes its clock many times a second, and reads it more
// often.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Remote } from "./remote.ts";

const test = suite("watchpoints");
let remote: Remote;

test.before(async () => {
  remote = await Remote.open();
});
test.after(() => remote.close());

/** Keeps a CPU from sleeping, so that its clock ticks. */
const BUSY = "i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done";

async function count(point: string): Promise<number> {
  const script = `global n probe ${point} { n++ } probe end { println(n) }`;
  const { status, out, err } = await remote.run(["-e", script, "-c", BUSY]);
  assert.is(status, 0, err);
  return Number(out);
}

test("writes and accesses of a symbol are counted", async () => {
  const writes = await count('kernel.data("jiffies").write');
  assert.ok(writes > 10, `${writes} writes`);
  assert.ok((await count('kernel.data("jiffies").length(4).write')) > 10);
  const accesses = await count('kernel.data("jiffies").rw');
  assert.ok(accesses > writes, `${accesses} accesses, ${writes} writes`);
});

test("an address is watched as a symbol is", async () => {
  const { out } = await remote.shell("grep ' jiffies$' /proc/kallsyms");
  const address = `0x${out.split(" ")[0]}`;
  assert.ok((await count(`kernel.data(${address}).write`)) > 10, address);
  assert.ok((await count(`kernel.data(${address}).length(8).rw`)) > 10, address);
});

test("what is not there, and too many, is refused with the reason", async () => {
  const none = await remote.run(["-e", 'probe kernel.data("no_such_symbol").write { next }']);
  assert.is(none.status, 4);
  assert.match(none.err, /the kernel has no symbol 'no_such_symbol'/);
  const points = Array.from({ length: 20 }, () => 'kernel.data("jiffies").write').join(", ");
  const many = await remote.run(["-e", `probe ${points} { next }`]);
  assert.is(many.status, 4);
  assert.match(many.err, /All watchpoints of the CPU are in use/);
});

test.run();
