// Functions that end the session or tell somebody: abort, ftrace; a dump of the registers.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Remote } from "./remote.ts";

const test = suite("control");
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

const WRITE = "dd if=/dev/zero of=/dev/null bs=512 count=3 2>/dev/null";

test("abort() ends the handler where it stands, through functions, loops and try; end probes run", async () => {
  for (const where of ['kernel.function("vfs_write")', "begin"]) {
    const script = `global n
      function deep(i) { for (; i < 10; i++) if (i == 5) abort(); return i }
      probe ${where} {
        printf("before "); n++
        try { deep(0) println("after abort") } catch { println("caught") }
        println("after try") }
      probe end { printf("end %d\\n", n) }`;
    const { status, out, err } = await remote.run(["-e", script], { attached: shell(WRITE) });
    assert.is(status, 0, err);
    assert.is(out, "before end 1\n", where);
  }
});

test("ftrace() writes a line into the kernel's trace buffer, from the kernel and from the agent", async () => {
  const mark = `mark ${Date.now()}`;
  const script = `probe begin { ftrace("begin ${mark}") }
    probe kernel.function("vfs_write") {
      if (execname() == "dd") { ftrace(sprintf("%s ${mark}", execname())); exit() } }`;
  const { status, err } = await remote.run(["-e", script], { attached: shell(WRITE) });
  assert.is(status, 0, err);
  const { out } = await remote.shell(
    "grep mark /sys/kernel/tracing/trace || grep mark /sys/kernel/debug/tracing/trace",
  );
  assert.ok(out.includes(`begin ${mark}`), out);
  assert.ok(out.includes(`dd ${mark}`), out);
});

test("print_regs() shows the registers of the probed place, and nothing where there are none", async () => {
  const script = `probe begin { print_regs() }
    probe kernel.function("vfs_write") {
      if (execname() == "dd") { print_regs(); printf("%x\\n", pointer_arg(1)); exit() } }`;
  const { status, out, err } = await remote.run(["-e", script], { attached: shell(WRITE) });
  assert.is(status, 0, err);
  const lines = out.trimEnd().split("\n");
  assert.match(lines[0]!, /^(RIP|pc ): [0-9a-f]{16} /);
  const first = /(?:RDI|x0 ): ([0-9a-f]{16})/.exec(out)![1];
  assert.is(first, lines.at(-1)!.padStart(16, "0"));
});

test.run();
