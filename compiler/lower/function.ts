// Script functions. A short function, or one with a single call, is inlined. Others become subprograms, or activations.
//
// Inlined: parameters and locals belong to the handler, and `return` jumps behind the call. A parameter that the body
// never assigns is replaced by its argument. Overloads follow one another, and `next` goes on to the body of the next
// one.
// Activation, in a handler that runs in steps (steps.ts): a record holds the parameters, locals and a string result.
// Subprogram: parameters, locals and a string result have places in the function's area of the frame. A long result is
// returned in r0. An error is left in the frame's header; the caller checks for one if the function may fail.

import { Func, Linkage, NoRef, Ref } from "../ir/function";
import { Op } from "../ir/op";
import { copyString, keepString, zero } from "../runtime/copy";
import { Base, capacityFor, Place } from "../runtime/place";
import { FrameWord } from "../runtime/plan";
import { Effects, FunctionSymbol, LocalSymbol } from "../semantic/symbols";
import { Range } from "../source/source";
import { Expression, NodeKind } from "../syntax/ast";
import { Type } from "../syntax/type";
import { assignedLocals } from "./contents";
import { charge, costOf } from "./loop";
import { FunctionParts, Lowering, Tree } from "./lowering";
import { Inlining, Storage } from "./scope";
import { Shared, Subprogram } from "./shared";
import { Activation, isRecursive, Machine } from "./steps";
import { declareLocal } from "./variable";

/** Functions whose text is shorter than this are inlined at every call. */
const SMALL_TEXT: i32 = 400;
/** Limit of text inlined into one function. Beyond it, only subprograms are called. */
const INLINE_BUDGET: i32 = 40000;
/** Limit of nested inlining. Deeper calls are not inlined. */
const MAX_DEPTH: i32 = 48;

/** An evaluated argument. */
class Argument {
  value: Ref = NoRef;
  place: Place | null = null;
}

/** A call of a function. */
export class Call {
  constructor(
    public callee: FunctionSymbol,
    public args: Expression[],
    public range: Range,
  ) {}
}

/** The result of a call: a number or a string. */
export class Result {
  constructor(
    public long: Ref,
    public place: Place | null,
  ) {}
}

/** Calls a function. `wanted` is the destination of its string, if it is known. */
export function callFunction(lowering: Lowering, call: Call, wanted: Place | null): Result {
  const fn = call.callee;
  const machine = lowering.root.machine;
  const inlined = isInlined(lowering, fn);
  const values = lowerArguments(lowering, fn, call.args);
  if (inlined) return inlineCall(lowering, fn, values);
  if (machine === null || isLeaf(fn)) return callSubprogram(lowering, fn, values);
  const result = callActivation(lowering, machine, call, values);
  return fn.returnType == Type.String ? keepResult(lowering, machine, fn, wanted) : result;
}

function lowerArguments(lowering: Lowering, fn: FunctionSymbol, args: Expression[]): Argument[] {
  const values: Argument[] = [];
  for (let i = 0, n = args.length; i < n; ++i) {
    const argument = new Argument();
    if (fn.parameters[i].type == Type.String) {
      const place = lowering.string(args[i]);
      // Calls in a later argument may change the value that this argument names.
      argument.place = i + 1 < n || args[i].kind == NodeKind.Call ? keepString(lowering.frame, place) : place;
    } else {
      argument.value = lowering.long(args[i]);
    }
    values.push(argument);
  }
  return values;
}

/** Whether a function calls no other function and never loops, so that a plain call of it is neither deep nor long. */
function isLeaf(fn: FunctionSymbol): bool {
  return fn.overloads.length == 1 && fn.callees.length == 0 && (fn.effects & Effects.Loops) == 0;
}

