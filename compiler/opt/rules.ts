// The rules of folding, one method per kind of operation. Each looks at one instruction whose operands are up to date
// and gives the value that it equals, or NoRef, after it may have rewritten the instruction in place to a cheaper one.

import { evaluateBinary, evaluateUnary } from "../ir/arithmetic";
import { Func, isConstant, isSlot, isTemp, NoRef, Ref, refIndex } from "../ir/function";
import { accessBytes, negateCompare, Op, OpFlag, opIs, swapCompare } from "../ir/op";

/** Low bits that a value needs. */
function widthOfConstant(value: u64): i32 {
  return 64 - <i32>clz(value);
}

function isPowerOfTwo(value: i64): bool {
  return value != 0 && (value & (value - 1)) == 0;
}

function lowBits(width: i32): u64 {
  return width >= 64 ? u64.MAX_VALUE : ((<u64>1) << width) - 1;
}

/** The rules, with what they know of the function's temps. */
export class Rules {
  /** 1 + number of low bits of a temp that can be non-zero; 0: not known, which is 64. */
  private widths: StaticArray<u8>;

  // What compare() leaves: a simpler compare of the same value.
  op: Op = Op.Nop;
  a: Ref = NoRef;
  b: Ref = NoRef;

  constructor(public fn: Func) {
    this.widths = new StaticArray<u8>(fn.ops.length);
  }

  // ---- asking

  private isValue(r: Ref, value: i64): bool {
    return isConstant(r) && this.fn.valueOf(r) == value;
  }

  private constant(value: i64): Ref {
    return this.fn.constant(value);
  }

  /** The instruction that makes `r`, if it has this operation; else -1. */
  private maker(r: Ref, op: Op): i32 {
    return isTemp(r) && this.fn.ops[refIndex(r)] == op ? refIndex(r) : -1;
  }

  /** The instruction `x op constant` that makes `r`, or -1. */
  private makerWithConstant(r: Ref, op: Op): i32 {
    let i = this.maker(r, op);
    return i >= 0 && isConstant(this.fn.bs[i]) ? i : -1;
  }

  private width(r: Ref): i32 {
    if (isConstant(r)) return widthOfConstant(<u64>this.fn.valueOf(r));
    if (!isTemp(r) || refIndex(r) >= this.widths.length || this.widths[refIndex(r)] == 0) return 64;
    return <i32>this.widths[refIndex(r)] - 1;
  }

  private isNonNegative(r: Ref): bool {
    return this.width(r) < 64;
  }

  /** Notes how wide the result of `i` is. */
  fillWidth(i: i32): void {
    if (i < this.widths.length) this.widths[i] = <u8>(1 + this.resultWidth(i));
  }

  private resultWidth(i: i32): i32 {
    let fn = this.fn;
    let op = fn.ops[i] as Op;
    if (opIs(op, OpFlag.Compare)) return 1;
    let a = fn.as[i];
    let b = fn.bs[i];
    switch (op) {
      case Op.And:
        return min(this.width(a), this.width(b));
      case Op.Or:
      case Op.Xor:
        return max(this.width(a), this.width(b));
      case Op.Add:
        return min(64, max(this.width(a), this.width(b)) + 1);
      case Op.Mul:
        return min(64, this.width(a) + this.width(b));
      case Op.Udiv:
        return this.width(a);
      case Op.Shr:
        return isConstant(b) ? max(0, this.width(a) - (<i32>fn.valueOf(b) & 63)) : this.width(a);
      case Op.Shl:
        return isConstant(b) ? min(64, this.width(a) + (<i32>fn.valueOf(b) & 63)) : 64;
      case Op.Extu8:
        return min(8, this.width(a));
      case Op.Extu16:
        return min(16, this.width(a));
      case Op.Extu32:
        return min(32, this.width(a));
      case Op.Load8u:
      case Op.Load16u:
      case Op.Load32u:
        return 8 * accessBytes(op);
      case Op.Bswap16:
        return 16;
      case Op.Bswap32:
        return 32;
      default:
        return 64;
    }
  }

