// The meaning of arithmetic, for constant folding and for the evaluator that tests compare with.

import { Op } from "./op";

/** The value of a binary operation or compare. */
export function evaluateBinary(op: Op, a: u64, b: u64): u64 {
  switch (op) {
    case Op.Add:
      return a + b;
    case Op.Sub:
      return a - b;
    case Op.Mul:
      return a * b;
    case Op.Sdiv:
      if (b == 0) return 0;
      return b == u64.MAX_VALUE ? 0 - a : <u64>(<i64>a / <i64>b);
    case Op.Smod:
      if (b == 0) return a;
      return b == u64.MAX_VALUE ? 0 : <u64>(<i64>a % <i64>b);
    case Op.Udiv:
      return b == 0 ? 0 : a / b;
    case Op.Umod:
      return b == 0 ? a : a % b;
    case Op.And:
      return a & b;
    case Op.Or:
      return a | b;
    case Op.Xor:
      return a ^ b;
    case Op.Shl:
      return a << (b & 63);
    case Op.Shr:
      return a >> (b & 63);
    case Op.Sar:
      return <u64>(<i64>a >> (<i64>b & 63));
    default:
      return evaluateCompare(op, a, b) ? 1 : 0;
  }
}

/** Whether a compare is true. */
export function evaluateCompare(op: Op, a: u64, b: u64): bool {
  switch (op) {
    case Op.Eq:
      return a == b;
    case Op.Ne:
      return a != b;
    case Op.Slt:
      return <i64>a < <i64>b;
    case Op.Sle:
      return <i64>a <= <i64>b;
    case Op.Sgt:
      return <i64>a > <i64>b;
    case Op.Sge:
      return <i64>a >= <i64>b;
    case Op.Ult:
      return a < b;
    case Op.Ule:
      return a <= b;
    case Op.Ugt:
      return a > b;
    default:
      assert(op == Op.Uge, "evaluateCompare takes a compare");
      return a >= b;
  }
}

/** The value of a unary operation. */
export function evaluateUnary(op: Op, a: u64): u64 {
  switch (op) {
    case Op.Neg:
      return 0 - a;
    case Op.Not:
      return ~a;
    case Op.Exts8:
      return <u64>(<i64>(<i8>a));
    case Op.Exts16:
      return <u64>(<i64>(<i16>a));
    case Op.Exts32:
      return <u64>(<i64>(<i32>a));
    case Op.Extu8:
      return a & 0xff;
    case Op.Extu16:
      return a & 0xffff;
    case Op.Extu32:
      return a & 0xffffffff;
    case Op.Bswap16:
      return <u64>bswap<u16>(<u16>a);
    case Op.Bswap32:
      return <u64>bswap<u32>(<u32>a);
    case Op.Bswap64:
      return bswap<u64>(a);
    case Op.Number:
      return a;
    default:
      assert(op == Op.Copy, "evaluateUnary knows every unary op");
      return a;
  }
}