function isInlined(lowering: Lowering, fn: FunctionSymbol): bool {
  let text = 0;
  if (
    isRecursive(fn) ||
    (lowering.scope.depth >= MAX_DEPTH && (fn.overloads.length == 1 || lowering.root.machine !== null))
  )
    return false;
  for (let i = 0, n = fn.overloads.length; i < n; ++i) {
    const range = fn.overloads[i].declaration.range;
    text += range.end - range.start;
  }
  // `next` needs the code of the next overload in the same IR function.
  const single = fn.overloads.length == 1 || lowering.root.machine !== null;
  if (single && lowering.scope.inlinedText + text > INLINE_BUDGET) return false;
  if (single && fn.callCount > 1 && text > SMALL_TEXT) return false;
  lowering.scope.inlinedText += text;
  return true;
}

// ----------------------------------------------------------------------------------------------------------- inlined

function inlineCall(lowering: Lowering, fn: FunctionSymbol, values: Argument[]): Result {
  const b = lowering.b;
  const exit = b.newBlock("return");
  const outer = lowering.scope.inlining;
  const position = b.position;
  const variable = b.variable(fn.name);
  let place: Place | null = null;
  const isString = fn.returnType == Type.String;
  if (isString) {
    const capacity = capacityFor(fn.maxLength);
    // A `return` in a loop's body is in another IR function, which cannot access this function's stack.
    const result = lowering.root.frame.holdsLocals
      ? lowering.frame.newFrameTemporary(capacity)
      : lowering.frame.newTemporary(capacity);
    zero(lowering.frame, result);
    place = result;
  } else if (lowering.root.frame.holdsLocals) {
    place = lowering.frame.newFramePlace(8);
    lowering.frame.storeWord(place, 0, lowering.constant(0));
  } else {
    b.setVar(variable, lowering.constant(0));
  }
  ++lowering.scope.depth;
  for (let i = 0, n = fn.overloads.length; i < n; ++i) {
    const overload = fn.overloads[i];
    const nextOverload = b.newBlock("overload");
    const inlining = new Inlining(overload, lowering.fn, exit, nextOverload, outer);
    inlining.variable = variable;
    inlining.place = place;
    lowering.scope.inlining = inlining;
    bindParameters(lowering, overload, values);
    lowering.scope.memo.open();
    inlineBody(lowering, overload);
    lowering.scope.memo.close();
    b.jump(exit);
    if ((overload.effects & Effects.Next) == 0) break;
    b.setBlock(nextOverload);
    if (i + 1 < n) continue;
    lowering.scope.inlining = outer;
    exhaust(lowering, fn);
  }
  --lowering.scope.depth;
  lowering.scope.inlining = outer;
  b.setBlock(exit);
  b.position = position;
  if (isString) return new Result(NoRef, place);
  return new Result(place !== null ? lowering.frame.word(place, 0) : b.getVar(variable), null);
}

/** Lowers `next` in the last overload, or in a function without overloads. */
function exhaust(lowering: Lowering, fn: FunctionSymbol): void {
  const known = lowering.output.known;
  // On every path to here the output's length has been stored in the frame.
  if (lowering.output.isBuffered) lowering.output.known = -1;
  lowering.exits.fail("all functions exhausted", fn.overloads[0].range, `identifier '${fn.displayName}'`);
  lowering.output.known = known;
}

function inlineBody(lowering: Lowering, fn: FunctionSymbol): void {
  const body = fn.declaration.body;
  if (!body) return;
  for (let i = fn.parameters.length, n = fn.locals.length; i < n; ++i) redeclareLocal(lowering, fn.locals[i]);
  lowering.block(body);
  if ((fn.effects & Effects.Prints) != 0) lowering.output.leaveUnknown();
}

function bindParameters(lowering: Lowering, fn: FunctionSymbol, values: Argument[]): void {
  const body = fn.declaration.body;
  if (!body) return;
  const assigned = assignedLocals(body);
  for (let i = 0, n = fn.parameters.length; i < n; ++i) {
    const parameter = fn.parameters[i];
    const place = values[i].place;
    if (place !== null && !assigned.has(parameter)) {
      // The parameter must keep its value when the body changes the variable that was passed.
      const moves = place.base == Base.Bss && (fn.effects & Effects.WritesGlobals) != 0;
      // A loop's body is another IR function, which cannot access this function's stack.
      const hidden = lowering.root.frame.holdsLocals && place.base == Base.Pointer;
      const still = place.isLiteral || (!moves && !hidden);
      const storage = new Storage();
      storage.place = still
        ? place
        : lowering.root.frame.holdsLocals
          ? keepInFrame(lowering, place)
          : keepString(lowering.frame, place);
      lowering.scope.locals.set(parameter, storage);
      continue;
    }
    const storage = redeclareLocal(lowering, parameter);
    const to = storage.place;
    if (to === null) lowering.b.setVar(storage.variable, values[i].value);
    else if (place !== null) copyString(lowering.frame, place, to);
    else lowering.frame.storeWord(to, 0, values[i].value);
  }
}

