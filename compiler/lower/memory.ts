// Reading memory of the kernel and of processes: `@kderef`, `@uderef`, and what semantic analysis makes of types.
//
// A helper copies the number into eight bytes of stack, which all reads of a function share. An address that cannot be
// read is a soft error.

import { Helper } from "../../common/format/helpers";
import { Ref } from "../ir/function";
import { Op } from "../ir/op";
import { DerefExpression } from "../syntax/ast";
import { Operator, operatorText } from "../syntax/token";
import { SoftError } from "./exits";
import { Lowering } from "./lowering";

/** The memory that an address points into. */
export const enum Space {
  Kernel,
  /** Of the process that runs. */
  User,
}

/** A number in memory, and the error if it cannot be read. */
export class MemoryNumber {
  constructor(
    public space: Space,
    /** 1, 2, 4 or 8. */
    public bytes: i32,
    public isSigned: bool,
    public error: SoftError,
  ) {}
}

/** Evaluates `@kderef` or `@uderef`. */
export function lowerDeref(lowering: Lowering, e: DerefExpression): Ref {
  const address = lowering.long(e.address);
  lowering.at(e.range);
  const space = e.op == Operator.AtUderef ? Space.User : Space.Kernel;
  const near = e.near.length > 0 ? e.near : `operator '${operatorText(e.op)}'`;
  const error = new SoftError("read fault [man error::fault] at 0x%x", e.range, near, address);
  return readNumber(lowering, address, new MemoryNumber(space, <i32>e.size, e.isSigned, error));
}

/** Reads a number. */
export function readNumber(lowering: Lowering, address: Ref, number: MemoryNumber): Ref {
  const b = lowering.b;
  const slot = lowering.parts.numberSlot;
  const helper = number.space == Space.User ? Helper.ProbeReadUser : Helper.ProbeReadKernel;
  const status = b.callHelper(helper, [slot, b.constant(number.bytes), address]);
  lowering.exits.failIf(Op.Slt, status, b.constant(0), number.error);
  return b.load(loadOp(number.bytes, number.isSigned), slot, 0);
}

function loadOp(bytes: i32, isSigned: bool): Op {
  switch (bytes) {
    case 1:
      return isSigned ? Op.Load8s : Op.Load8u;
    case 2:
      return isSigned ? Op.Load16s : Op.Load16u;
    case 4:
      return isSigned ? Op.Load32s : Op.Load32u;
    default:
      assert(bytes == 8, "semantic analysis refuses other sizes");
      return Op.Load64;
  }
}
