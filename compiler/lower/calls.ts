// The tables of system calls in .rodata, as far as code asks for them: words, and texts that end with a zero.

import { Helper } from "../../common/format/helpers";
import { powerOfTwo } from "../../common/format/runtime";
import { Builtin } from "../builtins/builtin";
import { CALL_TEXT } from "../builtins/calls";
import { AddressKind } from "../ir/build";
import { Ref } from "../ir/function";
import { Op } from "../ir/op";
import { zero } from "../runtime/copy";
import { Place } from "../runtime/place";
import { CallExpression, StringLiteral } from "../syntax/ast";
import { Lowering } from "./lowering";

/** Whether a builtin reads a number of the tables. */
export function isCallBuiltin(id: Builtin): bool {
  return id == Builtin.CallWord || id == Builtin.CallTable || id == Builtin.CallRegisters;
}

/** Evaluates such a builtin. */
export function lowerCallTables(lowering: Lowering, id: Builtin, e: CallExpression): Ref {
  if (id == Builtin.CallRegisters) return callRegisters(lowering);
  return id == Builtin.CallWord ? callWord(lowering, e) : callTable(lowering, e);
}

/** To the verifier the helper's result is a pointer, which functions do not take; what memory holds is a number. */
function callRegisters(lowering: Lowering): Ref {
  const b = lowering.b;
  const task = b.callHelper(Helper.GetCurrentTaskBtf, []);
  const place = lowering.frame.newFramePlace(8);
  lowering.frame.storeWord(place, 0, b.callHelper(Helper.TaskPtRegs, [task]));
  const slot = lowering.parts.numberSlot;
  b.callHelper(Helper.ProbeReadKernel, [slot, b.constant(8), lowering.frame.pointer(place)]);
  return b.load(Op.Load64, slot, 0);
}

/** A word of the tables; those behind the last are zeros. */
function callWord(lowering: Lowering, e: CallExpression): Ref {
  const b = lowering.b;
  const words = lowering.shared.calls!.words;
  const count = powerOfTwo(words.length);
  const at = lowering.unit.wordTable("call words", words, count);
  // The verifier needs a bound that it can see.
  const index = b.binary(Op.And, lowering.long(e.args[0]), lowering.constant(count - 1));
  const offset = b.binary(Op.Shl, index, lowering.constant(3));
  return b.load(Op.Load64, b.binary(Op.Add, b.addressOf(AddressKind.Rodata, at), offset), 0);
}

/** Copies a text to a place. */
export function copyCallText(lowering: Lowering, e: CallExpression, to: Place): void {
  const b = lowering.b;
  const texts = lowering.shared.calls!.texts;
  const bytes = powerOfTwo(texts.length);
  const at = lowering.unit.textTable("call texts", [texts], bytes + CALL_TEXT);
  const offset = b.binary(Op.And, lowering.long(e.args[0]), lowering.constant(bytes - 1));
  const from = b.binary(Op.Add, b.addressOf(AddressKind.Rodata, at), offset);
  zero(lowering.frame, to);
  b.callHelper(Helper.ProbeReadKernelStr, [
    lowering.frame.pointer(to),
    lowering.constant(min(CALL_TEXT, to.capacity)),
    from,
  ]);
}

/** The number of a table of constants. */
function callTable(lowering: Lowering, e: CallExpression): Ref {
  return lowering.constant(lowering.shared.calls!.constants.indexOf((<StringLiteral>e.args[0]).value));
}
