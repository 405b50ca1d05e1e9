// Verifier logs as kernels write them, from 5.10 on: the message, the instruction, the place in the script.

import { test } from "uvu";
import * as assert from "uvu/assert";
import { ManifestReader } from "../../agent/host/manifest.ts";
import { explainRejection, placesOf } from "../../agent/host/verifier-log.ts";
import { explain } from "../../verifier/explain.ts";
import { readLog } from "../../verifier/trace.ts";
import { ManifestBuilder, objectWith } from "../format/manifest-builder.ts";

const LOG_5_10 = `; a = b / c
0: (b7) r2 = 0
1: R1=ctx(id=0,off=0,imm=0) R2_w=inv0 R10=fp0
1: (bf) r3 = r1
; x = vfs->y
2: (79) r1 = *(u64 *)(r2 +8)
R2 invalid mem access 'inv'
processed 3 insns (limit 1000000) max_states_per_insn 0 total_states 0 peak_states 0 mark_read 0
`;
const LOG_6_12 = `func#0 @0
0: R1=ctx() R10=fp0
; a = b / c @ x.stp:2
0: (b7) r2 = 0                        ; R2_w=0
; x = vfs->y @ x.stp:3
1: (79) r1 = *(u64 *)(r2 +8)
R2 invalid mem access 'scalar'
verification time 53 usec
stack depth 0
processed 2 insns (limit 1000000) max_states_per_insn 0 total_states 0 peak_states 0 mark_read 0
`;
const LOG_BRANCHES = `0: R1=ctx() R10=fp0
0: (15) if r1 == 0x0 goto pc+1        ; R1=ctx()
mark_precise: frame0: last_idx 0 first_idx 0 subseq_idx -1
1: (95) exit

from 0 to 2: R10=fp0
2: (07) r0 += 1
R0 !read_ok
processed 3 insns (limit 1000000) max_states_per_insn 0 total_states 0 peak_states 0 mark_read 0
`;
const LOG_TOO_LARGE = `0: R1=ctx() R10=fp0
0: (05) goto pc-1
BPF program is too large. Processed 1000001 insn
processed 1000001 insns (limit 1000000) max_states_per_insn 4 total_states 9 peak_states 9 mark_read 1
`;
const LOG_GLOBAL = `Validating helper() func#1...
10: R1=scalar() R10=fp0
; return twice(x) @ x.stp:9
10: (bf) r0 = r1
11: (95) exit
At program exit the register R0 has unknown scalar value should have been in [0, 0]
processed 2 insns (limit 1000000) max_states_per_insn 0 total_states 0 peak_states 0 mark_read 0
`;

function manifest(): ManifestReader {
  const builder = new ManifestBuilder();
  const first = builder.position("x.stp", 2, 3, "  a = b / c");
  const second = builder.position("x.stp", 3, 7, "  x = vfs->y");
  builder.position("x.stp", 9, 10, "  return twice(x)");
  const program = builder.program("probe_1", 'kernel.function("vfs_read")', first);
  builder.line(program, 0, first);
  builder.line(program, 2, second);
  return new ManifestReader(objectWith(builder.done()));
}

const explained = (log: string) => explain(readLog(log), placesOf(manifest(), 0));

test("the kernel's message is the last line that is no instruction, state or statistic", () => {
  const messages = [LOG_5_10, LOG_6_12, LOG_BRANCHES, LOG_TOO_LARGE, LOG_GLOBAL].map((log) => explained(log).message);
  assert.equal(messages, [
    "R2 invalid mem access 'inv'",
    "R2 invalid mem access 'scalar'",
    "R0 !read_ok",
    "BPF program is too large. Processed 1000001 insn",
    "At program exit the register R0 has unknown scalar value should have been in [0, 0]",
  ]);
});

test("the refused instruction is the last one printed", () => {
  const insns = [LOG_5_10, LOG_6_12, LOG_BRANCHES].map((log) => explained(log).instruction);
  assert.equal(
    insns.map((one) => `${one?.insn}: ${one?.text}`),
    ["2: r1 = *(u64 *)(r2 +8)", "1: r1 = *(u64 *)(r2 +8)", "2: r0 += 1"],
  );
});

