// Counts the instructions and helper calls that one event executes, as scripts/bench does: ours may not increase. The
// numbers of bpftrace 0.17 for a 6.12 kernel stand beside ours.

import { test } from "uvu";
import * as assert from "uvu/assert";
import { costOfOurs } from "../../scripts/benchmarks/instructions.ts";
import { CountingMachine, Memory } from "../../scripts/benchmarks/machine.ts";
import { HANDLERS, SUBJECTS } from "../../scripts/benchmarks/subjects.ts";

/** [instructions, helpers]: the most that ours may take, and what bpftrace takes. */
const MOST: Record<string, { ours: [number, number]; bpftrace: [number, number] }> = {
  "kprobe: printf of pid() and execname()": { ours: [20, 3], bpftrace: [25, 3] },
  "kprobe: printf of a constant": { ours: [13, 1], bpftrace: [10, 1] },
  "kprobe: count": { ours: [7, 0], bpftrace: [20, 2] },
  "kprobe: average by execname()": { ours: [55, 1], bpftrace: [58, 6] },
  "kprobe: histogram of tid()": { ours: [46, 2], bpftrace: [50, 3] },
  "kprobe: printf of one process' pid() only": { ours: [19, 2], bpftrace: [22, 3] },
  "kprobe: printf for one execname()": { ours: [24, 3], bpftrace: [32, 3] },
  "kprobe: three printfs that make one line": { ours: [25, 3], bpftrace: [47, 6] },
  "kretprobe: printf of tid()": { ours: [16, 2], bpftrace: [16, 2] },
  "tracepoint: printf of cpu()": { ours: [15, 2], bpftrace: [14, 2] },
  "profile: printf of cpu() and execname()": { ours: [19, 3], bpftrace: [24, 3] },
  "count by thread": { ours: [25, 1], bpftrace: [22, 3] },
  "count by execname": { ours: [39, 1], bpftrace: [25, 3] },
  "count by execname and process": { ours: [49, 2], bpftrace: [32, 4] },
  "latency: time of entry by thread, sum at return": { ours: [185, 4], bpftrace: [69, 12] },
  "latency as a histogram": { ours: [243, 5], bpftrace: [99, 12] },
  "statistics of a value": { ours: [27, 2], bpftrace: [83, 11] },
  "printf of four values": { ours: [25, 4], bpftrace: [31, 5] },
  "count of one process only": { ours: [10, 1], bpftrace: [26, 3] },
  "count of one execname only": { ours: [15, 1], bpftrace: [34, 3] },
  "count by process, the top ten every second": { ours: [54, 1], bpftrace: [21, 3] },
};

for (const subject of [...SUBJECTS, ...HANDLERS]) {
  const [instructions, helpers] = MOST[subject.what]?.ours ?? [0, 0];
  test(`${subject.what}: at most ${instructions} instructions and ${helpers} helpers for an event`, () => {
    const cost = costOfOurs(subject);
    assert.type(cost, "object", String(cost));
    if (typeof cost === "string") return;
    assert.ok(Number(cost.executed) <= instructions, `it takes ${cost.executed} instructions`);
    assert.ok(Number(cost.helpers) <= helpers, `it takes ${cost.helpers} helpers`);
  });
}

/** Instructions as [opcode, dst | src << 4, off, imm]. */
function assemble(...code: [number, number, number, number][]): Uint8Array {
  const bytes = new Uint8Array(8 * code.length);
  const view = new DataView(bytes.buffer);
  code.forEach(([opcode, registers, off, imm], i) => {
    view.setUint8(8 * i, opcode);
    view.setUint8(8 * i + 1, registers);
    view.setInt16(8 * i + 2, off, true);
    view.setInt32(8 * i + 4, imm, true);
  });
  return bytes;
}

test("the machine counts each instruction of a loop, one for a load of 64 bits, one for a helper", () => {
  const code = assemble(
    [0x18, 0x06, 0, 3], // r6 = 3
    [0, 0, 0, 0],
    [0x85, 0, 0, 5], //    call 5
    [0x17, 0x06, 0, 1], // r6 -= 1
    [0x55, 0x06, -3, 0], // if r6 != 0 goto call
    [0x95, 0, 0, 0],
  );
  const machine = new CountingMachine(code, new Memory(), () => 0n);
  const { executed, helpers } = machine.run(0, 0n);
  assert.is(executed, 1 + 3 * 3 + 1);
  assert.equal([...helpers], [[5, 3]]);
});

test("the machine keeps r6 to r9 across subprograms and counts theirs", () => {
  const code = assemble(
    [0xb7, 0x06, 0, 7], //  r6 = 7
    [0x85, 0x10, 0, 2], //  call the subprogram
    [0x7b, 0x61, 0, 0], //  *(u64 *)(r1 + 0) = r6
    [0x95, 0, 0, 0],
    [0xb7, 0x06, 0, 1], //  r6 = 1
    [0x7b, 0x6a, -8, 0], // *(u64 *)(r10 - 8) = r6
    [0x95, 0, 0, 0],
  );
  const memory = new Memory();
  const context = memory.add(new Uint8Array(8));
  const machine = new CountingMachine(code, memory, () => 0n);
  assert.is(machine.run(0, context).executed, 7);
  assert.is(memory.load(context, 8), 7n);
});

test("a program that leaves its memory is an error, not a count", () => {
  const code = assemble([0x79, 0x10, 0, 0], [0x95, 0, 0, 0]);
  const machine = new CountingMachine(code, new Memory(), () => 0n);
  assert.throws(() => machine.run(0, 0n), /no memory of 8 bytes/);
});

test.run();
