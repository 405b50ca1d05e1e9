// Registers of the probed place, and what the calling convention makes of them: arguments, the returned value.

import { ContextKind } from "../../common/format/attach";
import { Builtin } from "../builtins/builtin";
import { NoRef, Ref } from "../ir/function";
import { Op } from "../ir/op";
import { CpuRegisters, registersOf } from "../kernel/registers";
import { CallExpression, NodeKind, NumberLiteral, RegisterExpression, StringLiteral } from "../syntax/ast";
import { operatorText } from "../syntax/token";
import { handlerOf, registerWord, registerWordOr, requireRegisters } from "./context";
import { SoftError } from "./exits";
import { Lowering } from "./lowering";
import { MemoryNumber, readNumber, Space } from "./memory";

const NO_REGISTERS: string = "cannot access CPU registers in this context";
const NO_ARGUMENTS: string = "cannot access function args in this context";
/** No function of a kernel has more. */
const MOST_ARGUMENTS: i32 = 64;

/** Whether a builtin reads registers. */
export function isRegisterBuiltin(id: Builtin): bool {
  return id >= Builtin.Register && id <= Builtin.UserMode;
}

/** Evaluates `@kregister(number)`. */
export function lowerNumberedRegister(lowering: Lowering, e: RegisterExpression): Ref {
  const error = new SoftError(NO_REGISTERS, e.range, `operator '${operatorText(e.op)}'`);
  requireRegisters(lowering, error);
  return registerWord(lowering, cpu(lowering).byNumber[<i32>e.number]);
}

/** Evaluates a call of one of the builtins. */
export function lowerRegisterCall(lowering: Lowering, id: Builtin, e: CallExpression): Ref {
  lowering.at(e.range);
  switch (id) {
    case Builtin.Register:
    case Builtin.UnsignedRegister:
      return namedRegister(lowering, e, id == Builtin.Register);
    case Builtin.ReturnValue:
      requireRegisters(lowering, errorOf(e, NO_REGISTERS));
      return registerWord(lowering, cpu(lowering).resultOffset);
    case Builtin.InstructionPointer:
      return registerWordOr(lowering, cpu(lowering).pointerOffset, 0);
    case Builtin.UserMode:
      return userMode(lowering);
    default:
      return argument(lowering, id, e);
  }
}

function cpu(lowering: Lowering): CpuRegisters {
  return registersOf(lowering.shared.options.arch);
}

function errorOf(e: CallExpression, message: string, number: Ref = NoRef): SoftError {
  return new SoftError(message, e.range, `identifier '${e.name}'`, number);
}

function namedRegister(lowering: Lowering, e: CallExpression, isSigned: bool): Ref {
  const b = lowering.b;
  requireRegisters(lowering, errorOf(e, NO_REGISTERS));
  const name = cpu(lowering).find((<StringLiteral>e.args[0]).value)!;
  const word = registerWord(lowering, name.offset);
  if (name.bits == 64) return word;
  return isSigned ? b.unary(Op.Exts32, word) : b.unary(Op.Extu32, word);
}

/** The arguments in registers come first, those on the stack follow. */
function argument(lowering: Lowering, id: Builtin, e: CallExpression): Ref {
  const b = lowering.b;
  const number = lowering.long(e.args[0]);
  lowering.at(e.range);
  requireRegisters(lowering, errorOf(e, NO_ARGUMENTS));
  const value = e.args[0].kind == NodeKind.NumberLiteral ? fixed(lowering, e) : chosen(lowering, e, number);
  if (id == Builtin.IntArgument) return b.unary(Op.Exts32, value);
  return id == Builtin.UintArgument ? b.unary(Op.Extu32, value) : value;
}

/** An argument whose number is a literal. */
function fixed(lowering: Lowering, e: CallExpression): Ref {
  const number = (<NumberLiteral>e.args[0]).value;
  const registers = cpu(lowering).argumentOffsets;
  if (number >= 1 && number <= registers.length) return registerWord(lowering, registers[<i32>number - 1]);
  if (number < 1 || number > MOST_ARGUMENTS) {
    lowering.exits.failAlways(errorOf(e, `cannot access arg(${number})`));
    return lowering.constant(0);
  }
  return onStack(lowering, e, lowering.constant(number));
}

/** An argument whose number is known at run time only. */
function chosen(lowering: Lowering, e: CallExpression, number: Ref): Ref {
  const b = lowering.b;
  const registers = cpu(lowering).argumentOffsets;
  const value = b.variable("argument");
  const found = b.newBlock("found");
  const most = lowering.constant(MOST_ARGUMENTS - 1);
  const index = b.binary(Op.Sub, number, lowering.constant(1));
  lowering.exits.failIf(Op.Ugt, index, most, errorOf(e, "cannot access arg(%d)", number));
  for (let i = 0; i < registers.length; ++i) {
    const here = b.newBlock("here");
    const other = b.newBlock("other");
    b.branchIf(Op.Eq, index, lowering.constant(i), here, other);
    b.setBlock(here);
    b.setVar(value, registerWord(lowering, registers[i]));
    b.jump(found);
    b.setBlock(other);
  }
  b.setVar(value, onStack(lowering, e, number));
  b.jump(found);
  b.setBlock(found);
  return b.getVar(value);
}

/** An argument that is on the stack when the function begins. */
function onStack(lowering: Lowering, e: CallExpression, number: Ref): Ref {
  const b = lowering.b;
  const registers = cpu(lowering);
  const words = b.binary(Op.Sub, number, lowering.constant(registers.argumentOffsets.length + 1));
  const bytes = b.binary(
    Op.Shl,
    b.binary(Op.Add, words, lowering.constant(registers.stackWords)),
    lowering.constant(3),
  );
  const address = b.binary(Op.Add, registerWord(lowering, registers.stackOffset), bytes);
  const error = errorOf(e, "kernel fault at 0x%x accessing an argument on the stack", address);
  const program = handlerOf(lowering);
  const isUser = program !== null && program.context == ContextKind.UserRegisters;
  return readNumber(lowering, address, new MemoryNumber(isUser ? Space.User : Space.Kernel, 8, false, error));
}

/** Whether the CPU was in user mode: 1 or 0. */
function userMode(lowering: Lowering): Ref {
  const b = lowering.b;
  const registers = cpu(lowering);
  // Without registers it was not.
  const word = registerWordOr(lowering, registers.modeOffset, registers.modeMask & ~registers.userMode);
  const mode = b.binary(Op.And, word, lowering.constant(registers.modeMask));
  return b.binary(Op.Eq, mode, lowering.constant(registers.userMode));
}
