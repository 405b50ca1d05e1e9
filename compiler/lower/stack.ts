// The kernel's stack: its addresses in the frame, and what scripts make of them.
//
// The helper needs the context, which only the handler's own function has. There, the stack is taken where it is used.
// Other functions (bodies of loops, script functions) find it in the frame: the handler has taken it before it began.

import { ContextKind } from "../../common/format/attach";
import { Helper } from "../../common/format/helpers";
import { Builtin } from "../builtins/builtin";
import { HEX_BYTES, PACKED_BYTES } from "../builtins/stack";
import { AddressKind } from "../ir/build";
import { NoRef, Ref } from "../ir/function";
import { Op } from "../ir/op";
import { Arch } from "../kernel/facts";
import { isZero, lesser, orZero } from "../runtime/bits";
import { passString, zero } from "../runtime/copy";
import { Base, capacityFor, Place } from "../runtime/place";
import { HEX_STACK, MOST_GLUE, PACK_STACK, stackArea } from "../runtime/stack";
import { CallExpression } from "../syntax/ast";
import { handlerOf } from "./context";
import { STACK_COUNT } from "./kept";
import { Lowering } from "./lowering";
import { lengthOf } from "./names";

/** The function that runs programs of tracepoints with two arguments, and how many bytes those for 1 to 12 lie in. */
const RUNNER: string = "bpf_trace_run2";
const RUNNERS_BYTES: i64 = 0x8000;
/** Key under which the number of addresses is remembered. Keys below 100000 are helper numbers. */
const COUNT_KEY: i32 = 100001;

/** Whether a builtin reads the stack. */
export function isStackBuiltin(id: Builtin): bool {
  return id == Builtin.Backtrace || id == Builtin.PackedBacktrace || id == Builtin.StackWord;
}

/** Takes the stack of a handler into the frame. Returns the number of addresses. */
export function takeStack(program: Lowering): Ref {
  const b = program.b;
  const isCalled = program.context == ContextKind.RawArguments || program.context == ContextKind.TypedArguments;
  const most = program.runtime.maxFrames + (isCalled ? MOST_GLUE : 0);
  const to = program.frame.pointer(areaOf(program));
  // The probed function is the one that calls what is attached to the tracepoint.
  const skipped = program.context == ContextKind.CallRegisters ? 1 : 0;
  const bytes = b.callHelper(Helper.GetStack, [b.parameter(0), to, b.constant(8 * most), b.constant(skipped)]);
  const count = b.binary(Op.Shr, orZero(b, bytes), b.constant(3));
  return isCalled ? dropGlue(program, to, count) : count;
}

/**
 * Takes the frames away that lie between the helper and the function where the tracepoint is: the program itself, once
 * or twice, and the function of the kernel that runs programs of tracepoints (bpf_trace_run1 … 12, which lie together).
 * On arm64 the function that has called it has a frame, too. The reader leaves out what is still there, by its name.
 * Without branches: the verifier would follow each number of frames to the handler's end.
 */
function dropGlue(program: Lowering, area: Ref, count: Ref): Ref {
  const b = program.b;
  const runner = program.unit.symbolAddress(RUNNER, b.position);
  const base = b.load(Op.Load64, b.addressOf(AddressKind.Rodata, 0), runner);
  const low = b.binary(Op.Sub, base, b.constant(RUNNERS_BYTES >> 1));
  const called = program.shared.options.arch == Arch.Arm64 ? 2 : 1;
  let skipped: Ref = b.constant(0);
  for (let i = 1; i + called <= MOST_GLUE; ++i) {
    const distance = b.binary(Op.Sub, b.load(Op.Load64, area, 8 * i), low);
    const isRunner = isZero(b, b.binary(Op.Udiv, distance, b.constant(RUNNERS_BYTES)));
    // Of operations on two unknown numbers, Linux 5.10 follows `and` and `add` only: 2 + 3 + 4 + 5 + 6 is its bound.
    const mask = b.unary(Op.Neg, isRunner);
    const kept = b.binary(Op.And, skipped, b.unary(Op.Not, mask));
    skipped = b.binary(Op.Add, kept, b.binary(Op.And, b.constant(i + called), mask));
  }
  const from = b.binary(Op.Add, area, b.binary(Op.Shl, skipped, b.constant(3)));
  b.callHelper(Helper.ProbeReadKernel, [area, b.constant(8 * program.runtime.maxFrames), from]);
  return lesser(b, orZero(b, b.binary(Op.Sub, count, skipped)), b.constant(program.runtime.maxFrames));
}

function areaOf(lowering: Lowering): Place {
  const frames = lowering.runtime.maxFrames + MOST_GLUE;
  return new Place(Base.Frame, NoRef, stackArea(lowering.runtime), 8 * frames);
}

/** The number of addresses in the area, which are there from now on; NoRef if the handler has no stack. */
function countStack(lowering: Lowering): Ref {
  const program = handlerOf(lowering);
  if (program !== null && program.context == ContextKind.Nothing) return NoRef;
  if (program !== lowering) {
    const kept = program !== null ? program.kept : lowering.root.kept;
    return lowering.frame.word(kept.placeOf(lowering.runtime, STACK_COUNT, 8), 0);
  }
  const memo = lowering.scope.memo;
  const known = memo.find(COUNT_KEY);
  if (known != NoRef) return known;
  const count = takeStack(lowering);
  memo.remember(COUNT_KEY, count);
  return count;
}

/** stack(n): an address; 0 beyond the end. */
export function lowerStackWord(lowering: Lowering, e: CallExpression): Ref {
  const b = lowering.b;
  const index = lowering.long(e.args[0]);
  lowering.at(e.range);
  const count = countStack(lowering);
  if (count == NoRef) return lowering.constant(0);
  const word = b.variable("word");
  const inside = b.newBlock("inside");
  const there = b.newBlock("there");
  const done = b.newBlock("done");
  b.setVar(word, lowering.constant(0));
  b.branchIf(Op.Ult, index, count, inside, done);
  b.setBlock(inside);
  // The verifier needs a separate bound here.
  b.branchIf(Op.Ult, index, lowering.constant(lowering.runtime.maxFrames), there, done);
  b.setBlock(there);
  const area = lowering.frame.pointer(areaOf(lowering));
  b.setVar(word, b.load(Op.Load64, b.binary(Op.Add, area, b.binary(Op.Shl, index, lowering.constant(3))), 0));
  b.jump(done);
  b.setBlock(done);
  return b.getVar(word);
}

/** The innermost addresses as a string: as many as the argument says, all if that is negative. */
export function lowerBacktrace(lowering: Lowering, id: Builtin, e: CallExpression): Place {
  const b = lowering.b;
  const frame = lowering.frame;
  const runtime = lowering.runtime;
  const most = lowering.long(e.args[0]);
  lowering.at(e.range);
  const to = frame.newFrameTemporary(capacityFor(lengthOf(runtime, e)));
  zero(frame, to);
  let count = countStack(lowering);
  if (count == NoRef) return to;
  count = lesser(b, most, count);
  const isPacked = id == Builtin.PackedBacktrace;
  // The last blank of the text is not needed.
  const room = isPacked ? lengthOf(runtime, e) / PACKED_BYTES : (lengthOf(runtime, e) + 1) / HEX_BYTES;
  if (room < runtime.maxFrames) count = lesser(b, count, lowering.constant(room));
  const routine = isPacked ? PACK_STACK.of(runtime) : HEX_STACK.of(runtime);
  b.callFunction(routine, [frame.offset(), passString(frame, to), count]);
  return to;
}
