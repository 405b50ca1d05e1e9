// The machine's promises: the kernel's arithmetic, and that no code harms its surroundings.

import { Alu, Atomic, Class, INSN_BYTES, Jmp, Opcode, PSEUDO_CALL, Source, STACK_BYTES } from "../../format/bpf";
import { Helper, helperRows } from "../../format/helpers";
import { MAX_RECORD_BYTES } from "../../format/record";
import { Environment } from "./environment";
import { BpfMachine } from "./machine";
import { MAP_HANDLE, MachineStatus } from "./state";

/** A world with fixed answers that counts records. */
class FixedWorld extends Environment {
  records: i32 = 0;
  lastMap: i32 = -1;
  lastBytes: i32 = 0;
  isFull: bool = false;
  pauses: i32 = 0;
  /** Values of map 2. */
  values: StaticArray<u64> = [11, 22];

  /** Pauses after which it is not to go on. */
  mostPauses: i32 = i32.MAX_VALUE;

  pause(): bool {
    return ++this.pauses <= this.mostPauses;
  }

  lookUp(map: i32, index: u32): usize {
    return map == 2 && index < 2 ? changetype<usize>(this.values) + <usize>index * 8 : 0;
  }

  ktimeNs(): u64 {
    return 1000;
  }

  bootNs(): u64 {
    return 2000;
  }

  jiffies(): u64 {
    return 3;
  }

  pidTgid(): u64 {
    return ((<u64>7) << 32) | 8;
  }

  uidGid(): u64 {
    return ((<u64>5) << 32) | 6;
  }

  comm(to: usize): void {
    memory.fill(to, 0, 16);
    store<u32>(to, 0x74736574); // "test"
  }

  cpu(): u32 {
    return 1;
  }

  random(): u32 {
    return 4;
  }

  ringOutput(map: i32, _address: usize, bytes: i32): bool {
    this.lastMap = map;
    this.lastBytes = bytes;
    if (!this.isFull) ++this.records;
    return !this.isFull;
  }
}

const world: FixedWorld = new FixedWorld();
const m: BpfMachine = new BpfMachine(world);
const FUEL: i64 = 100000;

function insn(opcode: i32, dst: i32, src: i32, off: i32, imm: i32): u64 {
  return <u64>opcode | ((<u64>dst) << 8) | ((<u64>src) << 12) | ((<u64>(<u16>off)) << 16) | ((<u64>(<u32>imm)) << 32);
}

function mov(dst: i32, imm: i32): u64 {
  return insn(Opcode.MovImm64, dst, 0, 0, imm);
}

function call(helper: i32): u64 {
  return insn(Opcode.Call, 0, 0, 0, helper);
}

const EXIT: u64 = 0x95;

function run(code: u64[]): MachineStatus {
  const bytes = new StaticArray<u8>(code.length * INSN_BYTES);
  memory.copy(changetype<usize>(bytes), code.dataStart, bytes.length);
  m.setCode(bytes);
  return m.run(0, 0, FUEL);
}

/** r0 after `r0 = a; r1 = b; r0 op= r1`. */
function alu(classBits: i32, operation: i32, a: i64, b: i64, off: i32 = 0): u64 {
  const code: u64[] = [
    insn(Opcode.LdImm64, 0, 0, 0, <i32>a),
    (<u64>a >> 32) << 32,
    insn(Opcode.LdImm64, 1, 0, 0, <i32>b),
    (<u64>b >> 32) << 32,
    insn(classBits | operation | Source.X, 0, 1, off, 0),
    EXIT,
  ];
  assert(run(code) == MachineStatus.Done, "arithmetic ends in good order");
  return m.registers[0];
}

export function test_has_the_helpers_that_the_table_says(): void {
  const rows = helperRows();
  let before = 0;
  for (let i = 0; i < rows.length; ++i) {
    const id = <i32>rows[i].id;
    assert(id > before, "a row for each helper, in order");
    before = id;
    const isKnown = run([call(id), EXIT]) != MachineStatus.BadHelper;
    assert(isKnown == rows[i].isInAgent, `the machine agrees about ${rows[i].name}`);
  }
  assert(run([call(before + 1), EXIT]) == MachineStatus.BadHelper, "others are refused");
}

