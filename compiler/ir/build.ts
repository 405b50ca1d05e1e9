// Builds a function, instruction by instruction, at the end of a current block. Made for compiler/lower: no folding, no
// checking beyond assertions; the optimiser cleans up. What follows a terminator goes to a new block that nothing
// reaches, so statements after `return` need no care.

import { Block, Func, JumpKind, NoPosition, NoRef, Ref, slotRef, tempRef } from "./function";
import { Op, OpFlag, opIs } from "./op";

/** What addressOf takes the address of. */
export const enum AddressKind {
  Bss = 0,
  Rodata = 1,
  Map = 2,
}

/** The most arguments that a helper or function takes. */
const MAX_ARGUMENTS: i32 = 5;

/** Appends to a function. */
export class Builder {
  /** Source position given to what is built from now on. */
  position: i32 = NoPosition;
  private block: Block;
  private parameters: Array<Ref> = [];

  /** Starts in the function's entry, which it makes if there is none. */
  constructor(public fn: Func) {
    if (fn.blocks.length == 0) fn.newBlock("entry");
    this.block = fn.blocks[0];
    for (let k = 0; k < fn.parameterCount; ++k) this.parameters.push(NoRef);
  }

  /** A 64-bit constant. */
  constant(value: i64): Ref {
    return this.fn.constant(value);
  }

  /** Parameter `index`: of a handler, 0 is the context pointer. */
  parameter(index: i32): Ref {
    let known = this.parameters[index];
    if (known != NoRef) return known;
    let i = this.fn.newInstruction(Op.Parameter, NoRef, NoRef, index);
    this.fn.blocks[0].instructions.unshift(i);
    this.parameters[index] = tempRef(i);
    return tempRef(i);
  }

  /** A new mutable local; reading it before it is set gives 0. The name is for dumps. */
  variable(name: string): i32 {
    this.fn.variables.push(name);
    return this.fn.variables.length - 1;
  }

  getVar(variable: i32): Ref {
    return this.append(Op.GetVar, NoRef, NoRef, variable);
  }

  setVar(variable: i32, value: Ref): void {
    this.append(Op.SetVar, value, NoRef, variable);
  }

  /** Arithmetic, or a compare that gives 0 or 1. */
  binary(op: Op, a: Ref, b: Ref): Ref {
    assert(op >= Op.Add && op <= Op.Uge, "binary takes a binary op");
    return this.append(op, a, b, 0);
  }

  /** Neg, Not, extensions, byte swaps, Copy. */
  unary(op: Op, a: Ref): Ref {
    assert(op >= Op.Neg && op <= Op.Copy, "unary takes a unary op");
    return this.append(op, a, NoRef, 0);
  }

  /** Reads memory at `base` + `offset`. */
  load(op: Op, base: Ref, offset: i32): Ref {
    assert(opIs(op, OpFlag.Load), "load takes a load op");
    return this.append(op, base, NoRef, offset);
  }

  /** Writes the low bytes of `value` at `base` + `offset`. */
  store(op: Op, base: Ref, offset: i32, value: Ref): void {
    assert(op >= Op.Store8 && op <= Op.Store64, "store takes a store op");
    this.append(op, base, value, offset);
  }

  /** *(base + offset) += value, of 4 or 8 bytes: all kernels. */
  atomicAdd(bytes: i32, base: Ref, offset: i32, value: Ref): void {
    this.append(bytes == 4 ? Op.AtomicAdd32 : Op.AtomicAdd64, base, value, offset);
  }

  /** The same, giving the old value: newer kernels. */
  atomicFetchAdd(bytes: i32, base: Ref, offset: i32, value: Ref): Ref {
    return this.append(bytes == 4 ? Op.AtomicFetchAdd32 : Op.AtomicFetchAdd64, base, value, offset);
  }

  /** Exchanges memory and `value`, giving the old value: newer kernels. */
  atomicXchg(bytes: i32, base: Ref, offset: i32, value: Ref): Ref {
    return this.append(bytes == 4 ? Op.AtomicXchg32 : Op.AtomicXchg64, base, value, offset);
  }