  // ---- rewriting

  private rewrite(i: i32, op: Op, a: Ref, b: Ref): Ref {
    this.fn.ops[i] = op;
    this.fn.as[i] = a;
    this.fn.bs[i] = b;
    return NoRef;
  }

  /** The value that instruction `i` equals, or NoRef. */
  apply(i: i32): Ref {
    let fn = this.fn;
    let op = fn.ops[i] as Op;
    if (op >= Op.Add && op <= Op.Sar) return this.binary(i, op);
    if (opIs(op, OpFlag.Compare)) {
      let value = this.compare(op, fn.as[i], fn.bs[i]);
      return value != NoRef ? value : this.rewrite(i, this.op, this.a, this.b);
    }
    if (op >= Op.Neg && op <= Op.Copy) return this.unary(i, op);
    if (opIs(op, OpFlag.Load | OpFlag.Store)) this.memory(i, op);
    return NoRef;
  }

  private binary(i: i32, op: Op): Ref {
    let fn = this.fn;
    let a = fn.as[i];
    let b = fn.bs[i];
    if (isConstant(a) && isConstant(b)) {
      return this.constant(<i64>evaluateBinary(op, <u64>fn.valueOf(a), <u64>fn.valueOf(b)));
    }
    if (opIs(op, OpFlag.Commutative) && (isConstant(a) || (!isConstant(b) && b < a && !isSlot(a)))) {
      a = fn.bs[i];
      b = fn.as[i];
      this.rewrite(i, op, a, b);
    }
    switch (op) {
      case Op.Add:
        return this.add(i, a, b);
      case Op.Sub:
        return this.sub(i, a, b);
      case Op.Mul:
        return this.mul(i, a, b);
      case Op.Sdiv:
      case Op.Smod:
        return this.signedDivision(i, op, a, b);
      case Op.Udiv:
      case Op.Umod:
        return this.division(i, op, a, b);
      case Op.And:
        return this.and(i, a, b);
      case Op.Or:
        return this.or(a, b);
      case Op.Xor:
        return this.xor(i, a, b);
      default:
        return this.shift(i, op, a, b);
    }
  }

  private add(i: i32, a: Ref, b: Ref): Ref {
    let fn = this.fn;
    if (!isConstant(b)) return NoRef;
    let value = fn.valueOf(b);
    if (value == 0) return a;
    let inner = this.makerWithConstant(a, Op.Add);
    if (inner >= 0) return this.rewrite(i, Op.Add, fn.as[inner], this.constant(fn.valueOf(fn.bs[inner]) + value));
    // An address plus a constant is another address.
    let op = isTemp(a) ? (fn.ops[refIndex(a)] as Op) : Op.Nop;
    if ((op == Op.AddressBss || op == Op.AddressRodata) && value == <i64>(<i32>value)) {
      let sum = <i64>fn.immediates[refIndex(a)] + value;
      if (sum != <i64>(<i32>sum)) return NoRef;
      this.rewrite(i, op, NoRef, NoRef);
      fn.immediates[i] = <i32>sum;
    }
    return NoRef;
  }

  private sub(i: i32, a: Ref, b: Ref): Ref {
    let fn = this.fn;
    if (a == b) return this.constant(0);
    if (this.isValue(a, 0)) return this.rewrite(i, Op.Neg, b, NoRef);
    if (!isConstant(b)) return NoRef;
    this.rewrite(i, Op.Add, a, this.constant(-fn.valueOf(b)));
    return this.add(i, a, fn.bs[i]);
  }

  private mul(i: i32, a: Ref, b: Ref): Ref {
    if (!isConstant(b)) return NoRef;
    let value = this.fn.valueOf(b);
    if (value == 0) return b;
    if (value == 1) return a;
    if (value == -1) return this.rewrite(i, Op.Neg, a, NoRef);
    if (isPowerOfTwo(value)) return this.rewrite(i, Op.Shl, a, this.constant(<i64>ctz(value)));
    return NoRef;
  }

