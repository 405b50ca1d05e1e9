// Texts about addresses of the kernel: symname(), symdata(), modname(). Where such a text is printed, the address
// travels, and the reader makes the text (common/as/print/addresses.ts). This file is for texts as values: the kernel's
// helper snprintf makes "name+0x10/0x40 [module]", from which a routine takes what is wanted.

import { ContextKind } from "../../common/format/attach";
import { Helper } from "../../common/format/helpers";
import { Show } from "../../common/format/manifest";
import { Builtin } from "../builtins/builtin";
import { AddressKind } from "../ir/build";
import { NoRef } from "../ir/function";
import { passString, zero } from "../runtime/copy";
import { Base, capacityFor, literalPlace, Place } from "../runtime/place";
import { SYMBOL_TEXT } from "../runtime/stack";
import { CallExpression, NumberLiteral } from "../syntax/ast";
import { handlerOf } from "./context";
import { Lowering } from "./lowering";
import { lengthOf } from "./names";

/** What programs in the kernel need for it. */
const FEATURE: string = "snprintf";

/** Whether a builtin makes such a text. */
export function isAddressText(id: Builtin): bool {
  return id == Builtin.StackText || id == Builtin.SymbolText;
}

/** The text as a value. */
export function lowerAddressText(lowering: Lowering, id: Builtin, e: CallExpression): Place {
  if (id == Builtin.StackText) {
    const hint = "print it with printf, print or println, or take the frames one by one: symdata(stack(n))";
    lowering.shared.reporter.error(e.range, "the names of a stack can only be printed", hint);
    return literalPlace("");
  }
  const b = lowering.b;
  const frame = lowering.frame;
  const runtime = lowering.runtime;
  const show = <i32>(<NumberLiteral>e.args[1]).value;
  const address = lowering.long(e.args[0]);
  lowering.at(e.range);
  needHelper(lowering);
  const to = frame.newFrameTemporary(capacityFor(lengthOf(runtime, e)));
  zero(frame, to);
  const word = new Place(Base.Frame, NoRef, runtime.area("address", 8), 8);
  frame.storeWord(word, 0, address);
  const format = lowering.unit.literal(show == Show.Data ? "%pS" : "%ps");
  b.callHelper(Helper.Snprintf, [
    frame.pointer(runtime.textArea),
    b.constant(runtime.maxLength + 1),
    b.addressOf(AddressKind.Rodata, format),
    frame.pointer(word),
    b.constant(8),
  ]);
  const most = b.constant(min(to.capacity - 1, runtime.maxLength));
  b.callFunction(SYMBOL_TEXT.of(runtime), [frame.offset(), passString(frame, to), most, b.constant(show)]);
  return to;
}

/** Handlers that the agent runs do not need the kernel's helper. */
function needHelper(lowering: Lowering): void {
  const program = handlerOf(lowering);
  if (program !== null && program.context == ContextKind.Nothing) return;
  const features = lowering.unit.features;
  if (!features.includes(FEATURE)) features.push(FEATURE);
}
