// The printed form of the IR; ir/parse reads it back, and printing that again gives the same text.
//
//     handler $vfs_read 1 {
//     slot 0 16
//     @0 entry
//       %1 = parameter 0
//       store32 %1, #17 +4 !3
//       branch ne %1, #0, @2, @1
//     @1 body cold
//       %7 = phi @0 %1, @3 #4
//       %8 = callhelper 14 (%7, $0)
//       ret #0
//     }
//
// %n is the result of instruction n, #n a constant, $n a stack slot, @n a block, +n the immediate, !n a source
// position.

import { joinTexts } from "../../common/as/text-builder";
import { Block, Func, isConstant, isTemp, JumpKind, Linkage, NoPosition, NoRef, Ref, refIndex } from "./function";
import { IrModule } from "./module";
import { Op, OpFlag, opIs, opName } from "./op";

/** An operand. */
function printRef(fn: Func, r: Ref): string {
  if (r == NoRef) return "_";
  if (isTemp(r)) return "%" + refIndex(r).toString();
  if (isConstant(r)) return "#" + fn.valueOf(r).toString();
  return "$" + refIndex(r).toString();
}

function printArguments(fn: Func, i: i32): string {
  let text = "(";
  for (let k = 0, n = fn.operandCount(i); k < n; ++k) {
    if (k > 0) text += ", ";
    text += printRef(fn, fn.operand(i, k));
  }
  return text + ")";
}

function printPhi(fn: Func, i: i32): string {
  let text = "";
  for (let k = 0, n = fn.operandCount(i); k < n; ++k) {
    text += (k > 0 ? ", @" : " @") + fn.phiBlock(i, k).toString() + " " + printRef(fn, fn.operand(i, k));
  }
  return text;
}

function printPosition(position: i32): string {
  return position == NoPosition ? "" : " !" + position.toString();
}

/** One instruction, without indentation. */
export function printInstruction(fn: Func, i: i32): string {
  let op = fn.ops[i] as Op;
  let text = opIs(op, OpFlag.Result) ? "%" + i.toString() + " = " : "";
  text += opName(op);
  if (op == Op.Phi) return text + printPhi(fn, i) + printPosition(fn.positions[i]);
  if (opIs(op, OpFlag.Arguments)) {
    text += " " + fn.immediates[i].toString() + " " + printArguments(fn, i);
    return text + printPosition(fn.positions[i]);
  }
  for (let k = 0, n = fn.operandCount(i); k < n; ++k) {
    text += (k > 0 ? ", " : " ") + printRef(fn, fn.operand(i, k));
  }
  if (opIs(op, OpFlag.Immediate)) text += " +" + fn.immediates[i].toString();
  return text + printPosition(fn.positions[i]);
}

/** How the block ends. */
export function printJump(fn: Func, block: Block): string {
  let text: string;
  if (block.jump == JumpKind.Jump) {
    text = "jump @" + block.to.toString();
  } else if (block.jump == JumpKind.Branch) {
    text = "branch " + opName(block.compare) + " " + printRef(fn, block.a) + ", " + printRef(fn, block.b);
    text += ", @" + block.to.toString() + ", @" + block.otherwise.toString();
  } else if (block.jump == JumpKind.Return) {
    text = "ret " + printRef(fn, block.a);
  } else {
    text = "none";
  }
  return text + printPosition(block.position);
}

function printBlock(fn: Func, block: Block, lines: Array<string>): void {
  lines.push("@" + block.id.toString() + " " + block.name + (block.cold ? " cold" : ""));
  for (let k = 0, n = block.instructions.length; k < n; ++k) {
    lines.push("  " + printInstruction(fn, block.instructions[k]));
  }
  lines.push("  " + printJump(fn, block));
}

/** A whole function, its blocks in the order they are emitted. */
export function printFunction(fn: Func): string {
  let lines: Array<string> = [];
  let linkage = fn.linkage == Linkage.Handler ? "handler $" : "subprogram $";
  lines.push(linkage + fn.name + " " + fn.parameterCount.toString() + " {");
  for (let k = 0, n = fn.slots.length; k < n; ++k) lines.push("slot " + k.toString() + " " + fn.slots[k].toString());
  for (let k = 0, n = fn.variables.length; k < n; ++k) lines.push("variable " + k.toString() + " " + fn.variables[k]);
  if (fn.rpo.length > 0) {
    for (let k = 0, n = fn.rpo.length; k < n; ++k) printBlock(fn, fn.blocks[fn.rpo[k]], lines);
  } else {
    for (let k = 0, n = fn.blocks.length; k < n; ++k) if (!fn.blocks[k].dead) printBlock(fn, fn.blocks[k], lines);
  }
  lines.push("}\n");
  return joinTexts(lines, "\n");
}

/** All functions of a module. */
export function printModule(module: IrModule): string {
  let parts: Array<string> = [];
  for (let k = 0, n = module.functions.length; k < n; ++k) parts.push(printFunction(module.functions[k]));
  return joinTexts(parts, "\n");
}
