// The printf family, and messages that travel as records (common/format/record.ts).
//
// A call becomes items, most often one (items.ts). Then a handler's output takes one of two ways:
//
//   direct    it prints one item of known size, or several one after the other (print-together.ts): put together on the
//             stack and written at once, or reserved in the ring buffer and filled in place if it is large
//   buffered  anything else: put together in the frame and written when the handler ends, so that it stays together
//
// Which one is found out by trying: a handler is lowered directly first, and again when that turns out not to do.

import { RingFlag } from "../../common/format/bpf";
import { Helper } from "../../common/format/helpers";
import { ArgumentType, MAX_RECORD_BYTES, MAX_SITES, RecordItem, SiteKind } from "../../common/format/record";
import { BssHeader } from "../../common/format/runtime";
import { AddressKind } from "../ir/build";
import { NoRef, Ref } from "../ir/function";
import { Op } from "../ir/op";
import { UnitArgument, UnitMap } from "../ir/unit";
import { PrintSymbol } from "../semantic/symbols";
import { Range } from "../source/source";
import { Expression } from "../syntax/ast";
import { isLiteral } from "./call";
import { isSimple, lowerLong } from "./expression";
import { FrameHeader, Hole } from "./frame";
import { fillHistogram, lowerHistogram } from "./histogram";
import { Item, MAX_MEMORY, makeItems, Piece } from "./items";
import { lengthOf } from "./length";
import { Lowering } from "./lowering";
import { Base, capacityFor, Place, SMALL_BYTES } from "./place";
import { Routine, routine } from "./runtime";
import { copyString, lowerString, lowerStringInto } from "./string";

/** Lowers one print statement. */
export function lowerPrint(l: Lowering, print: PrintSymbol): void {
  const range = print.call.range;
  l.at(range);
  const items = makeItems(l, print);
  const count = items.length;
  if (count == 0) return;
  for (let i = 0; i < count; ++i) {
    items[i].near = `identifier '${print.name}'`;
    nameSite(l, items[i], range);
  }
  if (l.buffered) {
    evaluate(l, items, range);
    for (let i = 0; i < count; ++i) putBuffered(l, items[i]);
    return;
  }
  l.directItems += count;
  if (l.directItems > 1 || !items[0].isFixed) {
    // This attempt is lost: the handler is lowered again.
    l.needsBuffer = true;
    return;
  }
  putDirect(l, items[0], UnitMap.Output, range);
}

/** Gives a printed item its site. */
export function nameSite(l: Lowering, item: Item, range: Range): void {
  item.site = newSite(l, SiteKind.Print, item, range, "");
}

function newSite(l: Lowering, kind: SiteKind, item: Item, range: Range, near: string): i32 {
  const args: UnitArgument[] = [];
  for (let i = 0, n = item.pieces.length; i < n; ++i) {
    args.push(new UnitArgument(item.pieces[i].type, item.pieces[i].bytes));
  }
  const site = l.shared.site(kind, item.format, range, near, args);
  if (site >= MAX_SITES) l.shared.reporter.error(range, `the script prints in more than ${MAX_SITES} places`);
  return site;
}

/** Evaluates all arguments, in order: none may print or fail once the first item is put. */
function evaluate(l: Lowering, items: Item[], range: Range): void {
  for (let k = 0, m = items.length; k < m; ++k) {
    const item = items[k];
    for (let i = 0, n = item.pieces.length; i < n; ++i) {
      const piece = item.pieces[i];
      const e = piece.expression;
      if (e === null) continue;
      const histogram = piece.histogram;
      if (histogram !== null) {
        piece.value = lowerHistogram(l, histogram, range, item.near);
      } else if (piece.type == ArgumentType.Long || piece.isMemory) {
        piece.value = lowerLong(l, e);
        if (piece.isMemory && m > 1) fetchMemory(l, piece);
      } else {
        const last = restIsSimple(items, k, i + 1);
        if (!last) piece.place = evaluateKept(l, e);
        else if (!isSimple(e)) piece.place = lowerString(l, e);
      }
    }
  }
}