export function test_divides_as_the_kernel_does(): void {
  assert(alu(Class.Alu64, Alu.Div, 7, 0) == 0, "x / 0 is 0");
  assert(alu(Class.Alu64, Alu.Mod, 7, 0) == 7, "x % 0 is x");
  assert(alu(Class.Alu64, Alu.Div, -8, 2) == 0x7ffffffffffffffc, "division is unsigned");
  assert(alu(Class.Alu64, Alu.Div, -8, 2, 1) == <u64>-4, "signed division");
  assert(alu(Class.Alu64, Alu.Div, i64.MIN_VALUE, -1, 1) == <u64>i64.MIN_VALUE, "the smallest number / -1 is itself");
  assert(alu(Class.Alu64, Alu.Mod, i64.MIN_VALUE, -1, 1) == 0, "the smallest number % -1 is 0");
  assert(alu(Class.Alu64, Alu.Mod, -7, 3, 1) == <u64>-1, "signed remainder has the dividend's sign");
  assert(alu(Class.Alu, Alu.Div, -8, 2) == 0x7ffffffc, "32-bit division is unsigned");
  assert(alu(Class.Alu, Alu.Div, i32.MIN_VALUE, -1, 1) == 0x80000000, "32 bits: the smallest number / -1 is itself");
  assert(alu(Class.Alu, Alu.Mod, 0x1_0000_0005, 0) == 5, "32 bits: x % 0 is the low half of x");
}

export function test_masks_shift_counts_and_clears_upper_halves(): void {
  assert(alu(Class.Alu64, Alu.Lsh, 1, 65) == 2, "64-bit shifts use 6 bits");
  assert(alu(Class.Alu, Alu.Lsh, 1, 33) == 2, "32-bit shifts use 5 bits");
  assert(alu(Class.Alu64, Alu.Arsh, -8, 1) == <u64>-4, "arithmetic shift keeps the sign");
  assert(alu(Class.Alu, Alu.Arsh, -8, 1) == 0xfffffffc, "32-bit arithmetic shift keeps the sign of 32 bits");
  assert(alu(Class.Alu, Alu.Add, -1, 1) == 0, "32-bit sums have no upper half");
  assert(alu(Class.Alu, Alu.Mov, 0, -1) == 0xffffffff, "32-bit moves zero-extend");
  assert(alu(Class.Alu64, Alu.Mov, 0, 0x80, 8) == <u64>-128, "moves of 8 bits sign-extend");
}

export function test_swaps_bytes(): void {
  const be: u64[] = [mov(0, 0x1234), insn(Class.Alu | Alu.End | Source.X, 0, 0, 0, 16), EXIT];
  assert(run(be) == MachineStatus.Done && m.registers[0] == 0x3412, "to big-endian, 16 bits");
  const le: u64[] = [mov(0, -1), insn(Class.Alu | Alu.End | Source.K, 0, 0, 0, 32), EXIT];
  assert(run(le) == MachineStatus.Done && m.registers[0] == 0xffffffff, "to little-endian cuts");
}

/** Is `a op b` (32 or 64 bit) a taken jump? */
function jumps(classBits: i32, operation: i32, a: i32, b: i32): bool {
  const code: u64[] = [mov(1, a), mov(0, 1), insn(classBits | operation, 1, 0, 1, b), mov(0, 0), EXIT];
  assert(run(code) == MachineStatus.Done, "jumps end in good order");
  return m.registers[0] == 1;
}

export function test_compares_signed_and_unsigned(): void {
  assert(jumps(Class.Jmp, Jmp.Jgt, -1, 1), "-1 is large");
  assert(!jumps(Class.Jmp, Jmp.Jsgt, -1, 1), "-1 is small when signed");
  assert(jumps(Class.Jmp, Jmp.Jslt, -1, 1), "-1 < 1");
  assert(jumps(Class.Jmp32, Jmp.Jslt, -1, 0), "32 bits: -1 < 0");
  assert(jumps(Class.Jmp, Jmp.Jset, 6, 2) && !jumps(Class.Jmp, Jmp.Jset, 6, 1), "bits in common");
  assert(jumps(Class.Jmp, Jmp.Jle, 3, 3) && jumps(Class.Jmp, Jmp.Jge, 3, 3), "3 is at most and at least 3");
}

