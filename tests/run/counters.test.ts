// Performance counters: software events, which every guest has, counted against loads of known size; hardware events,
// which guests lack, for their refusal. Real hardware counters were not tried.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { PATIENT, Remote } from "./remote.ts";

const test = suite("counters");
let remote: Remote;

test.before(async () => {
  remote = await Remote.open();
});
test.after(() => remote.close());

/** Runs in the guest while the probes are attached. */
const shell = (command: string) => async () => {
  const { status, err } = await remote.shell(command);
  assert.is(status, 0, err);
};

test("a counter fires at each event, on all CPUs, by its numbers and by its name", async () => {
  // dd touches each page of its buffer of 4 MiB: 1024 of 4 KiB.
  const load = "for cpu in 0 1; do taskset -c $cpu dd if=/dev/zero of=/dev/null bs=4M count=1 2>/dev/null; done";
  const script = `global n, named, tenth, on
    probe perf.type(1).config(2).sample(1) { if (execname() == "dd") { n <<< 1; on[cpu()] <<< 1 } }
    probe perf.sw.page_faults.sample(1) { if (execname() == "dd") named <<< 1 }
    probe perf.sw.page_faults.sample(10) { if (execname() == "dd") tenth <<< 1 }
    probe end { printf("%d %d %d %d %d\\n", @count(n), @count(named), @count(tenth), @count(on[0]), @count(on[1])) }`;
  const { status, out, err } = await remote.run([...PATIENT, "-e", script], { attached: shell(load) });
  assert.is(status, 0, err);
  const [n, named, tenth, first, second] = out.trim().split(" ").map(Number) as [
    number,
    number,
    number,
    number,
    number,
  ];
  assert.ok(n > 0 && n === named, out);
  assert.ok(tenth > n / 10 - 5 && tenth < n / 10 + 5, out);
  assert.ok(first > 0 && second > 0 && first + second === n, out);
});

test("a rate is about what was asked for", async () => {
  const script = `global n, p
    probe perf.type(1).config(0).hz(50) { n <<< 1 }
    probe timer.profile.freq.hz(50) { p[cpu()] <<< 1 }
    probe timer.s(4) { exit() }
    probe end { printf("%d %d\\n", @count(n), @count(p[0])) }`;
  const { status, out, err } = await remote.run([...PATIENT, "-e", script], {
    attached: shell("taskset -c 0 sh -c 'i=0; while [ $i -lt 100000 ]; do i=$((i+1)); done'"),
  });
  assert.is(status, 0, err);
  const [n, p] = out.trim().split(" ").map(Number) as [number, number];
  assert.ok(n >= 20 && n < 1200, out);
  assert.ok(p >= 50 && p < 600, out);
});

test("a counter that the machine does not have, and numbers that mean nothing, are refused by name", async () => {
  const missing = await remote.run(["-e", "probe perf.type(3).config(16711680) { next }"]);
  assert.is(missing.status, 4, missing.err);
  assert.match(missing.err, /perf\.type\(3\)\.config\(16711680\)/);
  const optional = await remote.run([
    "-T",
    "1",
    "-e",
    "probe perf.type(77).config(1)? { next } probe begin { exit() }",
  ]);
  assert.is(optional.status, 0, optional.err);
  for (const point of ["perf.type(0).config(0).sample(0)", "perf.type(-1).config(0)", "timer.profile.freq.hz(0)"]) {
    const { status, err } = await remote.runHere(["-p2", "-e", `probe ${point} { next }`]);
    assert.is(status, 1);
    assert.match(err, /must be/);
  }
});

test.run();