/** Evaluates a string that holds whatever is evaluated after it. */
function evaluateKept(l: Lowering, e: Expression): Place {
  if (isLiteral(e)) return lowerString(l, e);
  const place = l.newTemporary(capacityFor(lengthOf(l, e)));
  lowerStringInto(l, e, place);
  return place;
}

/** Whether computing the arguments of items from one on cannot fail, nor change anything. */
export function restIsSimple(items: Item[], index: i32, from: i32): bool {
  for (let k = index, m = items.length; k < m; ++k) {
    const pieces = items[k].pieces;
    for (let i = k == index ? from : 0, n = pieces.length; i < n; ++i) {
      const e = pieces[i].expression;
      if (e !== null && !isSimple(e)) return false;
    }
  }
  return true;
}

// ------------------------------------------------------------------------------------------------------------- direct

/** Longer records are worth reserving, so that they are not copied. */
const MOST_COPIED: i32 = 96;

/** Writes a record of one item into a ring. */
function putDirect(l: Lowering, item: Item, map: UnitMap, range: Range): void {
  const record = item.most <= MOST_COPIED && !item.hasHistogram ? l.newRecord(item.most) : NoRef;
  if (record == NoRef) {
    putReserved(l, item, map, range);
    return;
  }
  const size = fillFixed(l, item, record, 0);
  writeRecord(l, map, record, l.constant(size));
}

/** Copies a record into a ring, and counts it if it finds no room. */
export function writeRecord(l: Lowering, map: UnitMap, record: Ref, size: Ref): void {
  const b = l.b;
  const flags = l.constant(map == UnitMap.Output ? 0 : RingFlag.ForceWakeup);
  const result = b.callHelper(Helper.RingbufOutput, [b.addressOf(AddressKind.Map, map), record, size, flags]);
  const lost = b.newBlock("lost");
  const kept = b.newBlock("kept");
  b.setCold(lost);
  b.branchIf(Op.Slt, result, l.constant(0), lost, kept);
  b.setBlock(lost);
  b.atomicAdd(8, l.bss(), map == UnitMap.Output ? BssHeader.LostOutput : BssHeader.LostControl, l.constant(1));
  b.jump(kept);
  b.setBlock(kept);
}

/** Reserves the record in a ring, fills it, submits it. */
function putReserved(l: Lowering, item: Item, map: UnitMap, range: Range): void {
  const b = l.b;
  // What cannot fail is evaluated straight into the record, and not at all if there is none.
  const later = restIsSimple([item], 0, 0);
  if (!later) evaluate(l, [item], range);
  const ring = b.addressOf(AddressKind.Map, map);
  const record = b.callHelper(Helper.RingbufReserve, [ring, l.constant(item.most), l.constant(0)]);
  const full = b.newBlock("full");
  const room = b.newBlock("room");
  const done = b.newBlock("done");
  b.setCold(full);
  b.branchIf(Op.Eq, record, l.constant(0), full, room);
  b.setBlock(full);
  const lost = map == UnitMap.Output ? BssHeader.LostOutput : BssHeader.LostControl;
  b.atomicAdd(8, l.bss(), lost, l.constant(1));
  b.jump(done);
  b.setBlock(room);
  l.memo.open();
  fillFixed(l, item, record, 0);
  l.memo.close();
  b.callHelper(Helper.RingbufSubmit, [record, l.constant(map == UnitMap.Output ? 0 : RingFlag.ForceWakeup)]);
  b.jump(done);
  b.setBlock(done);
}

/** Writes an item of fixed size; returns its end. */
export function fillFixed(l: Lowering, item: Item, base: Ref, start: i32): i32 {
  l.b.store(Op.Store64, base, start, l.constant(item.site));
  let at: i32 = start + RecordItem.Size;
  for (let i = 0, n = item.pieces.length; i < n; ++i) {
    fillPiece(l, item.pieces[i], base, at);
    at += item.pieces[i].bytes;
  }
  return at;
}

