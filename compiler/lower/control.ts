// Builtins that end something or tell somebody: exit, abort, error, warn, log, ftrace, system.

import { Helper } from "../../common/format/helpers";
import { SiteKind } from "../../common/format/record";
import { BssHeader } from "../../common/format/runtime";
import { Builtin } from "../builtins/builtin";
import { AddressKind } from "../ir/build";
import { Ref } from "../ir/function";
import { Op } from "../ir/op";
import { materialize } from "../runtime/copy";
import { Place } from "../runtime/place";
import { FrameWord } from "../runtime/plan";
import { CONTROL } from "../runtime/report";
import { escapeFormat } from "../semantic/formats";
import { Range } from "../source/source";
import { CallExpression } from "../syntax/ast";
import { SoftError } from "./exits";
import { Lowering } from "./lowering";
import { originOf } from "./names";
import { emitControl, sendText } from "./print";

/** The largest error number that the kernel knows: MAX_ERRNO. */
const MAX_ERRNO: i64 = 4095;

/** Whether a builtin is one of these. */
export function isControlBuiltin(id: Builtin): bool {
  return id >= Builtin.Exit && id <= Builtin.Verdict;
}

/** Lowers a call of one. */
export function lowerControl(lowering: Lowering, id: Builtin, e: CallExpression): Ref {
  switch (id) {
    case Builtin.Exit:
      return lowerExit(lowering, e);
    case Builtin.Abort:
      return lowerAbort(lowering, e);
    case Builtin.Error:
      return lowerError(lowering, e);
    case Builtin.Warn:
      return lowerMessage(lowering, e, SiteKind.Warning);
    case Builtin.Log:
      return lowerMessage(lowering, e, SiteKind.Log);
    case Builtin.System:
      sendText(lowering, SiteKind.System, messageOf(lowering, e), e);
      return lowering.constant(0);
    case Builtin.Verdict:
      return lowerVerdict(lowering, e);
    default:
      assert(id == Builtin.Ftrace, "every control builtin is known");
      return lowerFtrace(lowering, e);
  }
}

/** exit(): sets the flag before it sends the record, so that a reader of the record sees the flag, too. */
export function lowerExit(lowering: Lowering, e: CallExpression | null): Ref {
  let range: Range | null = null;
  if (e !== null) range = e.range;
  lowering.b.store(Op.Store32, lowering.bss(), BssHeader.Exiting, lowering.constant(1));
  const site = lowering.shared.sites.plain(SiteKind.Exit, "", range, "");
  return lowering.b.callFunction(CONTROL.of(lowering.runtime), [lowering.constant(site)]);
}

/** error(message): a literal message has its own site; any other message travels in a record. */
function lowerError(lowering: Lowering, e: CallExpression): Ref {
  // As in stap, the report contains the message only, not the place that raised it.
  const near = "";
  const message = messageOf(lowering, e);
  const known = lowering.output.known;
  if (message.isLiteral) lowering.exits.fail(message.text, e.range, near);
  else lowering.exits.failWith(message, e.range, near, originOf(e.args[0]));
  // The code after this is unreachable, but it is lowered all the same.
  lowering.b.setBlock(lowering.b.newBlock("after_error"));
  lowering.output.known = known;
  return lowering.constant(0);
}

function lowerMessage(lowering: Lowering, e: CallExpression, kind: SiteKind): Ref {
  const message = messageOf(lowering, e);
  if (!message.isLiteral) {
    emitControl(lowering, kind, message, e);
    return lowering.constant(0);
  }
  const site = lowering.shared.sites.plain(kind, escapeFormat(message.text), e.range, "");
  return lowering.b.callFunction(CONTROL.of(lowering.runtime), [lowering.constant(site)]);
}

function messageOf(lowering: Lowering, e: CallExpression): Place {
  assert(e.args.length == 1, "a message is one argument");
  return lowering.string(e.args[0]);
}

/** abort(): exit(), and the handler ends here, whatever `try` is around it. What it has printed is kept. */
function lowerAbort(lowering: Lowering, e: CallExpression): Ref {
  lowerExit(lowering, e);
  const known = lowering.output.known;
  lowering.exits.skipHandler();
  lowering.b.setBlock(lowering.b.newBlock("after_abort"));
  lowering.output.known = known;
  return lowering.constant(0);
}

/** ftrace(message): a line of the kernel's trace buffer. */
function lowerFtrace(lowering: Lowering, e: CallExpression): Ref {
  const b = lowering.b;
  let message = messageOf(lowering, e);
  if (message.isLiteral) message = materialize(lowering.frame, message);
  const format = b.addressOf(AddressKind.Rodata, lowering.unit.literal("%s"));
  const zero = b.constant(0);
  return b.callHelper(Helper.TracePrintk, [format, b.constant(3), lowering.frame.pointer(message), zero, zero]);
}

/** `$return = value` at an LSM hook: kept in the frame until the handler ends. */
function lowerVerdict(lowering: Lowering, e: CallExpression): Ref {
  const b = lowering.b;
  const value = lowering.long(e.args[0]);
  const kept = b.binary(Op.Add, value, b.constant(MAX_ERRNO));
  const near = "identifier '$return'";
  const wrong = "what a hook returns must be 0 or a negative error number";
  lowering.exits.failIf(Op.Ugt, kept, b.constant(MAX_ERRNO), new SoftError(wrong, e.range, near));
  b.store(Op.Store16, lowering.frame.address(), FrameWord.Verdict, kept);
  return value;
}

/** Begins a handler of an LSM hook: it answers 0. */
export function clearVerdict(lowering: Lowering): void {
  lowering.b.store(Op.Store16, lowering.frame.address(), FrameWord.Verdict, lowering.constant(MAX_ERRNO));
}

/** What a handler of an LSM hook answers. The verifier sees that it is between -MAX_ERRNO and 0. */
export function verdictOf(lowering: Lowering): Ref {
  const b = lowering.b;
  const kept = b.load(Op.Load16u, lowering.frame.address(), FrameWord.Verdict);
  return b.binary(Op.Add, b.binary(Op.And, kept, b.constant(MAX_ERRNO)), b.constant(-MAX_ERRNO));
}