  /** Of 8 bytes: writes `value` where `expected` was; gives the old value: newer kernels. */
  atomicCmpXchg(base: Ref, offset: i32, expected: Ref, value: Ref): Ref {
    let start = this.fn.newArgs([base, expected, value]);
    return this.append(Op.AtomicCmpXchg64, start, 3, offset);
  }

  /** A new stack slot, 8-byte aligned: a base for loads and stores, a pointer for helpers. Its content is undefined. */
  slot(bytes: i32): Ref {
    assert(bytes > 0, "a slot has bytes");
    this.fn.slots.push(bytes);
    return slotRef(this.fn.slots.length - 1);
  }

  /** The address of .bss or .rodata plus an offset, or of a map by its number. */
  addressOf(kind: AddressKind, offsetOrIndex: i32): Ref {
    let op = kind == AddressKind.Bss ? Op.AddressBss : kind == AddressKind.Rodata ? Op.AddressRodata : Op.AddressMap;
    return this.append(op, NoRef, NoRef, offsetOrIndex);
  }

  /** The number that a relocation of the unit stands for. */
  relocated(relocation: i32): Ref {
    return this.append(Op.Relocated, NoRef, NoRef, relocation);
  }

  /** Calls a kernel helper by number. */
  callHelper(helper: i32, args: Ref[]): Ref {
    assert(args.length <= MAX_ARGUMENTS, "a helper takes at most five arguments");
    return this.append(Op.CallHelper, this.fn.newArgs(args), args.length, helper);
  }

  /** Calls the subprogram with that index in the module. */
  callFunction(index: i32, args: Ref[]): Ref {
    assert(args.length <= MAX_ARGUMENTS, "a function takes at most five arguments");
    return this.append(Op.CallFunction, this.fn.newArgs(args), args.length, index);
  }

  /** Calls a subprogram that looks up an element: `CallLookup`. */
  callLookup(index: i32, args: Ref[]): Ref {
    assert(args.length <= MAX_ARGUMENTS, "a function takes at most five arguments");
    return this.append(Op.CallLookup, this.fn.newArgs(args), args.length, index);
  }

  /** A new block. The name is for dumps and need not be unique. */
  newBlock(name: string): i32 {
    return this.fn.newBlock(name);
  }

  /** What follows goes to the end of block `b`. */
  setBlock(b: i32): void {
    this.block = this.fn.blocks[b];
  }

  /** The current block. */
  current(): i32 {
    return this.block.id;
  }

  /** Whether the current block has its jump already. */
  isTerminated(): bool {
    return this.block.jump != JumpKind.None;
  }

  /** Marks the error or exit side of a branch. */
  setCold(b: i32): void {
    this.fn.blocks[b].cold = true;
  }

  jump(to: i32): void {
    if (this.isTerminated()) return;
    this.block.to = to;
    this.end(JumpKind.Jump);
  }

  /** To `then` when `condition` is not zero. */
  branch(condition: Ref, then: i32, otherwise: i32): void {
    this.branchIf(Op.Ne, condition, this.fn.constant(0), then, otherwise);
  }

  /** To `then` when the compare is true. */
  branchIf(op: Op, a: Ref, b: Ref, then: i32, otherwise: i32): void {
    assert(opIs(op, OpFlag.Compare), "branchIf takes a compare");
    if (this.isTerminated()) return;
    let block = this.block;
    block.compare = op;
    block.a = a;
    block.b = b;
    block.to = then;
    block.otherwise = otherwise;
    this.end(JumpKind.Branch);
  }

  /** Suspends the function, to go on at `to`: only in functions that ir/cut will cut. */
  suspend(to: i32): void {
    if (this.isTerminated()) return;
    this.block.suspends = true;
    this.jump(to);
  }

  ret(value: Ref): void {
    if (this.isTerminated()) return;
    this.block.a = value;
    this.end(JumpKind.Return);
  }

  private end(kind: JumpKind): void {
    this.block.jump = kind;
    this.block.position = this.position;
  }

  private append(op: Op, a: Ref, b: Ref, immediate: i32): Ref {
    if (this.isTerminated()) this.setBlock(this.newBlock("after"));
    let i = this.fn.newInstruction(op, a, b, immediate);
    this.fn.positions[i] = this.position;
    this.block.instructions.push(i);
    return opIs(op, OpFlag.Result) ? tempRef(i) : NoRef;
  }
}
