// Replaces what the BPF of some kernel lacks by what every kernel has. Works on SSA and adds no blocks.
//
//   signed division      unsigned, on magnitudes, with the sign put back (x ^ s) - s where s is 0 or -1
//   sign-extending load  load and extension
//   far offsets          an addition
//   division by constant zero, which the verifier refuses: its value
//
// An expansion ends in the instruction that was expanded, so that its temp keeps its name.

import { Block, Func, isConstant, NoRef, Ref, tempRef } from "../ir/function";
import { Op, OpFlag, opIs } from "../ir/op";
import { fitsOffset } from "./isel";

class Legalize {
  list: Array<i32> = [];
  position: i32 = -1;

  constructor(public fn: Func) {}

  add(op: Op, a: Ref, b: Ref): Ref {
    let i = this.fn.newInstruction(op, a, b, 0);
    this.fn.positions[i] = this.position;
    this.list.push(i);
    return tempRef(i);
  }

  /** Makes instruction `i` another, and ends an expansion with it. */
  finish(i: i32, op: Op, a: Ref, b: Ref): void {
    this.fn.ops[i] = op;
    this.fn.as[i] = a;
    this.fn.bs[i] = b;
    this.fn.immediates[i] = 0;
    this.list.push(i);
  }

  /** 0 or -1: what sign and magnitude are combined with. */
  sign(a: Ref): Ref {
    return this.add(Op.Sar, a, this.fn.constant(63));
  }

  /** (a ^ sign) - sign: the magnitude of `a`, or a magnitude with its sign back. */
  applySign(a: Ref, sign: Ref): Ref {
    return this.add(Op.Sub, this.add(Op.Xor, a, sign), sign);
  }

  division(i: i32, op: Op): void {
    let fn = this.fn;
    let a = fn.as[i];
    let b = fn.bs[i];
    if (isConstant(b) && fn.valueOf(b) > 1 && (fn.valueOf(b) & (fn.valueOf(b) - 1)) == 0) {
      this.divisionByPower(i, op, <i32>ctz(fn.valueOf(b)));
      return;
    }
    let sign = this.sign(a);
    let magnitude = this.applySign(a, sign);
    let divisor: Ref;
    if (isConstant(b)) {
      let value = fn.valueOf(b);
      if (value == 0) {
        // As for the unsigned ones: x / 0 is 0, x % 0 is x.
        this.finish(i, Op.Copy, op == Op.Sdiv ? b : a, NoRef);
        return;
      }
      divisor = value < 0 ? fn.constant(-value) : b;
      if (value < 0 && op == Op.Sdiv) sign = this.add(Op.Not, sign, NoRef);
    } else {
      let other = this.sign(b);
      divisor = this.applySign(b, other);
      if (op == Op.Sdiv) sign = this.add(Op.Xor, sign, other);
    }
    let result = this.add(op == Op.Sdiv ? Op.Udiv : Op.Umod, magnitude, divisor);
    this.finish(i, Op.Sub, this.add(Op.Xor, result, sign), sign);
  }

  /** By 2^bits, without dividing: what is added to a negative number makes the shift round toward zero. */
  divisionByPower(i: i32, op: Op, bits: i32): void {
    let fn = this.fn;
    let a = fn.as[i];
    let bias = this.add(Op.Shr, this.sign(a), fn.constant(64 - bits));
    let sum = this.add(Op.Add, a, bias);
    if (op == Op.Sdiv) this.finish(i, Op.Sar, sum, fn.constant(bits));
    else this.finish(i, Op.Sub, this.add(Op.And, sum, fn.constant(((<i64>1) << bits) - 1)), bias);
  }

  load(i: i32, op: Op): void {
    let fn = this.fn;
    let plain = op == Op.Load8s ? Op.Load8u : op == Op.Load16s ? Op.Load16u : Op.Load32u;
    let extension = op == Op.Load8s ? Op.Exts8 : op == Op.Load16s ? Op.Exts16 : Op.Exts32;
    let value = this.add(plain, fn.as[i], NoRef);
    fn.immediates[this.list[this.list.length - 1]] = fn.immediates[i];
    this.finish(i, extension, value, NoRef);
  }

  farOffset(i: i32): void {
    let fn = this.fn;
    let base = this.add(Op.Add, fn.operand(i, 0), fn.constant(fn.immediates[i]));
    fn.setOperand(i, 0, base);
    fn.immediates[i] = 0;
  }

  instruction(i: i32): void {
    let fn = this.fn;
    this.position = fn.positions[i];
    let op = fn.ops[i] as Op;
    if (opIs(op, OpFlag.Load | OpFlag.Store) && !fitsOffset(fn.immediates[i])) this.farOffset(i);
    if (op == Op.Load8s || op == Op.Load16s || op == Op.Load32s) {
      this.load(i, op);
    } else if ((op == Op.Sdiv || op == Op.Smod) && !(this.fn.signedDivision && !isConstant(fn.bs[i]))) {
      this.division(i, op);
    } else if ((op == Op.Udiv || op == Op.Umod) && isConstant(fn.bs[i]) && fn.valueOf(fn.bs[i]) == 0) {
      this.finish(i, Op.Copy, op == Op.Udiv ? fn.bs[i] : fn.as[i], NoRef);
    } else {
      this.list.push(i);
    }
  }

  block(block: Block): void {
    this.list.length = 0;
    for (let k = 0, n = block.instructions.length; k < n; ++k) this.instruction(block.instructions[k]);
    block.instructions.length = 0;
    for (let k = 0, n = this.list.length; k < n; ++k) block.instructions.push(this.list[k]);
  }
}

/** Rewrites what BPF lacks. Requires SSA. */
export function legalize(fn: Func): void {
  let pass = new Legalize(fn);
  for (let k = 0, n = fn.rpo.length; k < n; ++k) pass.block(fn.blocks[fn.rpo[k]]);
}