function fillPiece(l: Lowering, piece: Piece, base: Ref, at: i32): void {
  const e = piece.expression;
  if (piece.type == ArgumentType.Long) {
    const value = piece.value == NoRef && e !== null ? lowerLong(l, e) : piece.value;
    l.b.store(Op.Store64, base, at, value);
    return;
  }
  const histogram = piece.histogram;
  if (histogram !== null) {
    fillHistogram(l, histogram, piece.value, l.b.binary(Op.Add, base, l.constant(at)));
    return;
  }
  const to = new Place(Base.Pointer, base, at, piece.bytes);
  to.isRecord = true;
  const place = piece.place;
  if (place !== null) copyString(l, place, to);
  else if (e !== null) lowerStringInto(l, e, to);
}

// ----------------------------------------------------------------------------------------------------------- buffered

/** Appends an item to the handler's output. */
function putBuffered(l: Lowering, item: Item): void {
  const most = item.most;
  l.outputTotal += most;
  if (l.mayCut) cutIfFull(l, most);
  else if (l.outputTotal > MAX_RECORD_BYTES) l.needsCut = true;
  l.shared.plan.needOutput(l.mayCut ? MAX_RECORD_BYTES : l.outputTotal);
  if (l.outputKnown >= 0 && item.isFixed) {
    l.outputKnown = fillFixed(l, item, l.output(), l.outputKnown);
    return;
  }
  const end = fillAnywhere(l, item);
  l.b.store(Op.Store64, l.frame(), FrameHeader.OutputLength, end);
  l.outputKnown = -1;
}

/** Writes what is there if the next item might not fit behind it. */
function cutIfFull(l: Lowering, most: i32): void {
  if (l.outputKnown >= 0 && l.outputKnown + most <= MAX_RECORD_BYTES) return;
  const b = l.b;
  l.leaveUnknown();
  const length = b.load(Op.Load64, l.frame(), FrameHeader.OutputLength);
  const full = b.newBlock("full");
  const room = b.newBlock("room");
  b.setCold(full);
  b.branchIf(Op.Ugt, length, l.constant(MAX_RECORD_BYTES - most), full, room);
  b.setBlock(full);
  b.callFunction(routine(l.shared, Routine.Flush), [b.getVar(l.frameOffset), l.constant(1)]);
  b.jump(room);
  b.setBlock(room);
}

/** Writes an item where the output ends, of any size; returns the new end. */
function fillAnywhere(l: Lowering, item: Item): Ref {
  const b = l.b;
  let length: Ref;
  if (l.outputKnown >= 0) length = l.constant(l.outputKnown);
  else length = b.load(Op.Load64, l.frame(), FrameHeader.OutputLength);
  let base = pointerInOutput(l, length);
  b.store(Op.Store64, base, 0, l.constant(item.site));
  let at: i32 = RecordItem.Size;
  for (let i = 0, n = item.pieces.length; i < n; ++i) {
    const piece = item.pieces[i];
    if (piece.type != ArgumentType.String) {
      fillPiece(l, piece, base, at);
      at += piece.bytes;
      continue;
    }
    const used = fillString(l, piece, base, at);
    length = b.binary(Op.Add, b.binary(Op.Add, length, l.constant(at)), used);
    base = pointerInOutput(l, length);
    at = 0;
  }
  return b.binary(Op.Add, length, l.constant(at));
}

function pointerInOutput(l: Lowering, length: Ref): Ref {
  const masked = l.b.binary(Op.And, length, l.shared.plan.placeholder(l.fn, Hole.OutputMask));
  return l.b.binary(Op.Add, l.output(), masked);
}

/** Writes { length, bytes, padding }; returns how many bytes that took. */
function fillString(l: Lowering, piece: Piece, base: Ref, at: i32): Ref {
  const b = l.b;
  if (piece.isMemory) return fillMemory(l, piece, base, at);
  const e = piece.expression;
  let place = piece.place;
  if (place === null && e !== null) place = lowerString(l, e);
  const from = place!;
  const capacity = piece.bytes + 1;
  const to = new Place(Base.Pointer, base, at + 4, capacity);
  let length: Ref;
  if (from.isLiteral) {
    copyString(l, from, to);
    length = l.constant(from.text.length);
  } else {
    const copied = b.callHelper(Helper.ProbeReadKernelStr, [l.pointer(to), l.constant(capacity), l.pointer(from)]);
    length = b.binary(Op.Sub, copied, l.constant(1));
  }
  b.store(Op.Store32, base, at, length);
  return b.binary(Op.And, b.binary(Op.Add, length, l.constant(4 + 7)), l.constant(-8));
}

