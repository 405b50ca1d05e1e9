// Compares our instruction counts with those of bpftrace 0.17 for a 6.12 kernel, which scripts/bench measured in a
// guest. So a change that costs instructions is noticed without a guest.

import { test } from "uvu";
import * as assert from "uvu/assert";
import { readAsset, readTapset, readTapsetIndex } from "../../cli/assets.ts";
import { createCompiler } from "../../compiler/host/compile.ts";
import { scriptInput } from "../../scripts/benchmarks/compile.ts";
import { totalInstructions } from "../../scripts/benchmarks/elf.ts";
import { SUBJECTS } from "../../scripts/benchmarks/subjects.ts";

/** Instructions of bpftrace's program, by what it does. */
const BPFTRACE: Record<string, number> = {
  "kprobe: printf of pid() and execname()": 27,
  "kprobe: count": 22,
  "kprobe: printf of one process' pid() only": 26,
  "kprobe: printf for one execname()": 34,
  "kprobe: three printfs that make one line": 53,
  "profile: printf of cpu() and execname()": 26,
};

const compiler = createCompiler(readAsset("compiler.wasm"), readTapset(), readTapsetIndex());

for (const [what, theirs] of Object.entries(BPFTRACE)) {
  test(`${what}: no more instructions than bpftrace's ${theirs}`, () => {
    const subject = SUBJECTS.find((one) => one.what === what);
    assert.ok(subject, "scripts/benchmarks/subjects.ts has it");
    const { object, messages } = compiler.compile(scriptInput(subject.ours));
    assert.ok(object, messages);
    const ours = totalInstructions(object);
    assert.ok(ours <= theirs, `ours takes ${ours}`);
  });
}

test("a condition on execname() by a regular expression takes no frame and no lock", () => {
  const script = 'probe kernel.function("vfs_read") { if (execname() !~ "^(ssh|sshd)$") next; exit() }';
  const { object, messages } = compiler.compile(scriptInput(script));
  assert.ok(object, messages);
  const ours = totalInstructions(object);
  assert.ok(ours <= 71, `ours takes ${ours}, the routine that walks the table included`);
});

test.run();
