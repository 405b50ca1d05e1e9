// Script functions. A short one, and one that is called once, is inlined; the others are subprograms, or activations.
//
// Inlined: parameters and locals are the handler's own, `return` jumps behind the call. A parameter that the body never
// assigns stands for its argument. Overloads follow one another: `next` goes on to the next one's body.
// In a handler that runs in steps (steps.ts): an activation, whose record has parameters, locals and a string result.
// Subprogram: parameters, locals and a string result have places in the function's area of the frame; a long result is
// returned in r0; an error is left in the frame's header, where the caller looks if the function may fail.

import { NoRef, Ref } from "../ir/function";
import { Op } from "../ir/op";
import { Effects, FunctionSymbol, LocalSymbol } from "../semantic/symbols";
import { Range } from "../source/source";
import { Expression, NodeKind } from "../syntax/ast";
import { Type } from "../syntax/type";
import { keepString } from "./call";
import { assignedLocals } from "./contents";
import { lowerLong } from "./expression";
import { FrameHeader } from "./frame";
import { charge, costOf } from "./loop";
import { Inlining, Lowering, Shared, Storage, Subprogram } from "./lowering";
import { Base, capacityFor, Place } from "./place";
import { lowerBlock } from "./statement";
import { Activation, isRecursive, Machine } from "./steps";
import { copyString, lowerString, zero } from "./string";
import { declareLocal } from "./variable";

/** A function whose text is shorter than this is inlined wherever it is called. */
const SMALL_TEXT: i32 = 400;
/** Text inlined into one function until only subprograms are called. */
const INLINE_BUDGET: i32 = 40000;
/** Functions inlined into one another; what is called deeper is a call. */
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
  const wanted = l.wanted;
  l.wanted = null;
  const machine = machineOf(l);
  const inlined = isInlined(l, fn);
  const values = lowerArguments(l, fn, args);
  if (inlined) {
    inlineCall(l, fn, values);
  } else if (machine !== null && !isLeaf(fn)) {
    callActivation(l, machine, fn, values, range);
    if (fn.returnType == Type.String) keepResult(l, machine, fn, wanted);
  } else {
    callSubprogram(l, fn, values);
  }
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

function machineOf(l: Lowering): Machine | null {
  const activation = l.root.activation;
  return activation !== null ? activation.machine : null;
}

/** Whether a function calls no other and never loops, so that a plain call of it is neither deep nor long. */
function isLeaf(fn: FunctionSymbol): bool {
  return fn.overloads.length == 1 && fn.callees.length == 0 && (fn.effects & Effects.Loops) == 0;
}

function isInlined(l: Lowering, fn: FunctionSymbol): bool {
  let text = 0;
  if (isRecursive(fn) || (l.depth >= MAX_DEPTH && (fn.overloads.length == 1 || machineOf(l) !== null))) return false;
  for (let i = 0, n = fn.overloads.length; i < n; ++i) {
    const range = fn.overloads[i].declaration.range;
    text += range.end - range.start;
  }
  // `next` needs the code of the next overload in the same function.
  const single = fn.overloads.length == 1 || machineOf(l) !== null;
  if (single && l.inlinedText + text > INLINE_BUDGET) return false;
  if (single && fn.callCount > 1 && text > SMALL_TEXT) return false;
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
    const nextOverload = b.newBlock("overload");
    const inlining = new Inlining(overload, l, exit, nextOverload, outer);
    inlining.variable = variable;
    inlining.place = place;
    l.inlining = inlining;
    bindParameters(l, overload, values);
    l.memo.open();
    inlineBody(l, overload);
    l.memo.close();
    b.jump(exit);
    if ((overload.effects & Effects.Next) == 0) break;
    b.setBlock(nextOverload);
    if (i + 1 < n) continue;
    l.inlining = outer;
    exhaust(l, fn);
  }
  --l.depth;
  l.inlining = outer;
  b.setBlock(exit);
  b.position = position;
  if (isString) l.stringResult = place;
  else l.longResult = place !== null ? l.word(place, 0) : b.getVar(variable);
}