  private signedDivision(i: i32, op: Op, a: Ref, b: Ref): Ref {
    if (this.isValue(a, 0)) return a;
    if (this.isValue(b, 1)) return op == Op.Sdiv ? a : this.constant(0);
    if (this.isValue(b, -1)) return op == Op.Sdiv ? this.rewrite(i, Op.Neg, a, NoRef) : this.constant(0);
    if (!this.isNonNegative(a) || !this.isNonNegative(b)) return NoRef;
    let unsigned = op == Op.Sdiv ? Op.Udiv : Op.Umod;
    this.rewrite(i, unsigned, a, b);
    return this.division(i, unsigned, a, b);
  }

  private division(i: i32, op: Op, a: Ref, b: Ref): Ref {
    if (this.isValue(a, 0)) return a;
    if (!isConstant(b)) return NoRef;
    let value = this.fn.valueOf(b);
    if (value == 0) return op == Op.Udiv ? b : a;
    if (!isPowerOfTwo(value)) return NoRef;
    if (op == Op.Umod) {
      let mask = this.constant(value - 1);
      this.rewrite(i, Op.And, a, mask);
      return this.and(i, a, mask);
    }
    if (value == 1) return a;
    return this.rewrite(i, Op.Shr, a, this.constant(<i64>ctz(value)));
  }

  private and(i: i32, a: Ref, b: Ref): Ref {
    let fn = this.fn;
    if (a == b) return a;
    if (!isConstant(b)) return NoRef;
    let value = fn.valueOf(b);
    if (value == 0) return b;
    if (value == -1) return a;
    if ((lowBits(this.width(a)) & ~(<u64>value)) == 0) return a;
    let inner = this.makerWithConstant(a, Op.And);
    if (inner >= 0) {
      value &= fn.valueOf(fn.bs[inner]);
      this.rewrite(i, Op.And, fn.as[inner], this.constant(value));
    }
    // What an extension adds is masked away.
    let bits = this.extension(fn.as[i]);
    if (bits > 0 && (<u64>value & ~lowBits(bits)) == 0) fn.as[i] = fn.as[refIndex(fn.as[i])];
    // No immediate is that long, but a 32-bit move does it.
    if (value == 0xffffffff) this.rewrite(i, Op.Extu32, fn.as[i], NoRef);
    return NoRef;
  }

  private or(a: Ref, b: Ref): Ref {
    if (a == b || this.isValue(b, 0)) return a;
    return this.isValue(b, -1) ? b : NoRef;
  }

  private xor(i: i32, a: Ref, b: Ref): Ref {
    if (a == b) return this.constant(0);
    if (this.isValue(b, 0)) return a;
    return this.isValue(b, -1) ? this.rewrite(i, Op.Not, a, NoRef) : NoRef;
  }

  private shift(i: i32, op: Op, a: Ref, b: Ref): Ref {
    let fn = this.fn;
    if (this.isValue(a, 0)) return a;
    if (!isConstant(b)) return NoRef;
    let count = <i32>fn.valueOf(b) & 63;
    if (count == 0) return a;
    if (op == Op.Shr && this.width(a) <= count) return this.constant(0);
    if (op == Op.Sar && this.isNonNegative(a)) {
      this.rewrite(i, Op.Shr, a, b);
      return this.shift(i, Op.Shr, a, b);
    }
    let inner = this.makerWithConstant(a, op);
    if (inner >= 0) return this.shiftTwice(i, op, inner, count);
    let left = this.makerWithConstant(a, Op.Shl);
    if (left >= 0 && op != Op.Shl && (<i32>fn.valueOf(fn.bs[left]) & 63) == count) this.extend(i, op, left, count);
    return NoRef;
  }

  private shiftTwice(i: i32, op: Op, inner: i32, count: i32): Ref {
    let fn = this.fn;
    let sum = count + (<i32>fn.valueOf(fn.bs[inner]) & 63);
    if (sum > 63 && op != Op.Sar) return this.constant(0);
    return this.rewrite(i, op, fn.as[inner], this.constant(<i64>min(sum, 63)));
  }

