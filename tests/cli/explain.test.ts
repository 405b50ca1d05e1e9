// The command lines `explain` and `help verifier`.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { main } from "../../cli/command.ts";
import { Interrupts } from "../../cli/interrupts.ts";
import { Captured, captureMessages } from "../captured.ts";
import { ManifestBuilder, objectWith } from "../format/manifest-builder.ts";

const test = suite("explain");
const LOG = `; x = y @ x.stp:2
0: (79) r2 = *(u64 *)(r1 +0)          ; R1=ctx() R2_w=scalar()
; z = *x @ x.stp:3
1: (79) r0 = *(u64 *)(r2 +8)
R2 invalid mem access 'scalar'
processed 2 insns (limit 1000000) max_states_per_insn 0 total_states 0 peak_states 0 mark_read 0
`;
let folder = "";

test.before(() => {
  folder = mkdtempSync(join(tmpdir(), "stap-explain-"));
  writeFileSync(join(folder, "log"), LOG);
  writeFileSync(join(folder, "good"), LOG.replace(/R2 invalid.*\n/, ""));
  const builder = new ManifestBuilder();
  const position = builder.position("my.stp", 3, 5, "z = *x");
  builder.program("probe_1", 'kernel.trace("x")', position);
  writeFileSync(join(folder, "x.bo"), objectWith(builder.done()));
});
test.after(() => rmSync(folder, { recursive: true }));

async function run(...argv: string[]) {
  const output = new Captured();
  const { said, to } = captureMessages();
  const openRemote = () => Promise.reject(new Error("no machine is needed"));
  const status = await main(argv, { openRemote, ...to, openOutput: () => output, interrupts: new Interrupts() });
  return { status, out: output.text, err: said() };
}

test("a refusal is explained on one screen, with the place that the log tells", async () => {
  const { status, out } = await run("explain", join(folder, "log"));
  assert.is(status, 0);
  assert.match(out, /^ERROR: the kernel refused the program: R2 invalid mem access 'scalar'\n +at: x\.stp:3\n/);
  assert.match(out, /whose fault: the program's\n +instruction: 1: r0 = \*\(u64 \*\)\(r2 \+8\)\n/);
  assert.match(out, /r2 is from: 0: r2 = \*\(u64 \*\)\(r1 \+0\)/);
});

test("with an object of ours the script's place and column are shown, and the fault is the compiler's", async () => {
  const { out } = await run("explain", join(folder, "log"), join(folder, "x.bo"));
  assert.match(out, /at: my\.stp:3:5\n +source: z = \*x\n {21}\^\n/);
  assert.match(out, /whose fault: this compiler's/);
});

test("an object of another compiler is a warning, and the log is explained all the same", async () => {
  const { status, out, err } = await run("explain", join(folder, "log"), join(folder, "log"));
  assert.is(status, 0);
  assert.match(err, /^WARNING: .*no 64-bit little-endian ELF/);
  assert.match(out, /R2 invalid mem access/);
});

test("json has the fields of docs/verifier.md", async () => {
  const { status, out } = await run("explain", "--output=json", join(folder, "log"));
  const { version, verdict, id, place, instruction, lineage } = JSON.parse(out);
  assert.equal(
    [status, version, verdict, id, place.line, instruction.insn],
    [0, 1, "refused", "number-as-pointer", 3, 1],
  );
  assert.is(lineage[0].insn, 0);
});

test("the exit status says whether there is a failure, and whether there is a log", async () => {
  const accepted = await run("explain", join(folder, "good"));
  assert.equal([accepted.status, accepted.out.split("\n")[0]], [1, "the program was accepted: no failure in this log"]);
  assert.is((await run("explain", join(folder, "nosuch"))).status, 2);
  assert.is((await run("explain")).status, 2);
  assert.is((await run("explain", "a", "--output", "xml")).status, 2);
  assert.is((await run("explain", "--frobnicate", "a")).status, 2);
});

test("messages are found as they stand, by their words, by name and by number", async () => {
  const byMessage = await run("help", "verifier", "R4 !read_ok");
  assert.match(byMessage.out, /name: not-readable\n/);
  assert.match((await run("help", "verifier", "infinite loop")).out, /name: infinite-loop\n/);
  assert.match((await run("help", "verifier", "call-depth")).out, /name: call-depth\n/);
  assert.match((await run("help", "verifier", "524")).out, /name: enotsupp\n/);
  const none = await run("help", "verifier", "xyzzy");
  assert.equal([none.status, none.out], [1, ""]);
});

test("the list has a line for each message, and help without a topic is --help", async () => {
  const { status, out } = await run("explain", "--list");
  assert.is(status, 0);
  assert.ok(out.split("\n").length > 150);
  assert.match((await run("help")).out, /^Usage: stap-remote/);
  assert.is((await run("help", "cooking")).status, 1);
});

test.run();