/** `next` in the last overload, or in the only function of the name. */
function exhaust(l: Lowering, fn: FunctionSymbol): void {
  const known = l.outputKnown;
  // The output's length was put into the frame on every way here.
  if (l.buffered) l.outputKnown = -1;
  l.fail("all functions exhausted", fn.overloads[0].range, `identifier '${fn.displayName}'`);
  l.outputKnown = known;
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
      storage.place = still ? place : l.root.framed ? keepInFrame(l, place) : keepString(l, place);
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
  // Where places are given back at a statement's end, each inlining takes its own.
  if (l.root.activation !== null) return declareLocal(l, local);
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

// ------------------------------------------------------------------------------------------------------- activations

function callActivation(l: Lowering, machine: Machine, fn: FunctionSymbol, values: Argument[], range: Range): void {
  const b = l.b;
  const callee = machine.activationOf(fn);
  charge(l, bodyCost(fn), range, `identifier '${fn.displayName}'`);
  machine.checkNesting(l, callee);
  const record = machine.nextRecord(l);
  for (let i = 0, n = values.length; i < n; ++i) {
    const place = values[i].place;
    const at = callee.parameters[i];
    if (place === null) b.store(Op.Store64, record, at, values[i].value);
    else copyString(l, place, new Place(Base.Pointer, record, at, capacityFor(fn.parameters[i].maxLength)));
  }
  machine.call(l, callee, record);
  failIfLeft(l);
  if (callee.result < 0) l.longResult = b.load(Op.Load64, l.frame(), FrameHeader.Result);
}

/** Copies a string result out of the callee's record, which the next call takes: to where it is wanted, if that does. */
function keepResult(l: Lowering, machine: Machine, fn: FunctionSymbol, wanted: Place | null): void {
  const callee = machine.activationOf(fn);
  const direct = wanted !== null && (wanted.base == Base.Handler || wanted.base == Base.Frame);
  const kept = direct ? wanted! : l.newFramePlace(callee.resultCapacity);
  copyString(l, new Place(Base.Pointer, machine.nextRecord(l), callee.result, callee.resultCapacity), kept);
  l.stringResult = kept;
}

/** What a call costs of MAXACTION. */
function bodyCost(fn: FunctionSymbol): i32 {
  const body = fn.declaration.body;
  return body ? max(1, costOf(body)) : 1;
}

/** Lowers the functions that a machine's code calls until none is left; bodies may ask for more. */
export function lowerActivations(machine: Machine): void {
  while (machine.pending.length > 0) {
    const activation = machine.pending.pop();
    lowerActivation(machine, activation);
  }
}

function lowerActivation(machine: Machine, activation: Activation): void {
  const l = machine.begin(activation);
  const b = l.b;
  const overloads = activation.symbol!.overloads;
  const empty = b.newBlock("empty");
  for (let i = 0, n = overloads.length; i < n; ++i) {
    const overload = overloads[i];
    const next = b.newBlock("overload");
    const inlining = machine.inliningFor(l, overload, next);
    l.inlining = inlining;
    bindRecord(l, activation, overload, n > 1);
    for (let k = overload.parameters.length, m = overload.locals.length; k < m; ++k) {
      declareLocal(l, overload.locals[k]);
    }
    const body = overload.declaration.body;
    l.memo.open();
    if (body) lowerBlock(l, body);
    l.memo.close();
    b.jump(empty);
    if ((overload.effects & Effects.Next) == 0) break;
    b.setBlock(next);
    if (i + 1 == n) exhaust(l, activation.symbol!);
  }
  // Without `return` the result is 0 or the empty string.
  b.setBlock(empty);
  const result = l.inlining!.place;
  if (result !== null) zero(l, result);
  machine.endFunction(l);
}

/** Parameters live in the record; where another overload may still want them, each has copies of its own. */
function bindRecord(l: Lowering, activation: Activation, fn: FunctionSymbol, copies: bool): void {
  for (let i = 0, n = fn.parameters.length; i < n; ++i) {
    const parameter = fn.parameters[i];
    const isString = parameter.type == Type.String;
    const passed = activation.symbol!.parameters[i];
    const from = new Place(Base.Handler, NoRef, activation.parameters[i], isString ? capacityFor(passed.maxLength) : 8);
    if (!copies) {
      const storage = new Storage();
      storage.place = from;
      l.locals.set(parameter, storage);
      continue;
    }
    const to = declareLocal(l, parameter).place!;
    if (isString) copyString(l, from, to);
    else l.storeWord(to, 0, l.word(from, 0));
  }
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
  if ((fn.effects & (Effects.MayFail | Effects.Loops)) != 0) failIfLeft(l);
  l.longResult = result;
  if (callee.result >= 0) l.stringResult = framePlace(callee.result, fn.maxLength);
}

/** Fails if the function that was called left an error in the frame. */
function failIfLeft(l: Lowering): void {
  const b = l.b;
  const code = b.load(Op.Load32u, l.frame(), FrameHeader.Error);
  const bad = b.newBlock("failed");
  const good = b.newBlock("ok");
  b.setCold(bad);
  b.branchIf(Op.Ne, code, l.constant(0), bad, good);
  b.setBlock(bad);
  l.failFromFrame();
  b.setBlock(good);
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
  l.actions = l.shared.mostActions;
  l.buffered = true;
  l.outputKnown = -1;
  l.mayCut = true;
  // Whoever calls it: its loops must be bounded by what the most patient handler may do.
  l.actions = max(l.shared.maxActions, l.shared.maxAgentActions);
  l.exitBlock = b.newBlock("exit");
  l.errorBlock = b.newBlock("error");
  b.setCold(l.errorBlock);
  l.defineMaskedFrame(b.parameter(0));
  const result = b.variable("result");
  b.setVar(result, l.constant(0));
  const exhausted = b.newBlock("exhausted");
  const inlining = new Inlining(fn, l, l.exitBlock, exhausted, null);
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
  if ((fn.effects & Effects.Next) != 0) {
    b.setBlock(exhausted);
    exhaust(l, fn);
  }
  b.setBlock(l.errorBlock);
  b.store(Op.Store32, l.frame(), FrameHeader.Error, b.binary(Op.Add, b.getVar(l.errorSite), l.constant(1)));
  b.jump(l.exitBlock);
  b.setBlock(l.exitBlock);
  b.ret(longPlace !== null ? l.word(longPlace, 0) : b.getVar(result));
}