function keepInFrame(lowering: Lowering, place: Place): Place {
  const kept = lowering.frame.newFrameTemporary(place.capacity);
  copyString(lowering.frame, place, kept);
  return kept;
}

/** Declares a local again, in the place that an earlier inlining of its function chose. */
function redeclareLocal(lowering: Lowering, local: LocalSymbol): Storage {
  // If places are released at the end of a statement, each inlining reserves its own.
  if (lowering.root.activation !== null) return declareLocal(lowering, local);
  if (!lowering.scope.declared.has(local)) {
    const storage = declareLocal(lowering, local);
    lowering.scope.declared.set(local, storage);
    return storage;
  }
  const storage = lowering.scope.declared.get(local);
  lowering.scope.locals.set(local, storage);
  const place = storage.place;
  if (place !== null) zero(lowering.frame, place);
  else lowering.b.setVar(storage.variable, lowering.constant(0));
  return storage;
}

// ------------------------------------------------------------------------------------------------------- activations

function callActivation(lowering: Lowering, machine: Machine, call: Call, values: Argument[]): Result {
  const b = lowering.b;
  const fn = call.callee;
  const callee = machine.activationOf(fn);
  charge(lowering, bodyCost(fn), call.range, `identifier '${fn.displayName}'`);
  machine.checkNesting(lowering, callee);
  const record = machine.nextRecord(lowering);
  for (let i = 0, n = values.length; i < n; ++i) {
    const place = values[i].place;
    const at = callee.parameters[i];
    if (place === null) b.store(Op.Store64, record, at, values[i].value);
    else
      copyString(lowering.frame, place, new Place(Base.Pointer, record, at, capacityFor(fn.parameters[i].maxLength)));
  }
  machine.call(lowering, callee, record);
  lowering.exits.failIfLeft();
  const value = callee.result < 0 ? lowering.frame.load(Op.Load64, FrameWord.Result) : NoRef;
  return new Result(value, null);
}

/**
 * Copies a string result out of the callee's record, because the next call reuses that record. The copy goes to
 * `wanted` if that place is suitable.
 */
function keepResult(lowering: Lowering, machine: Machine, fn: FunctionSymbol, wanted: Place | null): Result {
  const callee = machine.activationOf(fn);
  const direct = wanted !== null && (wanted.base == Base.Handler || wanted.base == Base.Frame);
  const kept = direct ? wanted! : lowering.frame.newFramePlace(callee.resultCapacity);
  copyString(
    lowering.frame,
    new Place(Base.Pointer, machine.nextRecord(lowering), callee.result, callee.resultCapacity),
    kept,
  );
  return new Result(NoRef, kept);
}

/** The cost of a call, in statements of MAXACTION. */
function bodyCost(fn: FunctionSymbol): i32 {
  const body = fn.declaration.body;
  return body ? max(1, costOf(body)) : 1;
}

/** Lowers the functions that a machine's code calls, until none is left. A body may add more. */
export function lowerActivations(machine: Machine): void {
  while (machine.pending.length > 0) {
    const activation = machine.pending.pop();
    lowerActivation(machine, activation);
  }
}