  /** Left and right by the same count. */
  private extend(i: i32, op: Op, left: i32, count: i32): void {
    let a = this.fn.as[left];
    let signed = op == Op.Sar;
    if (count == 32) this.rewrite(i, signed ? Op.Exts32 : Op.Extu32, a, NoRef);
    else if (count == 48) this.rewrite(i, signed ? Op.Exts16 : Op.Extu16, a, NoRef);
    else if (count == 56) this.rewrite(i, signed ? Op.Exts8 : Op.Extu8, a, NoRef);
    else if (!signed && count > 33) this.rewrite(i, Op.And, a, this.constant(<i64>lowBits(64 - count)));
  }

  private unary(i: i32, op: Op): Ref {
    let fn = this.fn;
    let a = fn.as[i];
    if (op == Op.Copy) return a;
    if (isConstant(a)) return this.constant(<i64>evaluateUnary(op, <u64>fn.valueOf(a)));
    let same = this.maker(a, op);
    switch (op) {
      case Op.Neg:
      case Op.Not:
      case Op.Bswap64:
        return same >= 0 ? fn.as[same] : NoRef;
      case Op.Extu8:
        return this.zeroExtend(i, 8);
      case Op.Extu16:
        return this.zeroExtend(i, 16);
      case Op.Extu32:
        return this.zeroExtend(i, 32);
      case Op.Exts8:
        return this.signExtend(i, 8);
      case Op.Exts16:
        return this.signExtend(i, 16);
      case Op.Exts32:
        return this.signExtend(i, 32);
      default:
        return NoRef;
    }
  }

  private zeroExtend(i: i32, bits: i32): Ref {
    let fn = this.fn;
    let a = fn.as[i];
    if (this.width(a) <= bits) return a;
    let inner = this.extension(a);
    if (inner >= bits) fn.as[i] = fn.as[refIndex(a)];
    return NoRef;
  }

  private signExtend(i: i32, bits: i32): Ref {
    let fn = this.fn;
    let a = fn.as[i];
    if (this.width(a) < bits || this.signedWidth(a) <= bits) return a;
    let inner = this.extension(a);
    if (inner >= bits) fn.as[i] = fn.as[refIndex(a)];
    return NoRef;
  }

  /** Bits of the extension that makes `r`; 0 if none does. */
  private extension(r: Ref): i32 {
    if (!isTemp(r)) return 0;
    switch (this.fn.ops[refIndex(r)]) {
      case Op.Exts8:
      case Op.Extu8:
        return 8;
      case Op.Exts16:
      case Op.Extu16:
        return 16;
      case Op.Exts32:
      case Op.Extu32:
        return 32;
      default:
        return 0;
    }
  }

  /** Bits from which `r` is sign-extended; 64 if not known. */
  private signedWidth(r: Ref): i32 {
    if (!isTemp(r)) return 64;
    switch (this.fn.ops[refIndex(r)]) {
      case Op.Exts8:
      case Op.Load8s:
        return 8;
      case Op.Exts16:
      case Op.Load16s:
        return 16;
      case Op.Exts32:
      case Op.Load32s:
        return 32;
      default:
        return 64;
    }
  }

  private memory(i: i32, op: Op): void {
    let fn = this.fn;
    let base = fn.operand(i, 0);
    let inner = this.makerWithConstant(base, Op.Add);
    if (inner >= 0) {
      let offset = <i64>fn.immediates[i] + fn.valueOf(fn.bs[inner]);
      if (offset >= -32768 && offset <= 32767) {
        fn.setOperand(i, 0, fn.as[inner]);
        fn.immediates[i] = <i32>offset;
      }
    }
    if (op < Op.Store8 || op > Op.Store64) return;
    // What a store cuts off need not be cut off before.
    let bits = 8 * accessBytes(op);
    if (bits < 64 && this.extension(fn.bs[i]) >= bits) fn.bs[i] = fn.as[refIndex(fn.bs[i])];
  }

  // ---- compares

