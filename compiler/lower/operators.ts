// The IR's operations for the script's operators.

import { Op } from "../ir/op";
import { Operator } from "../syntax/token";

/** The operation of an arithmetic operator. */
export function arithmeticOp(op: Operator): Op {
  switch (op) {
    case Operator.Add:
      return Op.Add;
    case Operator.Subtract:
      return Op.Sub;
    case Operator.Multiply:
      return Op.Mul;
    case Operator.Divide:
      return Op.Sdiv;
    case Operator.Modulo:
      return Op.Smod;
    case Operator.BitAnd:
      return Op.And;
    case Operator.BitOr:
      return Op.Or;
    case Operator.BitXor:
      return Op.Xor;
    case Operator.ShiftLeft:
      return Op.Shl;
    case Operator.ShiftRight:
      return Op.Sar;
    default:
      assert(op == Operator.ShiftRightLogical, "an arithmetic operator");
      return Op.Shr;
  }
}

/** The comparison for an operator on numbers, or on the order of two strings. */
export function compareOp(op: Operator): Op {
  switch (op) {
    case Operator.Less:
      return Op.Slt;
    case Operator.LessEqual:
      return Op.Sle;
    case Operator.Greater:
      return Op.Sgt;
    case Operator.GreaterEqual:
      return Op.Sge;
    case Operator.Equal:
      return Op.Eq;
    default:
      assert(op == Operator.NotEqual, "a comparison");
      return Op.Ne;
  }
}
