// Calls: of builtins (one case each) and of script functions, inlined or as subprograms.

import { Helper } from "../../common/format/helpers";
import { SiteKind } from "../../common/format/record";
import { BssHeader } from "../../common/format/runtime";
import { Builtin } from "../builtins/builtin";
import { AddressKind } from "../ir/build";
import { NoRef, Ref } from "../ir/function";
import { Op } from "../ir/op";
import { escapeFormat } from "../semantic/formats";
import { BuiltinSymbol, Effects, FunctionSymbol, PrintSymbol, ScriptSymbol, SymbolKind } from "../semantic/symbols";
import { Range } from "../source/source";
import { CallExpression, Expression, NodeKind, StringLiteral } from "../syntax/ast";
import { Type } from "../syntax/type";
import { isSimple } from "./expression";
import { callFunction } from "./function";
import { Lowering } from "./lowering";
import { Base, Place } from "./place";
import { emitControl, lowerPrint } from "./print";
import { lowerGroupCount, lowerMatched } from "./regex";
import { Routine, routine } from "./runtime";
import { lowerSprint } from "./sprint";
import { copyString, lowerString } from "./string";
import { isStringBuiltin, lowerStringFunction, lowerStringResult } from "./string-call";

/** Bytes that get_current_comm fills: TASK_COMM_LEN of the kernel. */
const COMM_BYTES: i32 = 16;
/** Key of the current task's name among remembered values; helpers' numbers are below. */
const COMM_KEY: i32 = 100000;

/** What a call names. */
export function symbolOfCall(e: CallExpression): ScriptSymbol {
  const symbol = e.symbol;
  assert(symbol !== null, "every call is resolved before lowering");
  return <ScriptSymbol>symbol!;
}

/** Evaluates a call for a number, or for its effects. */
export function lowerLongCall(l: Lowering, e: CallExpression): Ref {
  const symbol = symbolOfCall(e);
  switch (symbol.kind) {
    case SymbolKind.Print:
      lowerPrint(l, <PrintSymbol>symbol);
      return l.constant(0);
    case SymbolKind.Builtin:
      return lowerBuiltin(l, <BuiltinSymbol>symbol, e);
    default:
      assert(symbol.kind == SymbolKind.Function, "a call names a function");
      callFunction(l, <FunctionSymbol>symbol, e.args, e.range);
      return l.longResult;
  }
}

/** Evaluates a call for a string; `to` is where it is wanted, if that is known. */
export function lowerStringCall(l: Lowering, e: CallExpression, to: Place | null): Place {
  const symbol = symbolOfCall(e);
  if (symbol.kind == SymbolKind.Print) return lowerSprint(l, <PrintSymbol>symbol, to);
  if (symbol.kind == SymbolKind.Builtin) {
    if ((<BuiltinSymbol>symbol).id == Builtin.Matched) return lowerMatched(l, e);
    const builtin = <BuiltinSymbol>symbol;
    if (isStringBuiltin(builtin.id)) return lowerStringResult(l, builtin, e);
    assert((<BuiltinSymbol>symbol).id == Builtin.Execname, "the only builtin string is execname");
    return currentName(l, to);
  }
  assert(symbol.kind == SymbolKind.Function, "a string call names a function");
  l.wanted = to;
  callFunction(l, <FunctionSymbol>symbol, e.args, e.range);
  const result = l.stringResult;
  assert(result !== null, "a string function has a place for its result");
  return result!;
}

/** The current task's name; once known it is kept for the rest of the handler. */
function currentName(l: Lowering, to: Place | null): Place {
  const known = l.memo.find(COMM_KEY);
  if (known != NoRef) return new Place(Base.Pointer, known, 0, COMM_BYTES);
  // Straight to where it is wanted, unless its end would have to be filled anyway.
  const at = to !== null && to.capacity == COMM_BYTES ? to : l.newPlace(COMM_BYTES);
  // Short strings end with zeros, but this helper leaves what follows the name's end as it was on some kernels (6.1).
  const pointer = l.pointer(at);
  if (!at.isRecord) {
    for (let i = 0; i < COMM_BYTES; i += 8) l.b.store(Op.Store64, pointer, i, l.constant(0));
  }
  l.b.callHelper(Helper.GetCurrentComm, [pointer, l.constant(COMM_BYTES)]);
  if (at !== to && at.base == Base.Pointer) l.memo.remember(COMM_KEY, at.ref);
  return at;
}

