// The reader of verifier logs: paths, frames, dialects, other tools' texts; made logs, where the recorded ones have no
// such thing.

import { test } from "uvu";
import * as assert from "uvu/assert";
import { emptyResult, runSweep } from "../../scripts/sweeps/sweep.ts";
import { verifierLogSweep } from "../../scripts/sweeps/verifier-logs.ts";
import { explain } from "../../verifier/explain.ts";
import { effectOf } from "../../verifier/insn.ts";
import { screenOf } from "../../verifier/screen.ts";
import { describe, parseState } from "../../verifier/state.ts";
import { LogReader, readLog } from "../../verifier/trace.ts";

const STATS = "processed 9 insns (limit 1000000) max_states_per_insn 0 total_states 0 peak_states 0 mark_read 0\n";

test("a restored branch continues the path at the branch, not at the end of its other side", () => {
  const log = `0: R1=ctx() R10=fp0
0: (79) r6 = *(u64 *)(r1 +0)          ; R1=ctx() R6_w=scalar()
; if (n > 10) @ x.stp:3
1: (25) if r6 > 0xa goto pc+2         ; R6_w=scalar(umax=10)
; a = 1 @ x.stp:4
2: (b7) r7 = 1                        ; R7_w=1
3: (05) goto pc+1
5: (95) exit

from 1 to 4: R6_w=scalar(umin=11) R10=fp0
; b = c @ x.stp:6
4: (79) r0 = *(u64 *)(r6 +0)
R6 invalid mem access 'scalar'
${STATS}`;
  const report = readLog(log);
  assert.equal(
    report.steps.map(({ insn }) => insn),
    [0, 1, 4],
  );
  const { decisions, lineage } = explain(report);
  assert.equal(
    decisions.map(({ insn, jumped, next }) => [insn, jumped, next?.line]),
    [[1, true, 6]],
  );
  assert.equal(
    lineage.map(({ insn, how }) => [insn, how]),
    [[0, "loaded from memory at r1"]],
  );
});

test("of nested branches the one is continued whose other side was kept last", () => {
  const log = `0: (15) if r1 == 0x0 goto pc+3
1: (15) if r2 == 0x0 goto pc+1
2: (95) exit
from 1 to 3: safe
from 0 to 4: R10=fp0
4: (95) exit
R0 !read_ok
`;
  const report = readLog(log);
  assert.equal(
    report.steps.map(({ insn }) => insn),
    [0, 4],
  );
  assert.equal([report.counts.pruned, report.counts.restored], [1, 2]);
});

test("a value is followed through stack slots, and into and out of functions", () => {
  const log = `0: R1=ctx() R10=fp0
0: (b7) r1 = 5                        ; R1_w=5
1: (7b) *(u64 *)(r10 -8) = r1         ; R1_w=5 R10=fp0 fp-8_w=5
2: (79) r1 = *(u64 *)(r10 -8)         ; R1_w=5 R10=fp0
3: (85) call pc+2
caller:
 R10=fp0 fp-8_w=5
callee:
 frame1: R1_w=5 R10=fp0
6: frame1: R1_w=5 R10=fp0
6: (bf) r0 = r1                       ; frame1: R0_w=5 R1_w=5
7: (95) exit
returning from callee:
 frame1: R0_w=5 R1_w=5 R10=fp0
to caller at 4:
 R0_w=5 R10=fp0 fp-8_w=5
4: (79) r2 = *(u64 *)(r0 +0)
R0 invalid mem access 'scalar'
${STATS}`;
  const { lineage, instruction } = explain(readLog(log));
  assert.is(instruction?.registers[0]?.value, "the number 5");
  assert.equal(
    lineage.map(({ insn, target }) => [insn, target]),
    [
      [6, "r0"],
      [2, "r1"],
      [1, "fp-8"],
      [0, "r1"],
    ],
  );
});

test("rounds of a loop are counted, not listed", () => {
  const round = "1: (07) r6 += 1\n; while (n < 100) @ x.stp:7\n2: (a5) if r6 < 0x64 goto pc-2\n";
  const end = `3: (79) r0 = *(u64 *)(r6 +0)\nR6 invalid mem access 'scalar'\n${STATS}`;
  const log = `0: (b7) r6 = 0\n${round.repeat(50)}${end}`;
  const { decisions, loops } = explain(readLog(log));
  assert.equal(
    decisions.map(({ insn, round: times }) => [insn, times]),
    [[2, 50]],
  );
  assert.equal(
    loops.map(({ insn, rounds }) => [insn, rounds]),
    [[1, 50]],
  );
});