function lowerActivation(machine: Machine, activation: Activation): void {
  const lowering = machine.begin(activation);
  const b = lowering.b;
  const overloads = activation.symbol!.overloads;
  const empty = b.newBlock("empty");
  for (let i = 0, n = overloads.length; i < n; ++i) {
    const overload = overloads[i];
    const next = b.newBlock("overload");
    const inlining = machine.inliningFor(lowering, overload, next);
    lowering.scope.inlining = inlining;
    bindRecord(lowering, activation, overload, n > 1);
    for (let k = overload.parameters.length, m = overload.locals.length; k < m; ++k) {
      declareLocal(lowering, overload.locals[k]);
    }
    const body = overload.declaration.body;
    lowering.scope.memo.open();
    if (body) lowering.block(body);
    lowering.scope.memo.close();
    b.jump(empty);
    if ((overload.effects & Effects.Next) == 0) break;
    b.setBlock(next);
    if (i + 1 == n) exhaust(lowering, activation.symbol!);
  }
  // Without a `return` the result is 0 or the empty string.
  b.setBlock(empty);
  const result = lowering.scope.inlining!.place;
  if (result !== null) zero(lowering.frame, result);
  machine.endFunction(lowering);
}

/** Binds parameters to the record. If another overload may still need them, this one gets copies. */
function bindRecord(lowering: Lowering, activation: Activation, fn: FunctionSymbol, copies: bool): void {
  for (let i = 0, n = fn.parameters.length; i < n; ++i) {
    const parameter = fn.parameters[i];
    const isString = parameter.type == Type.String;
    const passed = activation.symbol!.parameters[i];
    const from = new Place(Base.Handler, NoRef, activation.parameters[i], isString ? capacityFor(passed.maxLength) : 8);
    if (!copies) {
      const storage = new Storage();
      storage.place = from;
      lowering.scope.locals.set(parameter, storage);
      continue;
    }
    const to = declareLocal(lowering, parameter).place!;
    if (isString) copyString(lowering.frame, from, to);
    else lowering.frame.storeWord(to, 0, lowering.frame.word(from, 0));
  }
}

// ------------------------------------------------------------------------------------------------------- subprograms

/** The name of a function's code: an identifier, else the kernel refuses its type. Mangled names are none. */
function symbolOf(fn: FunctionSymbol): string {
  const mangled = fn.name.indexOf("#");
  if (mangled < 0) return `stp_fn_${fn.name}`;
  return `stp_pf${fn.name.substring(mangled + 1)}_${fn.name.substring(0, mangled)}`;
}

/** The subprogram of a function. `lowerPending` lowers its body later. */
function subprogramOf(lowering: Lowering, fn: FunctionSymbol): Subprogram {
  const shared = lowering.shared;
  const known = shared.subprograms;
  if (known.has(fn)) return known.get(fn);
  const made = new Subprogram(fn);
  const func = new Func(symbolOf(fn), Linkage.Subprogram, 1);
  made.index = lowering.unit.ir.add(func);
  for (let i = 0, n = fn.parameters.length; i < n; ++i) {
    const parameter = fn.parameters[i];
    const bytes = parameter.type == Type.String ? capacityFor(parameter.maxLength) : 8;
    made.parameters.push(lowering.runtime.plan.reserveFunction(bytes));
  }
  if (fn.returnType == Type.String) made.result = lowering.runtime.plan.reserveFunction(capacityFor(fn.maxLength));
  known.set(fn, made);
  shared.pending.push(made);
  return made;
}

function callSubprogram(lowering: Lowering, fn: FunctionSymbol, values: Argument[]): Result {
  const b = lowering.b;
  const callee = subprogramOf(lowering, fn);
  for (let i = 0, n = values.length; i < n; ++i) {
    const place = values[i].place;
    const at = callee.parameters[i];
    if (place !== null) copyString(lowering.frame, place, framePlace(at, fn.parameters[i].maxLength));
    else b.store(Op.Store64, lowering.frame.address(), at, values[i].value);
  }
  const prints = (fn.effects & Effects.Prints) != 0;
  if (prints) {
    if (!lowering.output.isBuffered) lowering.output.needsBuffer = true;
    if (!lowering.output.mayCut) lowering.output.needsCut = true;
    lowering.output.leaveUnknown();
  }
  // The function's own places lie in the frame, whether it has parameters or not.
  lowering.frame.address();
  const result = b.callFunction(callee.index, [lowering.frame.offset()]);
  if ((fn.effects & (Effects.MayFail | Effects.Loops)) != 0) lowering.exits.failIfLeft();
  return new Result(result, callee.result >= 0 ? framePlace(callee.result, fn.maxLength) : null);
}

