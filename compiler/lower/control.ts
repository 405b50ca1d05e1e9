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
import { CONTROL } from "../runtime/report";
import { escapeFormat } from "../semantic/formats";
import { Range } from "../source/source";
import { CallExpression } from "../syntax/ast";
import { Lowering } from "./lowering";
import { originOf } from "./names";
import { emitControl, sendText } from "./print";

/** Whether a builtin is one of these. */
export function isControlBuiltin(id: Builtin): bool {
  return id >= Builtin.Exit && id <= Builtin.System;
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