export function test_calls_keep_registers_and_have_their_own_stack(): void {
  const code: u64[] = [
    mov(6, 60),
    mov(1, 5),
    insn(Opcode.StDW, 10, 0, -8, 77),
    insn(Opcode.Call, 0, PSEUDO_CALL, 0, 3),
    insn(Class.Alu64 | Alu.Add | Source.X, 0, 6, 0, 0),
    insn(Opcode.LdxDW, 1, 10, -8, 0),
    EXIT,
    mov(6, 1000),
    insn(Opcode.StDW, 10, 0, -8, 99),
    insn(Opcode.MovReg64, 0, 1, 0, 0),
    EXIT,
  ];
  assert(run(code) == MachineStatus.Done, "ends in good order");
  assert(m.registers[0] == 65, "the callee's result, the caller's r6");
  assert(m.registers[1] == 77, "the caller's stack is as it was");
}

export function test_stops_endless_recursion_and_loops(): void {
  assert(run([insn(Opcode.Call, 0, PSEUDO_CALL, 0, -1), EXIT]) == MachineStatus.TooDeep, "recursion");
  assert(run([insn(Opcode.Ja, 0, 0, -1, 0), EXIT]) == MachineStatus.OutOfFuel, "loop");
}

export function test_stops_wild_accesses(): void {
  assert(run([mov(1, 8), insn(Opcode.LdxDW, 0, 1, 0, 0), EXIT]) == MachineStatus.WildAccess, "a load from nowhere");
  assert(m.fault == 8 && m.pc == 1, "where and what");
  assert(run([insn(Opcode.StxDW, 10, 1, 0, 0), EXIT]) == MachineStatus.Done, "the next frame's stack is stack");
  const below = -(<i32>STACK_BYTES) - 8;
  assert(run([insn(Opcode.StxDW, 10, 1, below, 0), EXIT]) == MachineStatus.WildAccess, "below the stack");
  assert(run([mov(1, -4), insn(Opcode.LdxDW, 0, 1, 0, 0), EXIT]) == MachineStatus.WildAccess, "an access that wraps");
}

export function test_stops_bad_instructions(): void {
  assert(run([0xff]) == MachineStatus.BadInsn, "no such opcode");
  assert(run([mov(0, 0)]) == MachineStatus.BadInsn, "falls out of the code");
  assert(run([insn(Opcode.Ja, 0, 0, 100, 0)]) == MachineStatus.BadInsn, "jumps out of the code");
  assert(run([insn(Opcode.MovImm64, 10, 0, 0, 0), EXIT]) == MachineStatus.BadInsn, "writes r10");
  assert(run([insn(Opcode.MovImm64, 12, 0, 0, 0), EXIT]) == MachineStatus.BadInsn, "no register 12");
  assert(run([insn(Opcode.LdImm64, 0, 0, 0, 1)]) == MachineStatus.BadInsn, "half an instruction");
  assert(run([call(9999), EXIT]) == MachineStatus.BadHelper && m.fault == 9999, "no such helper");
}

