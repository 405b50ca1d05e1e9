// The back-end as a whole: what it emits means what the IR means, and what does not fit is an error.

import { Helper } from "../../common/format/helpers";
import { AddressKind, Builder } from "../ir/build";
import { Func, Linkage, Ref } from "../ir/function";
import { Op } from "../ir/op";
import { BackendOptions, RelocationKind } from "./code";
import { compileFunction, optimize, passName } from "./compile";
import { compare, compareRandom } from "./testing/compare";

function options(optimize: bool): BackendOptions {
  let result = new BackendOptions();
  result.check = true;
  result.optimize = optimize;
  return result;
}

export function test_random_short_functions_mean_the_same_in_bpf(): void {
  compareRandom(1, 200, 12, options(true));
}

export function test_random_functions_mean_the_same_in_bpf(): void {
  compareRandom(1000, 120, 60, options(true));
}

export function test_random_long_functions_with_spills_mean_the_same_in_bpf(): void {
  compareRandom(2000, 5, 800, options(true));
}

export function test_random_functions_mean_the_same_without_optimization(): void {
  compareRandom(3000, 80, 60, options(false));
}

export function test_random_functions_mean_the_same_with_signed_division_of_the_kernel(): void {
  let signed = options(true);
  signed.signedDivision = true;
  compareRandom(4000, 40, 60, signed);
}

/** Numbers at which arithmetic turns. */
function edges(): Array<i64> {
  return [
    0,
    1,
    -1,
    2,
    -2,
    3,
    7,
    -8,
    10,
    64,
    i32.MAX_VALUE,
    i32.MIN_VALUE,
    4294967295,
    4294967296,
    i64.MAX_VALUE,
    i64.MIN_VALUE,
  ];
}

/** f(a, b) = a op b, with the operands that are asked for as constants. */
function binaryFunction(op: Op, a: i64, b: i64, constants: i32): Func {
  let fn = new Func("f", Linkage.Subprogram, 2);
  let builder = new Builder(fn);
  let first = (constants & 1) != 0 ? builder.constant(a) : builder.parameter(0);
  let second = (constants & 2) != 0 ? builder.constant(b) : builder.parameter(1);
  builder.ret(builder.binary(op, first, second));
  return fn;
}

function compareBinary(op: Op): void {
  let values = edges();
  for (let i = 0; i < values.length; ++i) {
    for (let j = 0; j < values.length; ++j) {
      for (let constants = 0; constants < 4; ++constants) {
        let fn = binaryFunction(op, values[i], values[j], constants);
        let message = compare(fn, [<u64>values[i], <u64>values[j]], options(constants != 3), 1);
        assert(message == "", values[i].toString() + " " + Op[op] + " " + values[j].toString() + ": " + message);
      }
    }
  }
}

export function test_arithmetic_is_right_at_its_edges(): void {
  for (let op = Op.Add as i32; op < Op.Eq; ++op) compareBinary(op as Op);
}

export function test_compares_are_right_at_their_edges(): void {
  for (let op = Op.Eq as i32; op <= Op.Uge; ++op) compareBinary(op as Op);
}

export function test_unary_operations_are_right_at_their_edges(): void {
  let values = edges();
  for (let op = Op.Neg as i32; op <= Op.Copy; ++op) {
    for (let i = 0; i < values.length; ++i) {
      let fn = new Func("f", Linkage.Subprogram, 1);
      let b = new Builder(fn);
      b.ret(b.unary(op as Op, b.parameter(0)));
      let message = compare(fn, [<u64>values[i]], options(i % 2 == 0), 1);
      assert(message == "", Op[op as Op] + " " + values[i].toString() + ": " + message);
    }
  }
}

export function test_the_name_of_every_pass_can_be_asked_for(): void {
  assert(passName(0) == "cfg", "the first pass finds the control flow");
  let count = 0;
  while (passName(count) != "") ++count;
  assert(count > 10, "there are passes");
}

/** The record of printf("%d %s\n", pid(), execname()), as lowering writes it. */
function printfRecord(): Func {
  let fn = new Func("record", Linkage.Handler, 1);
  let b = new Builder(fn);
  let bss = b.addressOf(AddressKind.Bss, 0);
  let out = b.newBlock("out");
  let body = b.newBlock("body");
  let room = b.newBlock("room");
  let full = b.newBlock("full");
  b.position = 3;
  b.branch(b.load(Op.Load32u, bss, 0), out, body);
  b.setBlock(body);
  b.position = 4;
  let record = b.callHelper(Helper.RingbufReserve, [b.addressOf(AddressKind.Map, 0), b.constant(32), b.constant(0)]);
  b.branch(record, room, full);
  b.setCold(full);
  b.setBlock(full);
  b.atomicAdd(8, b.addressOf(AddressKind.Bss, 152), 0, b.constant(1));
  b.jump(out);
  b.setBlock(room);
  b.store(Op.Store64, record, 0, b.constant(1));
  let pid = b.binary(Op.Shr, b.callHelper(Helper.GetCurrentPidTgid, []), b.constant(32));
  b.store(Op.Store64, record, 8, pid);
  b.callHelper(Helper.GetCurrentComm, [b.binary(Op.Add, record, b.constant(16)), b.constant(16)]);
  b.callHelper(Helper.RingbufSubmit, [record, b.constant(0)]);
  b.jump(out);
  b.setBlock(out);
  b.ret(b.constant(0));
  return fn;
}

