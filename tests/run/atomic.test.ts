// Updates of globals under load on two CPUs: each update is applied exactly once, or its handler is counted as skipped.
// The load makes a known number of events, so every sum can be checked.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { type Ended, Remote } from "./remote.ts";

const test = suite("atomicity");
let remote: Remote;
test.before(async () => {
  remote = await Remote.open();
});
test.after(() => remote.close());

/** Reads of each of the two processes; an emulated CPU makes some thousands a second. */
const READS = 15_000;
const EVENTS = 2 * READS;
const dd = `dd if=/dev/zero of=/dev/null bs=1 count=${READS} 2>/dev/null`;
const LOAD = `taskset 1 ${dd} & taskset 2 ${dd}; wait`;
/** Aliases that pick the reads of dd. */
const ALIASES = `
    probe dd_read = kernel.function("vfs_read") { if (execname() != "dd") next }
    probe dd_return = kernel.function("vfs_read").return { if (execname() != "dd") next }
    probe dd_write = kernel.function("vfs_write") { if (execname() != "dd") next }`;
const READ = "dd_read";

function skipped({ err }: Ended): number {
  return Number(/skipped probes: (\d+)/.exec(err)?.[1] ?? 0);
}

/** Runs a script under the load; the numbers of the last line that it prints. */
async function runLoaded(script: string): Promise<{ numbers: number[]; lines: string[]; skips: number }> {
  const options = ["-D", "MAXSKIPPED=1000000", "-w", "-e", ALIASES + script];
  const ended = await remote.run(options, { attached: async () => void (await remote.shell(LOAD)) });
  assert.is(ended.status, 0, ended.err);
  const lines = ended.out.trimEnd().split("\n");
  return { numbers: (lines.at(-1) ?? "").split(" ").map(Number), lines, skips: skipped(ended) };
}

test("scalars and elements that are only added to count every event", async () => {
  const { numbers, skips } = await runLoaded(`
    global n, sum, a, b
    probe ${READ} { n++; sum += 3 }
    probe ${READ} { a[tid()]++ }
    probe ${READ} { b[cpu(), execname()] += 2 }
    probe end {
      foreach (v = k in a) counted += v
      foreach (v = [c, e] in b) twice += v
      printf("%d %d %d %d\\n", n, sum, counted, twice)
    }`);
  const [n, sum, counted, twice] = numbers as [number, number, number, number];
  assert.is(sum, 3 * n);
  assert.is(twice % 2, 0);
  assert.is(n + counted + twice / 2 + skips, 3 * EVENTS);
});

test("what a handler does to several globals and an array with deletions adds up", async () => {
  const { numbers, skips } = await runLoaded(`
    global n, gone, a[16]
    probe ${READ} {
      n++
      k = n % 13
      a[k] += 2
      if (n % 7 == 0) { gone += a[k]; delete a[k] }
      if (n % 1000 == 0) { foreach (v = j in a) gone += v; delete a }
    }
    probe end { foreach (v = k in a) rest += v; printf("%d %d %d\\n", n, gone, rest) }`);
  const [n, gone, rest] = numbers as [number, number, number];
  assert.is(gone + rest, 2 * n);
  assert.is(n + skips, EVENTS);
  assert.ok(n > EVENTS / 2, `${skips} of ${EVENTS} handlers were skipped`);
});

test("a timer that reports and deletes loses nothing of what probes count meanwhile", async () => {
  const { numbers, skips } = await runLoaded(`
    global n, reported, reports, a
    probe ${READ} { a[tid(), n++ % 5] += 2 }
    probe timer.ms(40) {
      foreach (v = [t, k] in a- limit 100) reported += v
      delete a
      reports++
    }
    probe end { foreach (v = [t, k] in a) rest += v; printf("%d %d %d %d\\n", n, reported, rest, reports) }`);
  const [n, reported, rest, reports] = numbers as [number, number, number, number];
  assert.is(reported + rest, 2 * n);
  assert.ok(reports >= 3, `${reports} reports`);
  // A timer's run that found the lock taken is among the skipped.
  assert.ok(n <= EVENTS && n + skips >= EVENTS, `${n} + ${skips} of ${EVENTS}`);
});