export function test_atomics_return_what_was_there(): void {
  const cell = new StaticArray<u64>(1);
  m.addRegion(changetype<usize>(cell), 8, true);
  const address = <i32>changetype<usize>(cell);
  cell[0] = 10;
  assert(
    run([mov(1, address), mov(2, 5), insn(Opcode.AtomicDW, 1, 2, 0, Atomic.Add), EXIT]) == MachineStatus.Done,
    "add",
  );
  assert(cell[0] == 15 && m.registers[2] == 5, "add without fetch leaves its operand");
  run([mov(1, address), mov(2, 6), insn(Opcode.AtomicDW, 1, 2, 0, Atomic.And | Atomic.Fetch), EXIT]);
  assert(cell[0] == 6 && m.registers[2] == 15, "fetch and");
  run([mov(1, address), mov(2, 9), insn(Opcode.AtomicDW, 1, 2, 0, Atomic.Xchg), EXIT]);
  assert(cell[0] == 9 && m.registers[2] == 6, "exchange");
  run([mov(0, 9), mov(1, address), mov(2, 1), insn(Opcode.AtomicDW, 1, 2, 0, Atomic.Cmpxchg), EXIT]);
  assert(cell[0] == 1 && m.registers[0] == 9, "compare and exchange that succeeds");
  run([mov(0, 9), mov(1, address), mov(2, 2), insn(Opcode.AtomicDW, 1, 2, 0, Atomic.Cmpxchg), EXIT]);
  assert(cell[0] == 1 && m.registers[0] == 1, "compare and exchange that fails");
  const odd = run([mov(1, address), insn(Opcode.AtomicW, 1, 2, 2, Atomic.Add), EXIT]);
  assert(odd == MachineStatus.WildAccess, "an atomic at an odd address");
}

export function test_helpers_answer_from_the_world(): void {
  assert(run([call(Helper.KtimeGetNs), EXIT]) == MachineStatus.Done && m.registers[0] == 1000, "time");
  run([call(Helper.GetCurrentPidTgid), EXIT]);
  assert(m.registers[0] == 0x700000008, "process and thread");
  const comm: u64[] = [
    insn(Opcode.MovReg64, 1, 10, 0, 0),
    insn(Class.Alu64 | Alu.Add, 1, 0, 0, -16),
    mov(2, 3),
    call(Helper.GetCurrentComm),
    insn(Opcode.LdxW, 0, 10, -16, 0),
    EXIT,
  ];
  run(comm);
  assert((m.registers[0] & 0xffffff) == 0x006574, "a name is cut and ends with NUL");
}

export function test_reads_text_up_to_its_end(): void {
  const text = new StaticArray<u8>(8);
  memory.fill(changetype<usize>(text), 0x61, 8);
  m.addRegion(changetype<usize>(text), 8, false);
  const from = <i32>changetype<usize>(text);
  const code: u64[] = [
    insn(Opcode.MovReg64, 1, 10, 0, 0),
    insn(Class.Alu64 | Alu.Add, 1, 0, 0, -16),
    mov(2, 4),
    mov(3, from),
    call(Helper.ProbeReadKernelStr),
    insn(Opcode.LdxW, 1, 10, -16, 0),
    EXIT,
  ];
  run(code);
  assert(m.registers[0] == 4 && <u32>m.registers[1] == 0x00616161, "cut to its room, with NUL");
  code[2] = mov(2, 16);
  run(code);
  assert(m.registers[0] == <u64>-14, "text that runs out of its memory is an error");
  text[5] = 0;
  run(code);
  assert(m.registers[0] == 6, "length counts the NUL");
  code[3] = mov(3, 16);
  assert(run(code) == MachineStatus.Done && m.registers[0] == <u64>-14, "a bad source is an error, not the end");
  const store: u64[] = [mov(1, from), insn(Opcode.StB, 1, 0, 0, 1), EXIT];
  assert(run(store) == MachineStatus.WildAccess, "read-only memory cannot be written");
}

export function test_ring_records_go_to_the_world(): void {
  world.records = 0;
  const handle: u64 = MAP_HANDLE | 3;
  const code: u64[] = [
    insn(Opcode.LdImm64, 1, 0, 0, <i32>handle),
    (handle >> 32) << 32,
    mov(2, 24),
    mov(3, 0),
    call(Helper.RingbufReserve),
    insn(Opcode.MovReg64, 1, 0, 0, 0),
    mov(2, 0),
    insn(Opcode.StDW, 1, 0, 16, 5),
    call(Helper.RingbufSubmit),
    EXIT,
  ];
  assert(run(code) == MachineStatus.Done && world.records == 1, "reserve and submit make a record");
  assert(world.lastMap == 3 && world.lastBytes == 24, "of that map and size");
  code[2] = mov(2, MAX_RECORD_BYTES + 8);
  assert(run(code) == MachineStatus.WildAccess && m.pc == 7, "a reservation that is too large is null");
  const output: u64[] = [
    insn(Opcode.LdImm64, 1, 0, 0, <i32>handle),
    (handle >> 32) << 32,
    insn(Opcode.MovReg64, 2, 10, 0, 0),
    insn(Class.Alu64 | Alu.Add, 2, 0, 0, -16),
    mov(3, 16),
    mov(4, 0),
    call(Helper.RingbufOutput),
    EXIT,
  ];
  assert(run(output) == MachineStatus.Done && m.registers[0] == 0, "output of bytes on the stack");
  world.isFull = true;
  run(output);
  assert(m.registers[0] == <u64>-11, "a full ring is an error");
  world.isFull = false;
  output[4] = mov(3, -1);
  assert(run(output) == MachineStatus.WildAccess, "a length beyond all memory");
}

