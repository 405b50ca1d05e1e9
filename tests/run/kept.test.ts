// Runs that go on without the client: --detach, attach, stop, list.

import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { CLIENT, type Ended, Remote } from "./remote.ts";

const test = suite("kept");
let remote: Remote;
let before: string;
test.before(async () => {
  remote = await Remote.open();
  await remote.run(["-e", "probe begin { exit() }"]); // from now on the agent is cached
  before = await remote.traces();
});
test.after(() => remote.close());

/** The real program, against the guest. */
function client(...argv: string[]): Ended {
  const { status, stdout, stderr } = spawnSync(process.execPath, [CLIENT, ...argv, ...remote.address()], {
    encoding: "utf8",
    timeout: 60_000,
  });
  return { status: status ?? -1, out: stdout, err: stderr };
}

test("a run goes on after the client, is listed, and gives its report when it is stopped", async () => {
  const script = `global n probe kernel.function("vfs_read") { if (execname() == "dd") n++ }
    probe begin { println("begun") } probe end { println("reads ", n) }`;
  const started = client("--detach", "flight", "-e", script);
  assert.is(started.status, 0, started.err);
  assert.match(started.err, /^'flight' runs on .*stap-remote stop flight --host/m);
  const again = client("--detach", "flight", "-e", "probe begin { exit() }");
  assert.is(again.status, 4);
  assert.match(again.err, /a run 'flight' goes on: stop it first/);
  await remote.shell("dd if=/dev/zero of=/dev/null bs=1 count=1000 2>/dev/null");
  const listed = client("list");
  assert.match(listed.out, /^flight {2}running, since .* UTC, until .* UTC at the latest, 1 KB of output\n$/);
  const stopped = client("stop", "flight");
  assert.equal([stopped.status, stopped.err], [0, ""]);
  const [first, last] = stopped.out.trimEnd().split("\n");
  assert.is(first, "begun");
  assert.ok(Number(last?.replace("reads ", "")) >= 1000, stopped.out);
  assert.match(client("list").out, /^No run is kept on /);
});

test("the last of much output is kept, and waits for who asks after the run's end", async () => {
  const line = `n++; printf("%d %s\\n", n, "${"x".repeat(200)}")`;
  const script = `global n probe timer.ms(20) { for (i = 0; i < 400; i++) { ${line} } }`;
  const started = client("--detach", "ring", "-S", "1", "-T", "3", "-e", script);
  assert.is(started.status, 0, started.err);
  await sleep(4500);
  const { status, out } = client("attach", "ring");
  assert.is(status, 0);
  const numbers = out
    .trimEnd()
    .split("\n")
    .map((line) => Number(/^(\d+) x{200}$/.exec(line)?.[1]));
  assert.ok(out.length > 400_000 && out.length < 1_300_000, `${out.length} bytes`);
  assert.ok((numbers[0] as number) > 1, "the oldest lines are gone");
  // A file ends within a line, so the first may be a part of one.
  const whole = numbers.slice(Number.isNaN(numbers[0]) ? 1 : 0);
  assert.ok(
    whole.every((n, i) => n === (whole[0] as number) + i),
    "no line is missing between",
  );
});

test("what does not start is said at once, and leaves nothing", async () => {
  const folder = mkdtempSync(join(tmpdir(), "stap-kept-"));
  const file = join(folder, "x.bo");
  const other = remote.guest.arch === "x86_64" ? "arm64" : "x86_64";
  const compiled = await remote.runHere(["-p4", "-a", other, "-o", file, "-e", "probe timer.s(1) { exit() }"]);
  assert.is(compiled.status, 0, compiled.err);
  const started = client("run", file, "--detach", "never");
  rmSync(folder, { recursive: true });
  assert.is(started.status, 4, started.err);
  assert.match(started.err, new RegExp(other));
  assert.match(client("stop", "never").err, /there is no run 'never' here/);
});

test("a run that was killed leaves its output, and nothing in the kernel", async () => {
  const script = 'probe begin { println("here") } probe kernel.function("vfs_read") { n++ } global n';
  assert.is(client("--detach", "killed", "-e", script).status, 0);
  await remote.shell("kill -9 $(cut -d' ' -f1 /run/stap-remote/killed/run)");
  assert.match(client("list").out, /^killed {2}ended/);
  const { status, out } = client("stop", "killed");
  assert.equal([status, out], [1, "here\n"]);
  assert.is(await remote.leftBehind(before), "");
});

test.run();
