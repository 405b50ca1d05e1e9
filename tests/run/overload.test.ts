// Handlers that take too much of the machine, and handlers that locks skip: what ends a run, and that the report comes
// all the same.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { type Ended, Remote } from "./remote.ts";

const test = suite("overload");
let remote: Remote;

test.before(async () => {
  remote = await Remote.open();
});
test.after(() => remote.close());

/** Reads for so many seconds on each of these CPUs, or until the run has ended. */
function reading(seconds: number, ...masks: number[]): () => Promise<void> {
  const dd = (mask: number) => `taskset ${mask} timeout ${seconds} dd if=/dev/zero of=/dev/null bs=1 2>/dev/null`;
  return async () => void (await remote.shell(`${masks.map((mask) => `${dd(mask)} &`).join(" ")} wait`));
}

/** A handler that takes some milliseconds, and that others must wait for if it reads what it writes. */
function slow(update: string): string {
  return `
    global count, sum, others
    probe kernel.function("vfs_read") {
      if (execname() != "dd") { others++; next }
      ${update}
      for (i = 0; i < 30000; i++) s += i
      sum <<< s
    }
    probe end { printf("end\\n") }
    probe error { printf("error\\n") }`;
}

const LONG = ["-D", "MAXACTION=1000000", "-w"];

async function run(options: string[], script: string, load: () => Promise<void>): Promise<Ended> {
  return await remote.run([...LONG, ...options, "-e", script], { attached: load });
}

test("handlers that take most of a CPU end the run with stap's message, and the report is printed", async () => {
  const { status, out, err } = await run([], slow("count++"), reading(12, 2));
  assert.is(status, 1, err);
  assert.match(err, /^ERROR: probe overhead exceeded threshold$/m);
  assert.match(out, /^end\ncount=\d+\nsum @count=\d+ /);
});

for (const options of [
  ["-D", "STP_NO_OVERLOAD"],
  ["--suppress-time-limits"],
  ["-DSTP_OVERLOAD_THRESHOLD=2000000000"],
]) {
  test(`with ${options.join(" ")} they may`, async () => {
    const { status, out, err } = await run(options, slow("count++"), reading(5, 2));
    assert.is(status, 0, err);
    assert.match(out, /^end\n/);
  });
}

test("handlers that take little end nothing", async () => {
  const script = 'global n probe kernel.function("vfs_read") { if (execname() == "dd") n++ }';
  const { status, out, err } = await run([], script, reading(5, 1, 2));
  assert.is(status, 0, err);
  assert.match(out, /^n=\d+\n$/);
});

test("locks that skip many handlers end the run, which prints its report and says of how many", async () => {
  const { status, out, err } = await run(["-D", "STP_NO_OVERLOAD"], slow("count = count + 1"), reading(20, 1, 2));
  assert.is(status, 1, err);
  assert.match(err, /^ERROR: more than 5 % of the probe handlers were skipped/m);
  const [, byLock, all] = /^WARNING: skipped: (\d+) by lock contention, .*, of (?:about )?(\d+) handlers/m.exec(err)!;
  const share = Number(byLock) / Number(all);
  assert.ok(share > 0.05 && share < 1, err);
  const [, whole] = /^end\nsum @count=(\d+) /.exec(out)!;
  const [, others] = /^others=(\d+)$/m.exec(out)!;
  const events = Number(byLock) + Number(whole) + Number(others);
  assert.ok(Math.abs(events - Number(all)) < events / 3, out + err);
});

test("a MAXSKIPPED of the user's ends the run as stap does", async () => {
  const options = ["-D", "STP_NO_OVERLOAD", "-D", "MAXSKIPPED=20"];
  const { status, out, err } = await run(options, slow("count = count + 1"), reading(20, 1, 2));
  assert.is(status, 1, err);
  assert.match(err, /^ERROR: too many probe handlers were skipped/m);
  assert.is(out, "error\n");
});

test.run();
