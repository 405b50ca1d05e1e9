// Counts under load, on two CPUs: the printed, lost and skipped counts add up to the number of events. Lines of
// handlers that run at the same time are not mixed.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { type Ended, Remote, startClient } from "./remote.ts";

const test = suite("load");
let remote: Remote;
let folder = "";

test.before(async () => {
  folder = mkdtempSync(join(tmpdir(), "stap-load-"));
  remote = await Remote.open();
});
test.after(async () => {
  rmSync(folder, { recursive: true });
  await remote.close();
});

/** Reads of one byte each, by a process called dd. */
const dd = (reads: number) => `dd if=/dev/zero of=/dev/null bs=1 count=${reads} 2>/dev/null`;
/** The same on both CPUs at once. */
const onBoth = (reads: number) => `taskset 1 ${dd(reads)} & taskset 2 ${dd(reads)}; wait`;

/** What standard error says was lost; 0 if it says nothing. */
function lost({ err }: Ended): number {
  return Number(/There were (\d+) lost units of output/.exec(err)?.[1] ?? 0);
}

function skipped({ err }: Ended): number {
  return Number(/skipped probes: (\d+)/.exec(err)?.[1] ?? 0);
}

/** Runs a script while a command runs in the guest. */
async function runWith(script: string, load: string, options: string[] = []): Promise<Ended> {
  const ended = await remote.run([...options, "-e", script], { attached: async () => void (await remote.shell(load)) });
  assert.is(ended.status, 0, ended.err);
  return ended;
}

test("of 100,000 printfs in the kernel each is printed or reported as lost", async () => {
  const script = `
    global events
    probe kernel.function("vfs_read") { if (execname() != "dd") next; printf("read %d\\n", tid()); events++ }
    probe end { printf("events %d\\n", events) }`;
  const ended = await runWith(script, dd(100_000));
  const printed = ended.out.match(/^read \d+$/gm)?.length ?? 0;
  assert.is(printed + lost(ended) + skipped(ended), 100_000);
  assert.ok(ended.out.endsWith(`\nevents ${100_000 - skipped(ended)}\n`), ended.out.slice(-80));
});

test("three printfs of one handler make one line, on two CPUs", async () => {
  const script = `
    global events, first, second
    probe kernel.function("vfs_read") {
      if (execname() != "dd") next
      events++
      if (cpu() == 0) first++; else second++
      printf("<%d ", tid()); printf("%s ", execname()); printf("%d>\\n", tid())
    }
    probe end { printf("events %d %d %d\\n", events, first > 1000, second > 1000) }`;
  const ended = await runWith(script, onBoth(15_000));
  const lines = ended.out.trimEnd().split("\n");
  const last = lines.pop();
  const broken = lines.filter((line) => !/^<(\d+) dd \1>$/.test(line));
  assert.equal(broken.slice(0, 3), []);
  assert.is(lines.length + lost(ended) + skipped(ended), 30_000);
  assert.is(last, `events ${30_000 - skipped(ended)} 1 1`);
});

test("output of one handler that fills several records stays together", async () => {
  const filler = "x".repeat(90);
  const prints = Array.from({ length: 60 }, (_, i) => `printf("%d.${i} ${filler} %s\\n", t, name)`);
  const script = `
    global events, name
    probe begin { name = "${"y".repeat(200)}" }
    probe kernel.function("vfs_read") {
      if (execname() != "dd") next
      events++; t = tid()
      ${prints.join("\n      ")}
    }
    probe end { printf("events %d\\n", events) }`;
  const ended = await runWith(script, onBoth(200));
  const lines = ended.out.trimEnd().split("\n");
  assert.is(lines.pop(), `events ${400 - skipped(ended)}`);
  assert.is(lines.length % 60, 0);
  const tids = lines.map((line) => line.split(".")[0]);
  const torn = lines.findIndex((line, i) => !line.startsWith(`${tids[i - (i % 60)]}.${i % 60} `));
  assert.is(torn, -1, lines.slice(Math.max(0, torn - 1), torn + 2).join("\n"));
  assert.is(lines.length / 60 + lost(ended) + skipped(ended), 400);
});