test("handlers that interrupt one another keep their sums", async () => {
  const { numbers, skips } = await runLoaded(`
    global n, returns, ticks, total, a
    probe ${READ} { n++; a["read"] += 1; total = total + 1 }
    probe kernel.function("vfs_read").return {
      if (execname() != "dd") next
      returns++; a["return"] += 1; total = total + 1
    }
    probe timer.profile { ticks++; a["tick"] += 1; total = total + 1 }
    probe end { printf("%d %d %d %d %d %d %d\\n", n, returns, ticks, total, a["read"], a["return"], a["tick"]) }`);
  const [n, returns, ticks, total, reads, returned, ticked] = numbers as [
    number,
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  assert.equal([reads, returned, ticked], [n, returns, ticks]);
  assert.is(total, n + returns + ticks);
  assert.ok(ticks > 0, "the timer interrupts");
  assert.ok(n <= EVENTS && returns <= EVENTS && n + returns + skips >= 2 * EVENTS, `${n} + ${returns} + ${skips}`);
});

test("statistics in copies, and in arrays that grow, keep every sample and every extreme", async () => {
  const { numbers, skips } = await runLoaded(`
    global sizes, spread, at, back, zero, one, a, b, seen
    probe ${READ} { sizes <<< 3 }
    probe kernel.function("vfs_write") { if (execname() != "dd") next; sizes <<< -200 - cpu() }
    probe timer.profile { sizes <<< 5 }
    probe ${READ} { spread <<< 200 * cpu() }
    probe ${READ} { if (cpu() == 0) { t = gettimeofday_ns(); at <<< t; back <<< -t; zero = t } }
    probe ${READ} { if (cpu() == 1) { t = gettimeofday_ns(); at <<< t; back <<< -t; one = t } }
    probe ${READ} { a[cpu()] <<< gettimeofday_ns() }
    probe ${READ} { b["all"] <<< gettimeofday_ns() }
    probe timer.ms(50) { if (@count(sizes) && @max(sizes) < @min(sizes)) printf("%d\\n", @max(sizes)) }
    probe end {
      foreach (k in a) { counted += @count(a[k]); whole += @max(a[k]) > @min(a[k]) }
      whole += @count(sizes) == @hist_log(sizes)[56] + @hist_log(sizes)[66] + @hist_log(sizes)[67]
      whole += @max(sizes) == 5 && (@min(sizes) == -200 || @min(sizes) == -201)
      whole += @max(at) == (zero > one ? zero : one) && @min(back) == -@max(at) && @count(at) == @count(back)
      whole += @sum(at) == -@sum(back) && @max(b["all"]) > @min(b["all"])
      p = @hist_linear(spread, 0, 200, 200)[1]
      q = @hist_linear(spread, 0, 200, 200)[2]
      whole += @count(spread) == p + q && @sum(spread) == 200 * q && @min(spread) == 0 && @max(spread) == 200
      printf("%d %d %d %d %d %d %d %d\\n", @hist_log(sizes)[66], @count(spread), @count(at), counted, @count(b["all"]),
        whole, @variance(spread, 4), 40000 * p * q / ((p + q) * (p + q - 1)))
    }`);
  const events = numbers.slice(0, 5);
  const [whole, variance, expected] = numbers.slice(5) as [number, number, number];
  assert.is(whole, 7, numbers.join(" "));
  assert.ok(Math.abs(variance - expected) <= 1, `a variance of ${variance}, not ${expected}`);
  const counted = events.reduce((sum, n) => sum + n, 0);
  assert.ok(counted <= 5 * EVENTS && counted + skips >= 5 * EVENTS, `${events} and ${skips} skipped of ${EVENTS} each`);
  // Those in copies need no lock and find a copy: only what makes elements may be skipped.
  assert.equal(events.slice(0, 3), [EVENTS, EVENTS, EVENTS]);
});

test("a string is never seen half written", async () => {
  const long = (letter: string) => letter.repeat(150);
  const { lines } = await runLoaded(`
    global name, names
    probe ${READ} {
      if (cpu() == 0) { name = "${long("a")}"; names[1] = "${long("a")}" }
      else { name = "${long("b")}"; names[1] = "${long("b")}" }
    }
    probe timer.ms(20) { printf("%s %s\\n", name, names[1]) }
    probe end { printf("%s %s\\n", name, names[1]) }`);
  const whole = new RegExp(`^(?:(${long("a")}|${long("b")}) \\1| )$`);
  assert.equal(lines.filter((line) => !whole.test(line)).slice(0, 2), []);
  assert.ok(lines.length > 3);
});

test.run();
