// CPUs that go offline and come back while events run on all of them. Guests have two; the second can go.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Remote } from "./remote.ts";

const test = suite("hotplug");
const CPU = "/sys/devices/system/cpu/cpu1/online";
let remote: Remote;
let canGo = false;

test.before(async () => {
  remote = await Remote.open();
  canGo = (await remote.shell(`test -w ${CPU}`)).status === 0;
});
test.after(async () => {
  await remote.shell(`echo 1 > ${CPU}`);
  await remote.close();
});

const SCRIPT = `global clock, counter, data
  probe timer.profile { if (cpu() == 1) clock++ }
  probe perf.sw.page_faults.sample(1) { if (cpu() == 1) counter++ }
  probe kernel.data("jiffies").write { if (cpu() == 1) data++ }
  probe end { printf("%d %d %d\\n", clock > 0, counter > 0, data >= 0) }`;

/** More than a second, so that the agent has seen it; then page faults on the second CPU. */
const FAULTS =
  "sleep 2; taskset -c 1 sh -c 'cat /proc/version' > /dev/null 2>&1 || taskset 2 cat /proc/version > /dev/null";

async function shell(command: string): Promise<void> {
  const { status, err } = await remote.shell(command);
  assert.is(status, 0, err);
}

test("events run on a CPU that comes online later", async () => {
  if (!canGo) return;
  await shell(`echo 0 > ${CPU}`);
  const attached = () => shell(`echo 1 > ${CPU}; ${FAULTS}`);
  const { status, out, err } = await remote.run(["-e", SCRIPT], { attached });
  assert.equal([status, out], [0, "1 1 1\n"], err);
});

test("events run again on a CPU that was away", async () => {
  if (!canGo) return;
  const counted = SCRIPT.replace("global ", "global since, ").replace(
    "if (cpu() == 1) clock++",
    "if (cpu() == 1) { t = gettimeofday_ms(); if (t - since > 1500) { clock = 0; gaps++ } since = t; clock++ }",
  );
  const withGaps = counted.replace("global ", "global gaps, ").replace("clock > 0", "clock > 0 && gaps > 1");
  const attached = () => shell(`sleep 1; echo 0 > ${CPU}; sleep 3; echo 1 > ${CPU}; ${FAULTS}`);
  const { status, out, err } = await remote.run(["-e", withGaps], { attached });
  assert.equal([status, out], [0, "1 1 1\n"], err);
});

test.run();
