// The meaning of the IR, as a direct evaluator: what every pass and the back-end must keep. Works on any form, with
// variables or with phis.

import { evaluateBinary, evaluateCompare, evaluateUnary } from "../../ir/arithmetic";
import { Func, isConstant, isTemp, JumpKind, NoBlock, NoRef, Ref, refIndex } from "../../ir/function";
import { accessBytes, Op, OpFlag, opIs } from "../../ir/op";
import { Region, World } from "./world";

class Evaluator {
  temps: StaticArray<u64>;
  variables: StaticArray<u64>;
  slotAddresses: Array<u64> = [];

  constructor(
    public fn: Func,
    public world: World,
    public args: Array<u64>,
  ) {
    this.temps = new StaticArray<u64>(fn.ops.length);
    this.variables = new StaticArray<u64>(fn.variables.length);
    let top: u64 = Region.Stack;
    for (let s = 0, n = fn.slots.length; s < n; ++s) {
      this.slotAddresses.push(top);
      top += (fn.slots[s] + 7) & ~7;
    }
  }

  value(r: Ref): u64 {
    if (isTemp(r)) return this.temps[refIndex(r)];
    if (isConstant(r)) return <u64>this.fn.valueOf(r);
    return r == NoRef ? 0 : this.slotAddresses[refIndex(r)];
  }

  load(op: Op, address: u64): u64 {
    let value = this.world.read(address, accessBytes(op));
    if (op == Op.Load8s) return evaluateUnary(Op.Exts8, value);
    if (op == Op.Load16s) return evaluateUnary(Op.Exts16, value);
    if (op == Op.Load32s) return evaluateUnary(Op.Exts32, value);
    return value;
  }

  atomic(i: i32, op: Op): u64 {
    let fn = this.fn;
    let address = this.value(fn.operand(i, 0)) + <u64>fn.immediates[i];
    let bytes = accessBytes(op);
    let old = this.world.read(address, bytes);
    let value = this.value(fn.operand(i, 1));
    if (op == Op.AtomicCmpXchg32 || op == Op.AtomicCmpXchg64) {
      if (old != (bytes == 4 ? value & 0xffffffff : value)) return old;
      value = this.value(fn.operand(i, 2));
    } else if (op != Op.AtomicXchg32 && op != Op.AtomicXchg64) {
      value += old;
    }
    this.world.write(address, bytes, value);
    return old;
  }

  call(i: i32): u64 {
    let args: Array<u64> = [];
    for (let k = 0, n = this.fn.operandCount(i); k < n; ++k) args.push(this.value(this.fn.operand(i, k)));
    return this.world.call(this.fn.immediates[i], this.fn.ops[i] != Op.CallHelper, args);
  }

  address(op: Op, immediate: i32): u64 {
    let base: u64 = op == Op.AddressBss ? Region.Bss : op == Op.AddressRodata ? Region.Rodata : Region.Map;
    return base + <u64>immediate;
  }

  instruction(i: i32): void {
    let fn = this.fn;
    let op = fn.ops[i] as Op;
    let immediate = fn.immediates[i];
    if (op == Op.SetVar) this.variables[immediate] = this.value(fn.as[i]);
    else if (op == Op.GetVar) this.temps[i] = this.variables[immediate];
    else if (op == Op.Parameter) this.temps[i] = this.args[immediate];
    else if (opIs(op, OpFlag.Address)) this.temps[i] = this.address(op, immediate);
    else if (op == Op.CallHelper || op == Op.CallFunction || op == Op.CallLookup) this.temps[i] = this.call(i);
    else if (opIs(op, OpFlag.Load)) this.temps[i] = this.load(op, this.value(fn.as[i]) + <u64>immediate);
    else if (op >= Op.Store8 && op <= Op.Store64) {
      this.world.write(this.value(fn.as[i]) + <u64>immediate, accessBytes(op), this.value(fn.bs[i]));
    } else if (opIs(op, OpFlag.Store)) this.temps[i] = this.atomic(i, op);
    else if (op >= Op.Neg && op <= Op.Copy) this.temps[i] = evaluateUnary(op, this.value(fn.as[i]));
    else this.temps[i] = evaluateBinary(op, this.value(fn.as[i]), this.value(fn.bs[i]));
  }

  /** Phis read their operands all at once. */
  phis(b: i32, from: i32): i32 {
    let fn = this.fn;
    let list = fn.blocks[b].instructions;
    let values: Array<u64> = [];
    let count = 0;
    for (; count < list.length && fn.ops[list[count]] == Op.Phi; ++count) {
      for (let k = 0, n = fn.operandCount(list[count]); k < n; ++k) {
        if (fn.phiBlock(list[count], k) == from) values.push(this.value(fn.operand(list[count], k)));
      }
      if (values.length != count + 1) this.world.fault = "phi without an operand for its predecessor";
    }
    for (let k = 0; k < count && k < values.length; ++k) this.temps[list[k]] = values[k];
    return count;
  }

  run(fuel: i32): u64 {
    let fn = this.fn;
    let b = 0;
    let from = NoBlock;
    while (--fuel > 0 && this.world.fault == "") {
      let block = fn.blocks[b];
      for (let k = this.phis(b, from), n = block.instructions.length; k < n; ++k)
        this.instruction(block.instructions[k]);
      from = b;
      if (block.jump == JumpKind.Return) return this.value(block.a);
      if (block.jump == JumpKind.None) return 0;
      if (block.jump == JumpKind.Jump || evaluateCompare(block.compare, this.value(block.a), this.value(block.b))) {
        b = block.to;
      } else {
        b = block.otherwise;
      }
    }
    if (this.world.fault == "") this.world.fault = "ran too long";
    return 0;
  }
}

/** Runs `fn` in `world`. What happened is in the world; the result is the function's. */
export function evaluate(fn: Func, world: World, args: Array<u64>): u64 {
  return new Evaluator(fn, world, args).run(200000);
}
