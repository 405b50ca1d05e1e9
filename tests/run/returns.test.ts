// Return probes see every return: of functions that sleep in hundreds of threads, too.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Remote } from "./remote.ts";

const test = suite("returns");
let remote: Remote;
let before = "";

test.before(async () => {
  remote = await Remote.open();
  await remote.run(["-e", "probe begin { exit() }"]); // what stays, such as the cached agent, is there from now on
  before = await remote.traces();
});
test.after(() => remote.close());

const sleepers = (count: number, seconds: number) => `for i in $(seq ${count}); do sleep ${seconds} & done; wait`;

test("300 sleepers return, and all are seen", async () => {
  const script = `global n
    probe kernel.function("hrtimer_nanosleep").return { if (execname() == "sleep") n++ }
    probe end { println(n) }`;
  const { status, out, err } = await remote.run(["-e", script, "-c", sleepers(300, 5)]);
  assert.is(status, 0, err);
  assert.ok(Number(out) >= 300, `${out} returns`);
  assert.is(err, "");
  assert.is(await remote.leftBehind(before), "");
});

test("maxactive and KRETACTIVE limit the calls, and the last line counts those that were too many", async () => {
  const script = (suffix: string) => `global n
    probe kernel.function("hrtimer_nanosleep").return${suffix} { if (execname() == "sleep") n++ }
    probe end { println(n) }`;
  // From 6.14 on the kernel has room for all calls, whatever the script says.
  const hasRoom = (await remote.shell("grep -c ' fprobe_fgraph_entry$' /proc/kallsyms")).out.trim() !== "0";
  for (const run of [
    ["-e", script(".maxactive(5)")],
    // fexit, which is the choice on some kernels, has room for all calls.
    ["-D", "KRETACTIVE=5", "--attach", "kprobe", "-e", script("")],
  ]) {
    const { out, err } = await remote.run([...run, "-c", sleepers(40, 4)]);
    if (hasRoom) assert.ok(Number(out) >= 40, `${out} returns`);
    else assert.ok(Number(out) <= 10, `${out} returns`);
    if (!hasRoom) assert.match(err, /skipped: .*, [3-9]\d by the kernel/);
  }
  assert.is(await remote.leftBehind(before), "");
});

test("events of an agent whose child was killed with it are removed at the next start", async () => {
  const script = `probe kernel.function("hrtimer_nanosleep").return { next }
    probe timer.ms(100) { println("attached") }`;
  const first = await remote.run(["-e", script], {
    attached: async () => {
      await remote.shell("kill -9 $(ps -o pid,args | grep -E 'agent|stap' | grep -v grep | awk '{ print $1 }')");
    },
  });
  assert.is.not(first.status, 0);
  const second = await remote.run([
    "-e",
    `probe kernel.function("hrtimer_nanosleep").return { next } probe timer.ms(10) { exit() }`,
  ]);
  assert.is(second.status, 0, second.err);
  assert.is(await remote.leftBehind(before), "");
});

test.run();
