// Calls: of builtins (one case each) and of script functions, inlined or as subprograms.

import { Helper } from "../../common/format/helpers";
import { TICKS_FEATURE } from "../../common/format/manifest";
import { BssHeader, RodataHeader } from "../../common/format/runtime";
import { Builtin } from "../builtins/builtin";
import { AddressKind } from "../ir/build";
import { NoRef, Ref } from "../ir/function";
import { Op } from "../ir/op";
import { Base, Place } from "../runtime/place";
import { BuiltinSymbol, FunctionSymbol, PrintSymbol, SymbolKind } from "../semantic/symbols";
import { CallExpression, NumberLiteral, StringLiteral } from "../syntax/ast";
import { isAddressText, lowerAddressText } from "./address-text";
import { isCallBuiltin, lowerCallTables } from "./calls";
import { realtime } from "./clock";
import { contextWord } from "./context";
import { isControlBuiltin, lowerControl } from "./control";
import { Call, callFunction } from "./function";
import { Lowering } from "./lowering";
import { isMemoryBuiltin, lowerMemoryNumber, lowerMemoryString } from "./memory";
import { symbolOfCall } from "./names";
import { placeNumber } from "./place";
import { lowerPrint } from "./print";
import { lowerGroupCount, lowerMatched } from "./regex";
import { isRegisterBuiltin, lowerRegisterCall } from "./registers";
import { lowerSprint } from "./sprint";
import { isStackBuiltin, lowerBacktrace, lowerStackWord } from "./stack";
import { isStringBuiltin, lowerStringFunction, lowerStringResult } from "./string-call";

/** Bytes that get_current_comm fills: TASK_COMM_LEN of the kernel. */
const COMM_BYTES: i32 = 16;
/** Key under which the current task's name is remembered. Keys below it are helper numbers. */
const COMM_KEY: i32 = 100000;

/** Evaluates a call for its number, or only for its effects. */
export function lowerLongCall(lowering: Lowering, e: CallExpression): Ref {
  const symbol = symbolOfCall(e);
  switch (symbol.kind) {
    case SymbolKind.Print:
      lowerPrint(lowering, <PrintSymbol>symbol);
      return lowering.constant(0);
    case SymbolKind.Builtin:
      return lowerBuiltin(lowering, <BuiltinSymbol>symbol, e);
    default:
      assert(symbol.kind == SymbolKind.Function, "a call names a function");
      return callFunction(lowering, new Call(<FunctionSymbol>symbol, e.args, e.range), null).long;
  }
}

/** Evaluates a call for its string. `to` is the destination, if it is known. */
export function lowerStringCall(lowering: Lowering, e: CallExpression, to: Place | null): Place {
  const symbol = symbolOfCall(e);
  if (symbol.kind == SymbolKind.Print) return lowerSprint(lowering, <PrintSymbol>symbol, to);
  if (symbol.kind == SymbolKind.Builtin) {
    if ((<BuiltinSymbol>symbol).id == Builtin.Matched) return lowerMatched(lowering, e);
    const builtin = <BuiltinSymbol>symbol;
    if (isStringBuiltin(builtin.id)) return lowerStringResult(lowering, builtin, e);
    if (isMemoryBuiltin(builtin.id)) return lowerMemoryString(lowering, builtin.id, e);
    if (isStackBuiltin(builtin.id)) return lowerBacktrace(lowering, builtin.id, e);
    if (isAddressText(builtin.id)) return lowerAddressText(lowering, builtin.id, e);
    if (builtin.id == Builtin.ZoneName) return zoneName(lowering);
    assert(builtin.id == Builtin.Execname, "all builtin strings have a case");
    return currentName(lowering, to);
  }
  assert(symbol.kind == SymbolKind.Function, "a string call names a function");
  const result = callFunction(lowering, new Call(<FunctionSymbol>symbol, e.args, e.range), to).place;
  assert(result !== null, "a string function has a place for its result");
  return result!;
}

/** A number that the agent wrote into .bss or .rodata. */
function sessionNumber(lowering: Lowering, id: Builtin): Ref {
  if (id == Builtin.Target) return lowering.b.load(Op.Load32u, lowering.bss(), BssHeader.TargetPid);
  const rodata = lowering.b.addressOf(AddressKind.Rodata, 0);
  if (id == Builtin.ZoneWest) return lowering.b.load(Op.Load32s, rodata, RodataHeader.ZoneWest);
  return lowering.b.load(Op.Load32u, rodata, id == Builtin.AgentPid ? RodataHeader.AgentPid : RodataHeader.LoginUid);
}

/** The name that the agent wrote into .rodata. */
function zoneName(lowering: Lowering): Place {
  const rodata = lowering.b.addressOf(AddressKind.Rodata, 0);
  return new Place(Base.Pointer, rodata, RodataHeader.ZoneName, RodataHeader.Size - RodataHeader.ZoneName);
}

