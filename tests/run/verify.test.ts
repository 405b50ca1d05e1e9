// `verify` on a real kernel: the figures are the kernel's, nothing is attached, and what takes most is found.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Remote } from "./remote.ts";

const test = suite("verify");
let remote: Remote;

test.before(async () => {
  remote = await Remote.open();
});
test.after(() => remote.close());

const HEAVY = `global t
probe kernel.function("vfs_read") {
  for (i = 0; i < 20; i++) t[execname(), i]++
}
probe kernel.trace("sched_switch") { println(cpu()) }
probe begin { println("never seen") }
`;

test("each program's figures are printed, and a routine or line that takes most", async () => {
  const { status, out, err } = await remote.run(["verify", "-e", HEAVY]);
  assert.equal([status, err], [0, ""]);
  assert.match(out, /^Linux \S+: 2 programs accepted; at most [\d,]+ of 1,000,000 instructions walked/);
  const rows = out.split("\n").filter((line) => line.includes(" ms "));
  assert.is(rows.length, 2, out);
  const walked = rows.map((row) => Number(row.trim().split(/\s+/)[0]!.replaceAll(",", "")));
  assert.ok(walked[0]! > 1000 && walked[1]! < 500 && walked[1]! > 3, out);
  assert.match(out, /^ +[\d,]+ \(\d+ %( of what the log holds)?\) (in the run-time routine|at ) ?\S+/m);
  assert.not.match(out, /never seen/);
});

test("nothing stays, and a script that does not compile has status 1", async () => {
  const before = await remote.traces();
  await remote.run(["verify", "-e", HEAVY]);
  assert.is(await remote.leftBehind(before), "");
  assert.is((await remote.run(["verify", "-e", "probe begin { x = "])).status, 1);
});

test.run();