export function test_no_code_whatever_traps(): void {
  let seed: u64 = 88172645463325252;
  const code: u64[] = [];
  for (let i = 0; i < 64; ++i) code.push(0);
  let done = 0;
  for (let round = 0; round < 20000; ++round) {
    for (let i = 0; i < 64; ++i) {
      seed ^= seed << 13;
      seed ^= seed >> 7;
      seed ^= seed << 17;
      // Valid registers and small distances in most, so that programs come further than their first instruction.
      code[i] = (seed & 3) == 0 ? seed : seed & 0xffffffff_0007_77ff;
    }
    code[63] = EXIT;
    if (run(code) == MachineStatus.Done) ++done;
  }
  assert(done > 0, "some random programs come to their end");
}

/** r0 after a lookup of a map's value; 99 where there is none. */
function lookUp(map: i32, index: i32): u64 {
  const handle = MAP_HANDLE + <u64>map;
  const code: u64[] = [
    insn(Class.St | 0x60, 10, 0, -8, index), // *(u32 *)(r10 - 8) = index
    insn(Opcode.MovReg64, 2, 10, 0, 0),
    insn(Class.Alu64 | Alu.Add, 2, 0, 0, -8),
    insn(Opcode.LdImm64, 1, 0, 0, <i32>handle),
    (handle >> 32) << 32,
    call(Helper.MapLookupElem),
    insn(Class.Jmp | Jmp.Jne, 0, 0, 2, 0),
    mov(0, 99),
    EXIT,
    insn(Class.Ldx | 0x78, 0, 0, 0, 0), // r0 = *(u64 *)(r0 + 0)
    EXIT,
  ];
  assert(run(code) == MachineStatus.Done, "lookups end in good order");
  return m.registers[0];
}

export function test_looks_up_values_of_maps(): void {
  m.addRegion(changetype<usize>(world.values), 16, true);
  assert(lookUp(2, 0) == 11 && lookUp(2, 1) == 22, "values by their numbers");
  assert(lookUp(2, 2) == 99 && lookUp(1, 0) == 99, "null where there is none");
}

export function test_pauses_in_long_runs(): void {
  const before = world.pauses;
  const code: u64[] = [
    mov(0, 3000000),
    insn(Class.Alu64 | Alu.Sub, 0, 0, 0, 1),
    insn(Class.Jmp | Jmp.Jne, 0, 0, -2, 0),
    EXIT,
  ];
  const bytes = new StaticArray<u8>(code.length * INSN_BYTES);
  memory.copy(changetype<usize>(bytes), code.dataStart, bytes.length);
  m.setCode(bytes);
  assert(m.run(0, 0, 10000000) == MachineStatus.Done, "six million instructions are not too many");
  assert(world.pauses - before == 5, "once for each million");
  assert(m.run(0, 0, 2000000) == MachineStatus.OutOfFuel, "two million are not enough");
  assert(m.pc == 1 || m.pc == 2, "in the loop");
  world.mostPauses = world.pauses + 1;
  assert(m.run(0, 0, 10000000) == MachineStatus.OutOfFuel, "it is not to go on");
  assert(world.pauses == world.mostPauses + 1, "after two pauses");
  world.mostPauses = i32.MAX_VALUE;
}