test("x++ and x += n on a global count exactly, from two CPUs", async () => {
  const script = `
    global x, y
    probe kernel.function("vfs_read") { if (execname() != "dd") next; x++; y += 3 }
    probe end { printf("%d %d\\n", x, y) }`;
  const ended = await runWith(script, onBoth(30_000));
  const events = 60_000 - skipped(ended);
  assert.is(ended.out, `${events} ${3 * events}\n`);
});

test("a handler that reads and then writes globals runs alone, or is reported as skipped", async () => {
  const script = `
    global x, y
    probe kernel.function("vfs_read") { if (execname() != "dd") next; x = x + 1; y = x * 2 }
    probe end { printf("%d %d\\n", x, y) }`;
  const ended = await runWith(script, onBoth(30_000), ["-D", "MAXSKIPPED=60000"]);
  const [x, y] = ended.out.split(" ").map(Number) as [number, number];
  assert.is(y, 2 * x);
  assert.is(x + skipped(ended), 60_000, ended.err);
  // An emulated CPU may lose its turn while it holds the lock; then the other one waits in vain.
  assert.ok(skipped(ended) < 6000, ended.err);
});

test("entry and return probes of one function see the same events", async () => {
  const script = `
    global entries, returns
    probe kernel.function("vfs_read") { if (execname() != "dd") next; entries++ }
    probe kernel.function("vfs_read").return { if (execname() != "dd") next; returns++ }
    probe end { printf("%d %d\\n", entries, returns) }`;
  const ended = await runWith(script, onBoth(5_000));
  const [entries, returns] = ended.out.split(" ").map(Number);
  assert.ok(entries === 10_000 || skipped(ended) > 0, ended.out + ended.err);
  assert.is(Number(entries) + Number(returns) + skipped(ended), 20_000);
});

test("probes come and go while both CPUs run into them", async () => {
  const start =
    "for c in 1 2; do taskset $c dd if=/dev/zero of=/dev/null bs=1 >/dev/null 2>&1 </dev/null & echo $!; done";
  const pids = (await remote.shell(start)).out.trim().replaceAll("\n", " ");
  const script = 'global n probe kernel.function("vfs_read") { if (n++ == 100) { println("enough"); exit() } }';
  try {
    for (let i = 0; i < 5; i++) {
      const { status, out } = await remote.run(["-e", script]);
      assert.equal([status, out], [0, "enough\n"]);
    }
  } finally {
    await remote.shell(`kill ${pids}`);
  }
});

test("a client that does not read in time loses output, and says exactly how much", async () => {
  const file = join(folder, "flood.stp");
  const long = "z".repeat(300);
  writeFileSync(
    file,
    `global events, text
     probe begin { text = "${long}"; println("ready") }
     probe kernel.function("vfs_read") { if (execname() != "dd") next; events++; printf("%d %s\\n", tid(), text) }
     probe kernel.function("vfs_write") { if (execname() != "tee") next; exit() }
     probe end { printf("events %d\\n", events) }`,
  );
  const client = startClient([...remote.address(), file]);
  assert.ok(await client.printed("ready"));
  await sleep(1000);
  client.kill("SIGSTOP");
  await remote.shell(dd(60_000));
  client.kill("SIGCONT");
  await remote.shell("echo done | tee /dev/null");
  const ended = await client.ended;
  assert.is(ended.status, 0, ended.err);
  const printed = ended.out.match(/^\d+ z{300}$/gm)?.length ?? 0;
  assert.ok(ended.out.endsWith("\nevents 60000\n"), ended.out.slice(-100) + ended.err);
  assert.is(printed + lost(ended) + skipped(ended), 60_000, ended.err);
  assert.ok(lost(ended) > 0, "20 MB fit nowhere");
});

test.run();