function framePlace(offset: i32, length: i32): Place {
  return new Place(Base.Frame, NoRef, offset, capacityFor(length));
}

/** Lowers the bodies of subprograms until none is left. A body may add more. */
export function lowerPending(shared: Shared, tree: Tree): void {
  while (shared.pending.length > 0) {
    const subprogram = shared.pending.pop();
    lowerSubprogram(shared, tree, subprogram);
  }
}

function lowerSubprogram(shared: Shared, tree: Tree, subprogram: Subprogram): void {
  const fn = subprogram.symbol;
  const parts = new FunctionParts(shared.unit.ir.functions[subprogram.index]);
  const lowering = new Lowering(shared, tree, parts);
  lowering.kept = subprogram.kept;
  const b = lowering.b;
  const exits = lowering.exits;
  beginSubprogram(lowering, fn);
  const result = b.variable("result");
  b.setVar(result, lowering.constant(0));
  const exhausted = b.newBlock("exhausted");
  const inlining = new Inlining(fn, lowering.fn, exits.exitBlock, exhausted, null);
  inlining.variable = result;
  let longPlace: Place | null = null;
  if (lowering.frame.holdsLocals && subprogram.result < 0) {
    longPlace = lowering.frame.newFramePlace(8);
    lowering.frame.storeWord(longPlace, 0, lowering.constant(0));
    inlining.place = longPlace;
  }
  if (subprogram.result >= 0) {
    inlining.place = framePlace(subprogram.result, fn.maxLength);
    zero(lowering.frame, inlining.place!);
  }
  lowering.scope.inlining = inlining;
  bindArguments(lowering, subprogram);
  for (let i = fn.parameters.length, n = fn.locals.length; i < n; ++i) declareLocal(lowering, fn.locals[i]);
  const body = fn.declaration.body;
  if (body) lowering.block(body);
  b.jump(exits.exitBlock);
  if ((fn.effects & Effects.Next) != 0) {
    b.setBlock(exhausted);
    exhaust(lowering, fn);
  }
  b.setBlock(exits.errorBlock);
  exits.storeError();
  b.jump(exits.exitBlock);
  b.setBlock(exits.exitBlock);
  b.ret(longPlace !== null ? lowering.frame.word(longPlace, 0) : b.getVar(result));
}

/** The part that all functions share: how they print, loop and end. */
function beginSubprogram(lowering: Lowering, fn: FunctionSymbol): void {
  const options = lowering.shared.options;
  lowering.output.isBuffered = true;
  lowering.output.known = -1;
  lowering.output.mayCut = true;
  // Any handler may call it, so its loops are bounded by the highest action limit of all handlers.
  lowering.actions = max(options.maxActions, options.maxAgentActions);
  lowering.exits.exitBlock = lowering.b.newBlock("exit");
  lowering.exits.errorBlock = lowering.b.newBlock("error");
  lowering.b.setCold(lowering.exits.errorBlock);
  lowering.frame.defineMasked(lowering.b.parameter(0));
  lowering.frame.holdsLocals = (fn.effects & Effects.Loops) != 0;
  lowering.outlines = true;
}

/** Binds the parameters to places in the function's area of the frame, where callers store the arguments. */
function bindArguments(lowering: Lowering, subprogram: Subprogram): void {
  const b = lowering.b;
  const parameters = subprogram.symbol.parameters;
  for (let i = 0, n = parameters.length; i < n; ++i) {
    const storage = new Storage();
    const at = subprogram.parameters[i];
    if (parameters[i].type == Type.String) {
      storage.place = framePlace(at, parameters[i].maxLength);
    } else if (lowering.frame.holdsLocals) {
      storage.place = new Place(Base.Frame, NoRef, at, 8);
    } else {
      storage.variable = b.variable(parameters[i].name);
      b.setVar(storage.variable, b.load(Op.Load64, lowering.frame.address(), at));
    }
    lowering.scope.locals.set(parameters[i], storage);
  }
}
