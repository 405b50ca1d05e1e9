// Script functions. A short one, and one that is called once, is inlined; the others are subprograms.
//
// Inlined: parameters and locals are the handler's own, `return` jumps behind the call. A parameter that the body never
// assigns stands for its argument. Overloads follow one another: `next` goes on to the next one's body.
// Subprogram: parameters, locals and a string result have places in the function's area of the frame; a long result is
// returned in r0; an error is left in the frame's header, where the caller looks if the function may fail.

import { NoRef, Ref } from "../ir/function";
import { Op } from "../ir/op";
import { Effects, FunctionSymbol, LocalSymbol } from "../semantic/symbols";
import { Expression, NodeKind } from "../syntax/ast";
import { Range } from "../syntax/source";
import { Type } from "../syntax/type";
import { keepString } from "./call";
import { assignedLocals } from "./contents";
import { lowerLong } from "./expression";
import { FrameHeader } from "./frame";
import { Inlining, Lowering, Shared, Storage, Subprogram } from "./lowering";
import { Base, capacityFor, Place } from "./place";
import { lowerBlock } from "./statement";
import { copyString, lowerString, zero } from "./string";
import { declareLocal } from "./variable";

/** A function whose text is shorter than this is inlined wherever it is called. */
const SMALL_TEXT: i32 = 400;
/** Text inlined into one function until only subprograms are called. */
const INLINE_BUDGET: i32 = 40000;
/** Calls nested deeper than this are refused: the kernel would refuse them as well. */
const MAX_DEPTH: i32 = 48;

/** An evaluated argument. */
class Argument {
  value: Ref = NoRef;
  place: Place | null = null;
}

/** Calls a function; its result is in `l.longResult` or `l.stringResult`. */
export function callFunction(l: Lowering, fn: FunctionSymbol, args: Expression[], range: Range): void {
  l.longResult = l.constant(0);
  l.stringResult = null;
  if (l.depth >= MAX_DEPTH || fn.recursive) {
    const why = fn.recursive ? "calls itself" : "is called through too many others";
    l.shared.reporter.error(range, `function '${fn.displayName}' ${why}: not possible in this version`);
    l.stringResult = l.newPlace(8);
    return;
  }
  const values = lowerArguments(l, fn, args);
  if (isInlined(l, fn)) inlineCall(l, fn, values);
  else callSubprogram(l, fn, values);
}

function lowerArguments(l: Lowering, fn: FunctionSymbol, args: Expression[]): Argument[] {
  const values: Argument[] = [];
  for (let i = 0, n = args.length; i < n; ++i) {
    const argument = new Argument();
    if (fn.parameters[i].type == Type.String) {
      const place = lowerString(l, args[i]);
      // A later argument's calls may change what this one names.
      argument.place = i + 1 < n || args[i].kind == NodeKind.Call ? keepString(l, place) : place;
    } else {
      argument.value = lowerLong(l, args[i]);
    }
    values.push(argument);
  }
  return values;
}

function isInlined(l: Lowering, fn: FunctionSymbol): bool {
  let text = 0;
  for (let i = 0, n = fn.overloads.length; i < n; ++i) {
    const range = fn.overloads[i].declaration.range;
    text += range.end - range.start;
  }
  // `next` needs the code of the next overload in the same function.
  if (fn.overloads.length == 1 && l.inlinedText + text > INLINE_BUDGET) return false;
  if (fn.overloads.length == 1 && fn.callCount > 1 && text > SMALL_TEXT) return false;
  l.inlinedText += text;
  return true;
}

// ----------------------------------------------------------------------------------------------------------- inlined