/** How many bytes of memory a piece prints: from nothing up to the most, as the verifier wants to know. */
function memoryBytes(l: Lowering, piece: Piece): Ref {
  const count = piece.count;
  if (count === null) return l.constant(piece.bytes);
  const b = l.b;
  const wanted = b.variable("bytes");
  b.setVar(wanted, count.value);
  const wrong = b.newBlock("wrong");
  const right = b.newBlock("right");
  b.branchIf(Op.Ugt, count.value, l.constant(MAX_MEMORY), wrong, right);
  b.setBlock(wrong);
  b.setVar(wanted, l.constant(MAX_MEMORY));
  b.jump(right);
  b.setBlock(right);
  return b.binary(Op.And, b.getVar(wanted), l.constant(2 * MAX_MEMORY - 1));
}

/** The same of memory at an address that the script computed: reading it may fail. */
function fillMemory(l: Lowering, piece: Piece, base: Ref, at: i32): Ref {
  const b = l.b;
  const bytes = memoryBytes(l, piece);
  const to = new Place(Base.Pointer, base, at + 4, piece.bytes);
  const kept = piece.place;
  const from = kept !== null ? l.pointer(kept) : piece.value;
  const result = b.callHelper(Helper.ProbeReadKernel, [l.pointer(to), bytes, from]);
  if (kept === null) failUnread(l, result, piece);
  b.store(Op.Store32, base, at, bytes);
  return b.binary(Op.And, b.binary(Op.Add, bytes, l.constant(4 + 7)), l.constant(-8));
}

/** Reads the memory that a piece prints before anything is put: half a line must not come before its error. */
function fetchMemory(l: Lowering, piece: Piece): void {
  const to = l.newFrameTemporary((piece.bytes + 7) & ~7);
  const result = l.b.callHelper(Helper.ProbeReadKernel, [l.pointer(to), memoryBytes(l, piece), piece.value]);
  failUnread(l, result, piece);
  piece.place = to;
}

function failUnread(l: Lowering, result: Ref, piece: Piece): void {
  l.failIf(Op.Slt, result, l.constant(0), "kernel read fault", piece.expression!.range, "address of '%m'");
}

// ------------------------------------------------------------------------------------------------------------ control

/** Sends a message to the control ring: a record of its own, whatever else the handler prints. */
export function emitControl(l: Lowering, kind: SiteKind, message: Place, range: Range): void {
  const item = new Item();
  item.format = "%s";
  const small = message.capacity <= SMALL_BYTES;
  const bytes = small ? message.capacity : message.capacity - 1;
  const piece = new Piece(null, small ? ArgumentType.FixedString : ArgumentType.String, bytes);
  piece.place = message;
  item.pieces.push(piece);
  item.site = newSite(l, kind, item, range, "");
  if (small) putDirect(l, item, UnitMap.Control, range);
  else putMessage(l, message, l.constant(item.site));
}

/** Sends the error's message that waits in the frame, for a site that is known at run time only. */
export function emitErrorMessage(l: Lowering, site: Ref): void {
  putMessage(l, l.shared.messagePlace(), site);
}

function putMessage(l: Lowering, message: Place, site: Ref): void {
  const b = l.b;
  const piece = new Piece(null, ArgumentType.String, message.capacity - 1);
  piece.place = message;
  const most: i32 = RecordItem.Size + piece.most;
  const scratch = l.newFrameTemporary((most + 7) & ~7);
  const base = l.pointer(scratch);
  b.store(Op.Store64, base, 0, site);
  const used = fillString(l, piece, base, RecordItem.Size);
  let mask: i64 = 7;
  while (mask < most) mask = (mask << 1) | 1;
  const size = b.binary(Op.And, b.binary(Op.Add, used, l.constant(RecordItem.Size)), l.constant(mask));
  writeRecord(l, UnitMap.Control, base, size);
}