test("registers of all dialects mean the same", () => {
  const cases: [string, string][] = [
    ["R1_w=inv(id=0,umax_value=255,var_off=(0x0; 0xff))", "a number from 0 to 255"],
    ["R1_w=scalar(umax=255,var_off=(0x0; 0xff))", "a number from 0 to 255"],
    ["R1_w=scalar(smin=smin32=0,smax=umax=smax32=umax32=255,var_off=(0x0; 0xff))", "a number from 0 to 255"],
    ["R1=invP7", "the number 7"],
    ["R1_w=P7", "the number 7"],
    ["R1=-1", "the number -1"],
    ["R1=inv(id=0)", "a number that may be anything"],
    ["R1=scalar()", "a number that may be anything"],
    ["R1=scalar(smax=4)", "a number of at most 4, which may be negative"],
    ["R1=map_value_or_null(id=1,map=counts,ks=4,vs=8)", "a pointer to a value of map 'counts' (8 bytes), or null"],
    ["R1=map_value(id=0,off=4,ks=4,vs=8,imm=0)", "a pointer to a value of a map (8 bytes), offset 4"],
    ["R1_w=fp-16", "a pointer to stack slot fp-16"],
    ["R1=ctx(id=0,off=0,imm=0)", "a pointer to the context of the probe"],
    ["R1=ptr_task_struct(off=0,imm=0)", "a pointer to the kernel's task_struct"],
    ["R1=trusted_ptr_or_null_file(id=2)", "a pointer to the kernel's file, or null"],
  ];
  for (const [text, wanted] of cases) assert.is(describe(parseState(text).values.get("r1")!), wanted, text);
  const state = parseState("frame2: R0=1 fp-8=mmmm???? refs=2,4");
  assert.equal([state.frame, state.references, state.values.get("fp-8")?.type], [2, ["2", "4"], "bytes"]);
});

test("instructions of all kinds are read", () => {
  const cases: [string, string, string[], string[]][] = [
    ["r1 = r2", "move", ["r1"], ["r2"]],
    ["w1 = (s8)w2", "move", ["r1"], ["r2"]],
    ["r1 = 0x1234 ll", "constant", ["r1"], []],
    ["r1 = 0xffff88deffc74600", "constant", ["r1"], []],
    ["r1 += r2", "compute", ["r1"], ["r1", "r2"]],
    ["r1 s>>= 3", "compute", ["r1"], ["r1"]],
    ["r1 = be16 r1", "compute", ["r1"], ["r1"]],
    ["r1 = *(u64 *)(r10 -8)", "load", ["r1"], ["fp-8"]],
    ["*(u32 *)(r10 -4) = r1", "store", ["fp-4"], ["r1"]],
    ["lock *(u64 *)(r1 +0) += r2", "atomic", [], ["r2"]],
    ["r2 = atomic64_fetch_add((u64 *)(r1 +0), r2)", "atomic", ["r2"], ["r1"]],
    ["if r1 s> 0x4 goto pc+2", "jump", [], ["r1"]],
    ["if w1 == w2 goto pc-3", "jump", [], ["r1", "r2"]],
    ["may_goto pc+1", "jump", [], []],
    ["gotol pc+70000", "jump", [], []],
  ];
  for (const [text, kind, writes, reads] of cases) {
    const effect = effectOf(text);
    assert.equal([effect.kind, effect.writes, effect.reads], [kind, writes, reads], text);
  }
  assert.equal(
    [effectOf("call bpf_map_lookup_elem#1").callee, effectOf("call pc+4").callee],
    ["bpf_map_lookup_elem", "pc+4"],
  );
});

test("the report announced for 7.3 is read", () => {
  const log = `2: (79) r1 = *(u64 *)(r2 +8)

Verification failed: Register Type Safety: Invalid dereference

Reason:
  R2 is an integer scalar here,
  not a pointer to memory.

At:
  handler @ x.c:12:5
  Source context:
    >>> 12 | return p->x;
           | ^-- error: invalid dereference
  Instruction context:
        1 | r2 = 0
    >>> 2 | r1 = *(u64 *)(r2 +8)

Causal path:
  handler @ x.c:10:5

Suggestion:
  Check the pointer.

${STATS}`;
  const { cause, fix, place, instruction, report } = explain(readLog(log));
  assert.is(cause, "R2 is an integer scalar here, not a pointer to memory.");
  assert.is(fix, "Check the pointer.");
  assert.equal([place?.file, place?.line, place?.column, instruction?.insn], ["x.c", 12, 5, 2]);
  assert.equal(report?.path.length, 1);
});

