// Words of the handler's context: registers of a probed function, arguments of a tracepoint.
//
// The kernel passes the context's address to the handler, and the verifier permits loads from it only there. Where
// other functions need a word (bodies of loops, script functions, machines), the handler keeps it in the frame:
//
//   handler          loads it from the context where the value is used
//   its loop, steps  load it from the frame, where the handler has stored it after it claimed the frame
//   script function  does the same; every handler that may call it stores the words that it asks for

import { attachRow, CONTEXT_ADDRESS, ContextKind } from "../../common/format/attach";
import { Engine } from "../../common/format/manifest";
import { Ref } from "../ir/function";
import { Op } from "../ir/op";
import { Handler } from "../semantic/script";
import { Effects, FunctionSymbol } from "../semantic/symbols";
import { SoftError } from "./exits";
import { ContextWord, HAS_REGISTERS, STACK_COUNT } from "./kept";
import { Lowering } from "./lowering";
import { takeStack } from "./stack";

/** What the context of a handler holds. */
export function contextOf(handler: Handler): ContextKind {
  return handler.engine == Engine.Kernel ? attachRow(handler.attach).context : ContextKind.Nothing;
}

/** Whether it holds registers, from offset 0 on, as struct pt_regs has them. */
function hasRegisters(context: ContextKind): bool {
  const isProbed = context == ContextKind.Registers || context == ContextKind.UserRegisters;
  return isProbed || context == ContextKind.PerfEvent;
}

/** The handler whose code this is; null in a script function that several handlers may call. */
export function handlerOf(lowering: Lowering): Lowering | null {
  const machine = lowering.root.machine;
  const program = machine !== null ? machine.program : lowering.root;
  return program.parts.isHandler ? program : null;
}

/** The number in the context at an offset, without sign. The context must have it. */
export function contextWord(lowering: Lowering, offset: i32, bytes: i32 = 8): Ref {
  const program = handlerOf(lowering);
  if (program === lowering) return loadWord(lowering, offset, bytes);
  const kept = program !== null ? program.kept : lowering.root.kept;
  return lowering.frame.word(kept.placeOf(lowering.runtime, offset, bytes), 0);
}

/** Loads a word from the context of a handler. */
function loadWord(program: Lowering, offset: i32, bytes: i32): Ref {
  const b = program.b;
  const context = b.parameter(0);
  if (program.context != ContextKind.TypedArguments) return b.load(loadOf(bytes), context, offset);
  // The verifier would let nothing be computed with a pointer that it knows.
  return b.unary(Op.Number, offset == CONTEXT_ADDRESS ? context : b.load(loadOf(bytes), context, offset));
}

/** Fails if the handler has no registers. The code that follows may ask for them, whether it is reached or not. */
export function requireRegisters(lowering: Lowering, error: SoftError): void {
  const program = handlerOf(lowering);
  if (program === null) {
    const place = lowering.root.kept.placeOf(lowering.runtime, HAS_REGISTERS, 8);
    lowering.exits.failIf(Op.Eq, lowering.frame.word(place, 0), lowering.constant(0), error);
  } else if (!hasRegisters(program.context)) {
    lowering.exits.failAlways(error);
  }
}

/** A word of the registers; 0 in a handler without them, whose code has failed before. */
export function registerWord(lowering: Lowering, offset: i32): Ref {
  const program = handlerOf(lowering);
  if (program !== null && !hasRegisters(program.context)) return lowering.constant(0);
  return contextWord(lowering, offset);
}

/** A word of the registers, or another number where there are none. */
export function registerWordOr(lowering: Lowering, offset: i32, otherwise: i64): Ref {
  const b = lowering.b;
  const program = handlerOf(lowering);
  if (program !== null) {
    return hasRegisters(program.context) ? contextWord(lowering, offset) : b.constant(otherwise);
  }
  const value = b.variable("word");
  const some = b.newBlock("registers");
  const done = b.newBlock("done");
  b.setVar(value, b.constant(otherwise));
  b.branch(lowering.frame.word(lowering.root.kept.placeOf(lowering.runtime, HAS_REGISTERS, 8), 0), some, done);
  b.setBlock(some);
  b.setVar(value, contextWord(lowering, offset));
  b.jump(done);
  b.setBlock(done);
  return b.getVar(value);
}

function loadOf(bytes: i32): Op {
  if (bytes == 8) return Op.Load64;
  return bytes == 4 ? Op.Load32u : bytes == 2 ? Op.Load16u : Op.Load8u;
}

/** Begins the part of a handler's prologue that stores words, if there may be any; it goes on at `next`. */
export function beginContext(program: Lowering, handler: Handler, next: i32): void {
  const b = program.b;
  if (program.kept.words.length > 0 || (handler.effects & Effects.ReadsRegisters) != 0) {
    program.contextBlock = b.newBlock("context");
    program.afterContext = next;
    next = program.contextBlock;
  }
  b.jump(next);
}

/** Ends it, once all functions that the handler calls have been lowered. */
export function finishContext(program: Lowering, handler: Handler): void {
  if (program.contextBlock < 0) return;
  const b = program.b;
  b.setBlock(program.contextBlock);
  keepForFunctions(program, handler.functions);
  const words = program.kept.words;
  for (let i = 0, n = words.length; i < n; ++i) {
    const word = words[i];
    program.frame.storeWord(word.place, 0, valueOf(program, word));
  }
  b.jump(program.afterContext);
}

function valueOf(program: Lowering, word: ContextWord): Ref {
  const b = program.b;
  if (word.offset == HAS_REGISTERS) return b.constant(hasRegisters(program.context) ? 1 : 0);
  if (word.offset == STACK_COUNT) return program.context == ContextKind.Nothing ? b.constant(0) : takeStack(program);
  return loadWord(program, word.offset, word.bytes);
}

/** Keeps the words of all functions that may run. They ask first whether there are registers at all. */
function keepForFunctions(program: Lowering, called: FunctionSymbol[]): void {
  const known = program.shared.subprograms;
  const seen = new Set<FunctionSymbol>();
  const work = called.slice(0);
  while (work.length > 0) {
    const symbol = work.pop();
    if (seen.has(symbol)) continue;
    seen.add(symbol);
    for (let i = 0, n = symbol.callees.length; i < n; ++i) work.push(symbol.callees[i]);
    if (!known.has(symbol)) continue;
    const words = known.get(symbol).kept.words;
    for (let i = 0, n = words.length; i < n; ++i) {
      const word = words[i];
      if (word.offset < 0 || hasRegisters(program.context))
        program.kept.placeOf(program.runtime, word.offset, word.bytes);
    }
  }
}