test("the line is found by text alone on 5.10, and with its number on 6.12", () => {
  for (const log of [LOG_5_10, LOG_6_12]) {
    const { place } = explained(log);
    assert.equal([place?.line, place?.column], [3, 7]);
  }
});

test("without comments the manifest's line table tells the place", () => {
  assert.is(explained(LOG_BRANCHES).place?.line, 3);
});

test("an instruction of a subprogram is found by its comment, not by the caller's table", () => {
  const { place, function: name } = explained(LOG_GLOBAL);
  assert.equal([place?.line, name], [9, "helper"]);
});

test("unsafe code of ours is the compiler's fault, too much of it the script's, without privileges nobody's", () => {
  assert.is(explained(LOG_5_10).fault, "compiler");
  assert.is(explained(LOG_TOO_LARGE).fault, "script");
  assert.is(explain(readLog(""), placesOf(manifest(), 0), 1).fault, "user");
  assert.is(explain(readLog("0: (85) call bpf_x#9\nunknown func bpf_x#9\n"), placesOf(manifest(), 0)).fault, "kernel");
});

test("a global variable that a register points to is named", () => {
  const builder = new ManifestBuilder();
  builder.program("probe_1", "begin");
  builder.global("total", 8, 8);
  const reader = new ManifestReader(objectWith(builder.done()));
  const log =
    "0: R1=map_value(map=x.bss,off=8,ks=4,vs=16) R10=fp0\n0: (79) r2 = *(u64 *)(r1 +32)\n" +
    "R1 min value is outside of the allowed memory range\n";
  const { instruction } = explain(readLog(log), placesOf(reader, 0));
  assert.equal(
    instruction?.registers.map(({ name, variable }) => [name, variable]),
    [["r1", "total"]],
  );
});

test("a refusal without a log is explained by its error number", () => {
  const text = explainRejection({ program: "probe_1", errno: -1, log: "" }, manifest(), false);
  assert.match(
    text,
    /refused probe kernel\.function\("vfs_read"\): The kernel lets only privileged users load this program/,
  );
  assert.match(text, /returned no log/);
});

test("tabs before the column stay tabs under the caret", () => {
  const builder = new ManifestBuilder();
  const position = builder.position("t.stp", 1, 4, "\ta = 1");
  builder.program("probe_1", "begin", position);
  const reader = new ManifestReader(objectWith(builder.done()));
  const text = explainRejection({ program: "probe_1", errno: 13, log: "bad\n" }, reader, false);
  assert.match(text, /source: \ta = 1\n {17}\t {2}\^\n/);
});

test("long lines are shown around the place, and cut in the log", () => {
  const builder = new ManifestBuilder();
  const position = builder.position("t.stp", 1, 701, "x = 1; ".repeat(200));
  builder.program("probe_1", "begin", position);
  const reader = new ManifestReader(objectWith(builder.done()));
  const log = `2: (79) ${"r1 = r2; ".repeat(50)}\nbad ${"words ".repeat(50)}\n`;
  const text = explainRejection({ program: "probe_1", errno: 13, log }, reader, false);
  for (const line of text.split("\n")) assert.ok(line.length <= 200, `${line.length}: ${line}`);
  const [, source, caret] = /source: (.*)\n {17}( *)\^/.exec(text)!;
  assert.is(source!.slice(caret!.length, caret!.length + 5), "x = 1", text);
  const full = explainRejection({ program: "probe_1", errno: 13, log }, reader, true);
  assert.ok(full.includes("r1 = r2; ".repeat(49)), "all of the log is all of it");
});

test("a program name cut to 15 bytes by the kernel is found", () => {
  const builder = new ManifestBuilder();
  builder.program("a_long_program_name_1", "begin");
  const reader = new ManifestReader(objectWith(builder.done()));
  assert.is(reader.findProgram("a_long_program_"), 0);
  assert.is(reader.findProgram("other"), -1);
});

test.run();