export function test_a_printf_of_pid_and_execname_takes_27_instructions(): void {
  let code = compileFunction(printfRecord(), options(true));
  assert(code.error == "" && code.count() == 27, "27 instructions, not " + code.count().toString());
  assert(code.stackBytes == 0, "no stack");
}

export function test_relocations_and_lines_are_told(): void {
  let code = compileFunction(printfRecord(), options(true));
  assert(code.relocations.length == 2, "one base for .bss, one map");
  assert(code.relocations[0].insn == 0 && code.relocations[0].kind == RelocationKind.Bss, ".bss first");
  assert(code.relocations[1].kind == RelocationKind.Map && code.relocations[1].addend == 0, "then map 0");
  assert(code.lines.length >= 2 && code.lines[0].insn == 0, "the first line is at instruction 0");
  for (let k = 1; k < code.lines.length; ++k) assert(code.lines[k].insn > code.lines[k - 1].insn, "lines go up");
}

export function test_compiling_twice_gives_the_same_bytes(): void {
  let first = compileFunction(printfRecord(), options(true)).insns;
  let second = compileFunction(printfRecord(), options(false)).insns;
  let third = compileFunction(printfRecord(), options(true)).insns;
  assert(first.length == third.length && second.length >= first.length, "equal lengths");
  for (let k = 0; k < first.length; ++k) assert(first[k] == third[k], "equal bytes");
}

export function test_more_live_values_than_the_stack_holds_are_an_error(): void {
  let fn = new Func("wide", Linkage.Handler, 1);
  let b = new Builder(fn);
  let values: Array<Ref> = [];
  for (let k = 0; k < 300; ++k) values.push(b.callHelper(Helper.GetPrandomU32, []));
  let sum = b.constant(0);
  for (let k = 0; k < 300; ++k) sum = b.binary(Op.Xor, sum, values[k]);
  b.ret(sum);
  let code = compileFunction(fn, options(true));
  assert(code.error.includes("512 bytes of stack"), "the stack is named, not '" + code.error + "'");
  assert(code.count() == 0, "and there is no code");
}

export function test_slots_that_exceed_the_stack_are_an_error(): void {
  let fn = new Func("slots", Linkage.Handler, 1);
  let b = new Builder(fn);
  let slot = b.slot(520);
  b.callHelper(Helper.GetCurrentComm, [slot, b.constant(16)]);
  b.ret(b.constant(0));
  assert(compileFunction(fn, options(true)).error.includes("512 bytes of stack"), "the stack is named");
}

export function test_a_jump_too_far_is_an_error(): void {
  let fn = new Func("far", Linkage.Handler, 1);
  let b = new Builder(fn);
  let body = b.newBlock("body");
  let out = b.newBlock("out");
  b.branch(b.callHelper(Helper.GetPrandomU32, []), body, out);
  b.setBlock(body);
  for (let k = 0; k < 33000; ++k) b.callHelper(Helper.GetPrandomU32, []);
  b.jump(out);
  b.setBlock(out);
  b.callHelper(Helper.GetPrandomU32, []);
  b.ret(b.constant(0));
  assert(compileFunction(fn, options(true)).error.includes("too long"), "too long");
}

export function test_what_follows_a_return_is_dropped(): void {
  let fn = new Func("after", Linkage.Handler, 1);
  let b = new Builder(fn);
  b.ret(b.constant(1));
  b.callHelper(Helper.GetPrandomU32, []);
  b.ret(b.constant(2));
  let code = compileFunction(fn, options(true));
  assert(code.count() == 2, "one constant, one exit");
}

export function test_an_endless_loop_without_a_body_compiles(): void {
  let fn = new Func("endless", Linkage.Handler, 1);
  let b = new Builder(fn);
  let loop = b.newBlock("loop");
  b.jump(loop);
  b.setBlock(loop);
  b.jump(loop);
  let code = compileFunction(fn, new BackendOptions());
  assert(code.error == "" && code.count() == 1, "one jump to itself");
}

export function test_a_variable_that_is_read_before_it_is_set_is_zero(): void {
  let fn = new Func("unset", Linkage.Subprogram, 1);
  let b = new Builder(fn);
  let v = b.variable("v");
  let yes = b.newBlock("yes");
  let join = b.newBlock("join");
  b.branch(b.parameter(0), yes, join);
  b.setBlock(yes);
  b.setVar(v, b.constant(5));
  b.jump(join);
  b.setBlock(join);
  b.ret(b.getVar(v));
  assert(compare(fn, [0], options(true), 1) == "", "0 without the assignment");
}

export function test_passes_can_be_stopped_after_any_of_them(): void {
  for (let k = 0; passName(k) != ""; ++k) {
    let some = options(true);
    some.passes = k;
    optimize(printfRecord(), some, true);
  }
}