test("the first program that was refused is explained, not one that was accepted before or retried after", () => {
  const log = `libbpf: prog 'first': -- BEGIN PROG LOAD LOG --
0: (b7) r0 = 0
1: (95) exit
${STATS}-- END PROG LOAD LOG --
libbpf: prog 'second': BPF program load failed: Permission denied
libbpf: prog 'second': -- BEGIN PROG LOAD LOG --
0: (bf) r0 = r6
R6 !read_ok
${STATS}-- END PROG LOAD LOG --
libbpf: prog 'second': failed to load: -13
libbpf: failed to load object 'x'
`;
  const { id, program, message } = explain(readLog(log));
  assert.equal([id, program, message], ["not-readable", "second", "R6 !read_ok"]);
});

test("a tool's text without a log of the verifier is explained by what the tool says", () => {
  const texts: [string, string][] = [
    ["libbpf: prog 'x': failed to create kprobe 'nosuch+0x0' perf event: No such file or directory", "enoent-target"],
    ["libbpf: map 'rb': failed to create: Invalid argument(-22)", "einval-map"],
    ["libbpf: prog 'x': failed to attach: unknown error (-524)", "enotsupp"],
    ["failed to load: program x: load program: operation not permitted", "eperm"],
    ["libbpf: failed to find valid kernel BTF", "kernel-btf-missing"],
    ["Error: the BPF_PROG_LOAD syscall failed: Argument list too long (os error 7)", "e2big"],
  ];
  for (const [text, id] of texts) assert.is(explain(readLog(`${text}\n`)).id, id, text);
});

test("a log inside of one line of another program's is read", () => {
  const inner =
    "0: (bf) r6 = r1\n1: (79) r1 = *(u64 *)(r6 +0)\n2: (79) r1 = *(u64 *)(r1 +0)\nR1 invalid mem access 'inv'\n";
  const line = `{"level":"error","msg":"load program: permission denied: ${inner.replaceAll("\n", "\\n")} (more)"}\n`;
  assert.equal([explain(readLog(line)).id, explain(readLog(line)).instruction?.insn], ["number-as-pointer", 2]);
});

test("a log whose middle was left out has the path behind the gap, and says so", () => {
  const end = "7: (79) r0 = *(u64 *)(r6 +0)\nR6 invalid mem access 'scalar'\n";
  const report = readLog(
    `0: (bf) r6 = r1\n1: (b7) r\n... 123456 bytes left out ...\n = 5\n6: (b7) r6 = 1\n${end}${STATS}`,
  );
  assert.equal([report.steps.map(({ insn }) => insn), report.stepsMissing], [[6, 7], true]);
  assert.is(explain(report).id, "number-as-pointer");
});

test("an accepted program, and a text of something else, are told from a refusal", () => {
  assert.is(explain(readLog(`0: (b7) r0 = 0\n1: (95) exit\n${STATS}`)).verdict, "accepted");
  assert.is(explain(readLog("")).verdict, "none");
});

test("a long log is read fast, and the explanation does not grow with it", () => {
  const round =
    "1: (07) r6 += 1                       ; R6_w=9726\n2: (a5) if r6 < 0x7fffffff goto pc-2  ; R6_w=9726\n";
  const chunk = round.repeat(5000);
  const reader = new LogReader();
  const began = Date.now();
  reader.push("0: (b7) r6 = 0\n");
  for (let i = 0; i < 20; i++) reader.push(chunk);
  reader.push(`BPF program is too large. Processed 1000001 insn\n${STATS}`);
  const report = reader.end();
  assert.is(report.counts.insns, 200_001);
  assert.ok(report.steps.length <= 60_000 && report.stepsMissing);
  const screen = screenOf(explain(report), { title: "refused" });
  assert.ok(screen.split("\n").length < 25, screen);
  assert.ok(Date.now() - began < 10_000, `${Date.now() - began} ms`);
});

test("damaged logs never make the reader throw, take long, or say more than a screen", async () => {
  const sweep = verifierLogSweep();
  const { findings, ends } = await runSweep(sweep, emptyResult(sweep, 17), 3000, () => {});
  assert.equal(findings, []);
  assert.ok((ends["refused, known"] ?? 0) > 800 && (ends.accepted ?? 0) > 100, JSON.stringify(ends));
});

test.run();