function inlineCall(l: Lowering, fn: FunctionSymbol, values: Argument[]): void {
  const b = l.b;
  const exit = b.newBlock("return");
  const outer = l.inlining;
  const position = b.position;
  const variable = b.variable(fn.name);
  let place: Place | null = null;
  const isString = fn.returnType == Type.String;
  if (isString) {
    const capacity = capacityFor(fn.maxLength);
    // A `return` in a loop's body is in another function, which does not see this one's stack.
    const result = l.root.framed ? l.newFrameTemporary(capacity) : l.newTemporary(capacity);
    zero(l, result);
    place = result;
  } else if (l.root.framed) {
    place = l.newFramePlace(8);
    l.storeWord(place, 0, l.constant(0));
  } else {
    b.setVar(variable, l.constant(0));
  }
  ++l.depth;
  for (let i = 0, n = fn.overloads.length; i < n; ++i) {
    const overload = fn.overloads[i];
    const nextOverload = i + 1 < n ? b.newBlock("overload") : exit;
    const inlining = new Inlining(overload, l, exit, nextOverload, outer);
    inlining.variable = variable;
    inlining.place = place;
    l.inlining = inlining;
    bindParameters(l, overload, values);
    l.memo.open();
    inlineBody(l, overload);
    l.memo.close();
    b.jump(exit);
    if ((overload.effects & Effects.Next) == 0 || nextOverload == exit) break;
    b.setBlock(nextOverload);
  }
  --l.depth;
  l.inlining = outer;
  b.setBlock(exit);
  b.position = position;
  if (isString) l.stringResult = place;
  else l.longResult = place !== null ? l.word(place, 0) : b.getVar(variable);
}

function inlineBody(l: Lowering, fn: FunctionSymbol): void {
  const body = fn.declaration.body;
  if (!body) return;
  for (let i = fn.parameters.length, n = fn.locals.length; i < n; ++i) redeclareLocal(l, fn.locals[i]);
  lowerBlock(l, body);
  if ((fn.effects & Effects.Prints) != 0) l.leaveUnknown();
}

function bindParameters(l: Lowering, fn: FunctionSymbol, values: Argument[]): void {
  const body = fn.declaration.body;
  if (!body) return;
  const assigned = assignedLocals(body);
  for (let i = 0, n = fn.parameters.length; i < n; ++i) {
    const parameter = fn.parameters[i];
    const place = values[i].place;
    if (place !== null && !assigned.has(parameter)) {
      // What the body does to the variable that was passed must not be seen through the parameter.
      const moves = place.base == Base.Bss && (fn.effects & Effects.WritesGlobals) != 0;
      // A body of a loop is another function, which does not see this one's stack.
      const hidden = l.root.framed && place.base == Base.Pointer;
      const still = place.isLiteral || (!moves && !hidden);
      const storage = new Storage();
      storage.place = still ? place : hidden ? keepInFrame(l, place) : keepString(l, place);
      l.locals.set(parameter, storage);
      continue;
    }
    const storage = redeclareLocal(l, parameter);
    const to = storage.place;
    if (to === null) l.b.setVar(storage.variable, values[i].value);
    else if (place !== null) copyString(l, place, to);
    else l.storeWord(to, 0, values[i].value);
  }
}

function keepInFrame(l: Lowering, place: Place): Place {
  const kept = l.newFrameTemporary(place.capacity);
  copyString(l, place, kept);
  return kept;
}

/** Makes a local anew, in the place that an earlier inlining of its function gave it. */
function redeclareLocal(l: Lowering, local: LocalSymbol): Storage {
  if (!l.declared.has(local)) {
    const storage = declareLocal(l, local);
    l.declared.set(local, storage);
    return storage;
  }
  const storage = l.declared.get(local);
  l.locals.set(local, storage);
  const place = storage.place;
  if (place !== null) zero(l, place);
  else l.b.setVar(storage.variable, l.constant(0));
  return storage;
}

// ------------------------------------------------------------------------------------------------------- subprograms

/** The subprogram of a function; its body is lowered later, by `lowerPending`. */
function subprogramOf(l: Lowering, fn: FunctionSymbol): Subprogram {
  const known = l.shared.subprograms;
  if (known.has(fn)) return known.get(fn);
  const made = new Subprogram(fn);
  const body = new Lowering(l.shared, "stp_fn_" + fn.name, false);
  made.index = l.unit.ir.add(body.fn);
  made.lowering = body;
  for (let i = 0, n = fn.parameters.length; i < n; ++i) {
    const parameter = fn.parameters[i];
    const bytes = parameter.type == Type.String ? capacityFor(parameter.maxLength) : 8;
    made.parameters.push(l.shared.plan.reserveFunction(bytes));
  }
  if (fn.returnType == Type.String) made.result = l.shared.plan.reserveFunction(capacityFor(fn.maxLength));
  known.set(fn, made);
  l.shared.pending.push(made);
  return made;
}