  /** The value of a compare, or NoRef with a simpler compare in op, a, b. */
  compare(op: Op, a: Ref, b: Ref): Ref {
    let fn = this.fn;
    if (isConstant(a) && isConstant(b)) {
      this.leave(op, a, b);
      return this.constant(<i64>evaluateBinary(op, <u64>fn.valueOf(a), <u64>fn.valueOf(b)));
    }
    if (isConstant(a)) {
      let other = a;
      a = b;
      b = other;
      op = swapCompare(op);
    }
    this.leave(op, a, b);
    if (a == b)
      return this.constant(op == Op.Eq || op == Op.Sle || op == Op.Sge || op == Op.Ule || op == Op.Uge ? 1 : 0);
    if (this.isNonNegative(a) && this.isNonNegative(b)) this.leave(this.unsigned(op), a, b);
    return isConstant(b) ? this.compareConstant() : NoRef;
  }

  private leave(op: Op, a: Ref, b: Ref): void {
    this.op = op;
    this.a = a;
    this.b = b;
  }

  private unsigned(op: Op): Op {
    return op >= Op.Slt && op <= Op.Sge ? ((op + (Op.Ult - Op.Slt)) as Op) : op;
  }

  private compareConstant(): Ref {
    let value = this.fn.valueOf(this.b);
    let known = this.knownCompare(this.op, value);
    if (known >= 0) return this.constant(known);
    this.towardEquality(value);
    if (this.op != Op.Eq && this.op != Op.Ne) return NoRef;
    return this.equality();
  }

  /** 0 or 1 if the width of the operand decides the compare, else -1. */
  private knownCompare(op: Op, value: i64): i32 {
    let most = lowBits(this.width(this.a));
    let u = <u64>value;
    switch (op) {
      case Op.Eq:
        return u > most ? 0 : -1;
      case Op.Ne:
        return u > most ? 1 : -1;
      case Op.Ult:
        return most < u ? 1 : u == 0 ? 0 : -1;
      case Op.Ule:
        return most <= u ? 1 : -1;
      case Op.Ugt:
        return most <= u ? 0 : -1;
      case Op.Uge:
        return most < u ? 0 : u == 0 ? 1 : -1;
      case Op.Slt:
      case Op.Sle:
        return value < 0 && this.isNonNegative(this.a) ? 0 : -1;
      default:
        return value < 0 && this.isNonNegative(this.a) ? 1 : -1;
    }
  }

  /** Unsigned compares that are equalities. */
  private towardEquality(value: i64): void {
    let zero = this.constant(0);
    if (this.op == Op.Ult && value == 1) this.leave(Op.Eq, this.a, zero);
    else if (this.op == Op.Uge && value == 1) this.leave(Op.Ne, this.a, zero);
    else if (this.op == Op.Ule && value == 0) this.leave(Op.Eq, this.a, zero);
    else if (this.op == Op.Ugt && value == 0) this.leave(Op.Ne, this.a, zero);
  }

  /** Eq and Ne with a constant: through additions and compares. */
  private equality(): Ref {
    let fn = this.fn;
    let sum = this.makerWithConstant(this.a, Op.Add);
    // Not when it is a pointer: the verifier knows null checks of the pointer itself only.
    if (sum >= 0 && !this.isValue(this.b, 0)) {
      this.leave(this.op, fn.as[sum], this.constant(fn.valueOf(this.b) - fn.valueOf(fn.bs[sum])));
    }
    if (!isTemp(this.a) || this.width(this.a) != 1) return NoRef;
    // The operand is 0 or 1: it is its own truth value, or its opposite.
    let isTrue = (this.op == Op.Ne) == this.isValue(this.b, 0);
    let i = refIndex(this.a);
    let op = fn.ops[i] as Op;
    if (opIs(op, OpFlag.Compare)) {
      let a = this.a;
      this.leave(isTrue ? op : negateCompare(op), fn.as[i], fn.bs[i]);
      return isTrue ? a : NoRef;
    }
    this.leave(isTrue ? Op.Ne : Op.Eq, this.a, this.constant(0));
    return isTrue ? this.a : NoRef;
  }
}