/** The current task's name. It is read once and kept for the rest of the handler. */
function currentName(lowering: Lowering, to: Place | null): Place {
  const known = lowering.scope.memo.find(COMM_KEY);
  if (known != NoRef) return new Place(Base.Pointer, known, 0, COMM_BYTES);
  // Written straight to the destination, unless the end of that place would have to be filled as well.
  const at = to !== null && to.capacity == COMM_BYTES ? to : lowering.frame.newPlace(COMM_BYTES);
  // Short strings end with zeros, but on some kernels (6.1) this helper does not write the bytes after the name's end.
  const pointer = lowering.frame.pointer(at);
  if (!at.isRecord) {
    for (let i = 0; i < COMM_BYTES; i += 8) lowering.b.store(Op.Store64, pointer, i, lowering.constant(0));
  }
  lowering.b.callHelper(Helper.GetCurrentComm, [pointer, lowering.constant(COMM_BYTES)]);
  if (at !== to && at.base == Base.Pointer) lowering.scope.memo.remember(COMM_KEY, at.ref);
  return at;
}

/** A builtin's number, or its effects. */
function lowerBuiltin(lowering: Lowering, symbol: BuiltinSymbol, e: CallExpression): Ref {
  if (isStringBuiltin(symbol.id)) return lowerStringFunction(lowering, symbol, e);
  if (isMemoryBuiltin(symbol.id)) return lowerMemoryNumber(lowering, symbol.id, e);
  if (isCallBuiltin(symbol.id)) return lowerCallTables(lowering, symbol.id, e);
  if (isRegisterBuiltin(symbol.id)) return lowerRegisterCall(lowering, symbol.id, e);
  if (isControlBuiltin(symbol.id)) return lowerControl(lowering, symbol.id, e);
  if (symbol.id == Builtin.StackWord) return lowerStackWord(lowering, e);
  return lowerPlain(lowering, symbol, e);
}

function lowerPlain(lowering: Lowering, symbol: BuiltinSymbol, e: CallExpression): Ref {
  const b = lowering.b;
  switch (symbol.id) {
    case Builtin.Pid:
      return b.binary(Op.Shr, lowering.constantHelper(Helper.GetCurrentPidTgid), lowering.constant(32));
    case Builtin.Tid:
      return b.unary(Op.Extu32, lowering.constantHelper(Helper.GetCurrentPidTgid));
    case Builtin.Uid:
      return b.unary(Op.Extu32, lowering.constantHelper(Helper.GetCurrentUidGid));
    case Builtin.Gid:
      return b.binary(Op.Shr, lowering.constantHelper(Helper.GetCurrentUidGid), lowering.constant(32));
    case Builtin.Cpu:
    case Builtin.CgroupId:
      return lowering.constantHelper(symbol.id == Builtin.Cpu ? Helper.GetSmpProcessorId : Helper.GetCurrentCgroupId);
    case Builtin.Target:
    case Builtin.AgentPid:
    case Builtin.LoginUid:
    case Builtin.ZoneWest:
      return sessionNumber(lowering, symbol.id);
    case Builtin.CurrentTask:
    case Builtin.SymbolAddress:
    case Builtin.ContextWord:
    case Builtin.Relocated:
    case Builtin.Place:
      return lowerKernelPlace(lowering, symbol.id, e);
    case Builtin.MonotonicNs:
    case Builtin.Jiffies:
      return b.callHelper(symbol.id == Builtin.Jiffies ? Helper.Jiffies64 : Helper.KtimeGetNs, []);
    case Builtin.Hz:
      return ticks(lowering);
    case Builtin.RealtimeNs:
      return realtime(lowering);
    case Builtin.Ngroups:
      return lowerGroupCount(lowering, e);
    default:
      assert(false, "semantic analysis refuses builtins that lowering does not know");
      return NoRef;
  }
}

/** Ticks in a second; saved code says that it has them in it. */
function ticks(lowering: Lowering): Ref {
  const hz = lowering.shared.options.hz;
  const features = lowering.shared.unit.features;
  const feature = `${TICKS_FEATURE}${hz}`;
  if (lowering.shared.options.relocates && !features.includes(feature)) features.push(feature);
  return lowering.constant(hz);
}

/** What reading of the kernel's memory begins with. */
function lowerKernelPlace(lowering: Lowering, id: Builtin, e: CallExpression): Ref {
  if (id == Builtin.Place) return placeNumber(lowering);
  if (id == Builtin.CurrentTask) return lowering.constantHelper(Helper.GetCurrentTask);
  if (id == Builtin.ContextWord) return contextWord(lowering, <i32>(<NumberLiteral>e.args[0]).value);
  if (id == Builtin.Relocated) return lowering.b.relocated(<i32>(<NumberLiteral>e.args[0]).value);
  const name = (<StringLiteral>e.args[0]).value;
  const offset = lowering.shared.unit.symbolAddress(name, lowering.shared.sites.position(e.range));
  return lowering.b.load(Op.Load64, lowering.b.addressOf(AddressKind.Rodata, 0), offset);
}