function callSubprogram(l: Lowering, fn: FunctionSymbol, values: Argument[]): void {
  const b = l.b;
  const callee = subprogramOf(l, fn);
  for (let i = 0, n = values.length; i < n; ++i) {
    const place = values[i].place;
    const at = callee.parameters[i];
    if (place !== null) copyString(l, place, framePlace(at, fn.parameters[i].maxLength));
    else b.store(Op.Store64, l.frame(), at, values[i].value);
  }
  const prints = (fn.effects & Effects.Prints) != 0;
  if (prints) {
    if (!l.buffered) l.needsBuffer = true;
    if (!l.mayCut) l.needsCut = true;
    l.leaveUnknown();
  }
  const result = b.callFunction(callee.index, [b.getVar(l.frameOffset)]);
  if ((fn.effects & (Effects.MayFail | Effects.Loops)) != 0) {
    const code = b.load(Op.Load32u, l.frame(), FrameHeader.Error);
    const bad = b.newBlock("failed");
    const good = b.newBlock("ok");
    b.setCold(bad);
    b.branchIf(Op.Ne, code, l.constant(0), bad, good);
    b.setBlock(bad);
    l.failFromFrame();
    b.setBlock(good);
  }
  l.longResult = result;
  if (callee.result >= 0) l.stringResult = framePlace(callee.result, fn.maxLength);
}

function framePlace(offset: i32, length: i32): Place {
  return new Place(Base.Frame, NoRef, offset, capacityFor(length));
}

/** Lowers the bodies of subprograms until none is left; bodies may ask for more. */
export function lowerPending(shared: Shared): void {
  while (shared.pending.length > 0) {
    const subprogram = shared.pending.pop();
    lowerSubprogram(subprogram);
  }
}

function lowerSubprogram(subprogram: Subprogram): void {
  const l = subprogram.lowering!;
  const fn = subprogram.symbol;
  const b = l.b;
  l.buffered = true;
  l.outputKnown = -1;
  l.mayCut = true;
  l.exitBlock = b.newBlock("exit");
  l.errorBlock = b.newBlock("error");
  b.setCold(l.errorBlock);
  l.defineMaskedFrame(b.parameter(0));
  const result = b.variable("result");
  b.setVar(result, l.constant(0));
  const inlining = new Inlining(fn, l, l.exitBlock, l.exitBlock, null);
  inlining.variable = result;
  l.framed = (fn.effects & Effects.Loops) != 0;
  l.outlines = true;
  let longPlace: Place | null = null;
  if (l.framed && subprogram.result < 0) {
    longPlace = l.newFramePlace(8);
    l.storeWord(longPlace, 0, l.constant(0));
    inlining.place = longPlace;
  }
  if (subprogram.result >= 0) {
    inlining.place = framePlace(subprogram.result, fn.maxLength);
    zero(l, inlining.place!);
  }
  l.inlining = inlining;
  for (let i = 0, n = fn.parameters.length; i < n; ++i) {
    const storage = new Storage();
    if (fn.parameters[i].type == Type.String) {
      storage.place = framePlace(subprogram.parameters[i], fn.parameters[i].maxLength);
    } else if (l.framed) {
      storage.place = new Place(Base.Frame, NoRef, subprogram.parameters[i], 8);
    } else {
      storage.variable = b.variable(fn.parameters[i].name);
      b.setVar(storage.variable, b.load(Op.Load64, l.frame(), subprogram.parameters[i]));
    }
    l.locals.set(fn.parameters[i], storage);
  }
  for (let i = fn.parameters.length, n = fn.locals.length; i < n; ++i) declareLocal(l, fn.locals[i]);
  const body = fn.declaration.body;
  if (body) lowerBlock(l, body);
  b.jump(l.exitBlock);
  b.setBlock(l.errorBlock);
  b.store(Op.Store32, l.frame(), FrameHeader.Error, b.binary(Op.Add, b.getVar(l.errorSite), l.constant(1)));
  b.jump(l.exitBlock);
  b.setBlock(l.exitBlock);
  b.ret(longPlace !== null ? l.word(longPlace, 0) : b.getVar(result));
}
