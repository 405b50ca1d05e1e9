// Tracepoints lose no event, on preemptible kernels neither: many threads on few CPUs, and every call is counted.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Remote } from "./remote.ts";

const test = suite("events-kept");
let remote: Remote;

test.before(async () => {
  remote = await Remote.open();
});
test.after(() => remote.close());

const THREADS = 8;
const CALLS = 3000;

test("system calls by their tracepoints: all entries and all exits", async () => {
  // The last two: with a lock, and with several handlers on one tracepoint.
  const script = `global reads, writes, exits, both, again
    probe kernel.trace("sys_enter") {
      if (execname() == "dd") { reads += $id == @const_read; writes += $id == @const_write; both[$id]++ }
    }
    probe kernel.trace("sys_exit") { if (execname() == "dd" && $ret == 1) exits++ }
    probe kernel.trace("sys_enter") { if (execname() == "dd" && $id == @const_read) again++ }
    probe end { println(reads, " ", writes, " ", exits, " ", both[@const_read], " ", again) }`;
  const machine = (await remote.shell("uname -m")).out.trim();
  const [read, write] = machine === "x86_64" ? ["0", "1"] : ["63", "64"];
  const text = script.replaceAll("@const_read", read).replaceAll("@const_write", write);
  const dd = `dd if=/dev/zero of=/dev/null bs=1 count=${CALLS} 2>/dev/null`;
  const load = `for i in $(seq ${THREADS}); do ${dd} & done; wait`;
  const { status, out, err } = await remote.run(["-D", "MAXTRYLOCK=10000", "-e", text, "-c", load]);
  assert.is(status, 0, err);
  assert.is(err, "");
  const [reads = 0, writes = 0, exits = 0, both, again] = out.trim().split(" ").map(Number);
  // Each dd makes the same few calls besides.
  for (const count of [reads, writes, exits - writes]) {
    assert.ok(count >= THREADS * CALLS && count % THREADS === 0, out);
  }
  assert.is(both, reads);
  assert.is(again, reads);
});

test.run();