function lowerBuiltin(l: Lowering, symbol: BuiltinSymbol, e: CallExpression): Ref {
  const b = l.b;
  if (isStringBuiltin(symbol.id)) return lowerStringFunction(l, symbol, e);
  switch (symbol.id) {
    case Builtin.Pid:
      return b.binary(Op.Shr, l.constantHelper(Helper.GetCurrentPidTgid), l.constant(32));
    case Builtin.Tid:
      return b.unary(Op.Extu32, l.constantHelper(Helper.GetCurrentPidTgid));
    case Builtin.Uid:
      return b.unary(Op.Extu32, l.constantHelper(Helper.GetCurrentUidGid));
    case Builtin.Gid:
      return b.binary(Op.Shr, l.constantHelper(Helper.GetCurrentUidGid), l.constant(32));
    case Builtin.Cpu:
      return l.constantHelper(Helper.GetSmpProcessorId);
    case Builtin.Target:
      return b.load(Op.Load32u, b.addressOf(AddressKind.Bss, 0), BssHeader.TargetPid);
    case Builtin.MonotonicNs:
      return b.callHelper(Helper.KtimeGetNs, []);
    case Builtin.Jiffies:
      return b.callHelper(Helper.Jiffies64, []);
    case Builtin.Hz:
      return l.constant(l.shared.hz);
    case Builtin.RealtimeNs: {
      const now = b.callHelper(Helper.KtimeGetNs, []);
      return b.binary(Op.Add, now, b.load(Op.Load64, b.addressOf(AddressKind.Bss, 0), BssHeader.ClockOffset));
    }
    case Builtin.Ngroups:
      return lowerGroupCount(l, e);
    case Builtin.Exit:
      return lowerExit(l, e);
    case Builtin.Error:
      return lowerError(l, e);
    case Builtin.Warn:
      return lowerMessage(l, e, SiteKind.Warning);
    case Builtin.Log:
      return lowerMessage(l, e, SiteKind.Log);
    default:
      assert(false, "semantic analysis refuses builtins that lowering does not know");
      return NoRef;
  }
}

/** exit(): the flag first, so that whoever sees the record sees it, too. */
export function lowerExit(l: Lowering, e: CallExpression | null): Ref {
  let range: Range | null = null;
  if (e !== null) range = e.range;
  l.b.store(Op.Store32, l.bss(), BssHeader.Exiting, l.constant(1));
  const site = l.shared.site(SiteKind.Exit, "", range, "", []);
  return l.b.callFunction(routine(l.shared, Routine.Control), [l.constant(site)]);
}

/** error(message): a literal message is a site of its own; another one travels in a record. */
function lowerError(l: Lowering, e: CallExpression): Ref {
  // As in stap, the message stands alone: where it was raised is the script's own business.
  const near = "";
  const message = messageOf(l, e);
  const known = l.outputKnown;
  if (message.isLiteral) l.fail(message.text, e.range, near);
  else l.failWith(message, e.range, near);
  // What follows cannot be reached, but is lowered all the same.
  l.b.setBlock(l.b.newBlock("after_error"));
  l.outputKnown = known;
  return l.constant(0);
}

function lowerMessage(l: Lowering, e: CallExpression, kind: SiteKind): Ref {
  const message = messageOf(l, e);
  if (!message.isLiteral) {
    emitControl(l, kind, message, e.range);
    return l.constant(0);
  }
  const site = l.shared.site(kind, escapeFormat(message.text), e.range, "", []);
  return l.b.callFunction(routine(l.shared, Routine.Control), [l.constant(site)]);
}

function messageOf(l: Lowering, e: CallExpression): Place {
  assert(e.args.length == 1, "a message is one argument");
  return lowerString(l, e.args[0]);
}

/** Whether a call can neither fail nor change nor print anything, so that it may be evaluated a little later. */
export function isSimpleCall(e: CallExpression): bool {
  for (let i = 0, n = e.args.length; i < n; ++i) {
    if (!isSimple(e.args[i])) return false;
  }
  const symbol = symbolOfCall(e);
  if (symbol.kind == SymbolKind.Builtin) {
    const id = (<BuiltinSymbol>symbol).id;
    return id <= Builtin.RealtimeNs;
  }
  if (symbol.kind != SymbolKind.Function) return false;
  const fn = <FunctionSymbol>symbol;
  const impure =
    Effects.WritesGlobals | Effects.Prints | Effects.Controls | Effects.MayFail | Effects.Loops | Effects.Next;
  return (fn.effects & impure) == 0 && fn.returnType != Type.String;
}

/** Whether an expression is a string literal. */
export function isLiteral(e: Expression): bool {
  return e.kind == NodeKind.StringLiteral;
}

/** The text of a string literal. */
export function literalText(e: Expression): string {
  return (<StringLiteral>e).value;
}

/** A copy of a string that nothing later changes. */
export function keepString(l: Lowering, from: Place): Place {
  if (from.isLiteral) return from;
  const kept = l.newTemporary(from.capacity);
  copyString(l, from, kept);
  return kept;
}
