// The printf family, and messages that travel as records (common/format/record.ts).
//
// A call becomes items, usually one (items.ts). A handler's output then takes one of two ways:
//
//   direct    one item of known size, or several in a row (print-together.ts). A small record is built on the stack and
//             written at once; a large one is reserved in the ring buffer and filled in place.
//   buffered  anything else: collected in the frame and written when the handler ends, so that it stays in one piece
//
// Lowering finds out by trying: it lowers a handler directly first, and again as buffered if that fails.

import { RingFlag } from "../../common/format/bpf";
import { Helper } from "../../common/format/helpers";
import { ArgumentType, MAX_RECORD_BYTES, MAX_SITES, RecordItem, SiteKind } from "../../common/format/record";
import { AddressKind } from "../ir/build";
import { NoRef, Ref } from "../ir/function";
import { Op } from "../ir/op";
import { UnitArgument, UnitMap, UnitSite } from "../ir/unit";
import { copyString } from "../runtime/copy";
import { Base, capacityFor, Place, SMALL_BYTES } from "../runtime/place";
import { FrameWord, Hole } from "../runtime/plan";
import { countLostIn, FLUSH, writeRecord } from "../runtime/report";
import { PrintSymbol } from "../semantic/symbols";
import { Range } from "../source/source";
import { CallExpression, Expression } from "../syntax/ast";
import { SoftError } from "./exits";
import { fillHistogram, lowerHistogram } from "./histogram";
import { Item, MAX_MEMORY, makeItems, Piece } from "./items";
import { Lowering } from "./lowering";
import { lengthOf, originOf } from "./names";
import { isLiteral, isSimple } from "./simple";

/** Lowers one print statement. */
export function lowerPrint(lowering: Lowering, print: PrintSymbol): void {
  const range = print.call.range;
  lowering.at(range);
  const items = makeItems(lowering, print);
  const count = items.length;
  if (count == 0) return;
  for (let i = 0; i < count; ++i) {
    items[i].near = `identifier '${print.name}'`;
    nameSite(lowering, items[i], range);
  }
  if (lowering.output.isBuffered) {
    evaluate(lowering, items, range);
    for (let i = 0; i < count; ++i) putBuffered(lowering, items[i]);
    return;
  }
  lowering.output.directItems += count;
  if (lowering.output.directItems > 1 || !items[0].isFixed) {
    // This attempt has failed. The handler is lowered again.
    lowering.output.needsBuffer = true;
    return;
  }
  putDirect(lowering, items[0], UnitMap.Output, range);
}

/** Assigns a site to a printed item. */
export function nameSite(lowering: Lowering, item: Item, range: Range): void {
  item.site = newSite(lowering, SiteKind.Print, item, range);
}

function newSite(lowering: Lowering, kind: SiteKind, item: Item, range: Range): i32 {
  const sites = lowering.shared.sites;
  if (item.pieces.length == 0) return sites.plain(kind, item.format, range, "");
  const made = new UnitSite(kind, item.format, sites.position(range), "");
  for (let i = 0, n = item.pieces.length; i < n; ++i) {
    const piece = item.pieces[i];
    made.args.push(new UnitArgument(piece.type, piece.bytes, piece.origin, piece.show));
  }
  const site = sites.add(made);
  if (site >= MAX_SITES) lowering.shared.reporter.error(range, `the script prints in more than ${MAX_SITES} places`);
  return site;
}

/** Evaluates all arguments in order. None may print or fail once the first item has been written. */
function evaluate(lowering: Lowering, items: Item[], range: Range): void {
  for (let k = 0, m = items.length; k < m; ++k) {
    const item = items[k];
    for (let i = 0, n = item.pieces.length; i < n; ++i) {
      const piece = item.pieces[i];
      const e = piece.expression;
      if (e === null) continue;
      const histogram = piece.histogram;
      if (histogram !== null) {
        piece.value = lowerHistogram(lowering, histogram, range, item.near);
      } else if (piece.type == ArgumentType.Long || piece.isMemory) {
        piece.value = lowering.long(e);
        if (piece.isMemory && m > 1) fetchMemory(lowering, piece);
      } else {
        const last = restIsSimple(items, k, i + 1);
        if (!last) piece.place = evaluateKept(lowering, e);
        else if (!isSimple(e)) piece.place = lowering.string(e);
      }
    }
  }
}

/** Evaluates a string that stays valid while later expressions are evaluated. */
function evaluateKept(lowering: Lowering, e: Expression): Place {
  if (isLiteral(e)) return lowering.string(e);
  const place = lowering.frame.newTemporary(capacityFor(lengthOf(lowering.runtime, e)));
  lowering.stringInto(e, place);
  return place;
}

/** Whether the arguments from piece `from` of item `index` on can be computed without failing or changing anything. */
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

/** Longer records are reserved in the ring, which saves the copy. */
const MOST_COPIED: i32 = 96;

/** Writes a record of one item into a ring. */
function putDirect(lowering: Lowering, item: Item, map: UnitMap, range: Range): void {
  const record = item.most <= MOST_COPIED && !item.hasHistogram ? lowering.frame.newRecord(item.most) : NoRef;
  if (record == NoRef) {
    putReserved(lowering, item, map, range);
    return;
  }
  const size = fillFixed(lowering, item, record, 0);
  writeRecord(lowering.b, map, record, lowering.constant(size));
}

/** Reserves the record in a ring, fills it, submits it. */
function putReserved(lowering: Lowering, item: Item, map: UnitMap, range: Range): void {
  const b = lowering.b;
  // Arguments that cannot fail are evaluated straight into the record, and not at all if there is no record.
  const later = restIsSimple([item], 0, 0);
  if (!later) evaluate(lowering, [item], range);
  const ring = b.addressOf(AddressKind.Map, map);
  const record = b.callHelper(Helper.RingbufReserve, [ring, lowering.constant(item.most), lowering.constant(0)]);
  const full = b.newBlock("full");
  const room = b.newBlock("room");
  const done = b.newBlock("done");
  b.setCold(full);
  b.branchIf(Op.Eq, record, lowering.constant(0), full, room);
  b.setBlock(full);
  countLostIn(b, map);
  b.jump(done);
  b.setBlock(room);
  lowering.scope.memo.open();
  fillFixed(lowering, item, record, 0);
  lowering.scope.memo.close();
  b.callHelper(Helper.RingbufSubmit, [record, lowering.constant(map == UnitMap.Output ? 0 : RingFlag.ForceWakeup)]);
  b.jump(done);
  b.setBlock(done);
}

/** Writes an item of fixed size. Returns its end. */
export function fillFixed(lowering: Lowering, item: Item, base: Ref, start: i32): i32 {
  lowering.b.store(Op.Store64, base, start, lowering.constant(item.site));
  let at: i32 = start + RecordItem.Size;
  for (let i = 0, n = item.pieces.length; i < n; ++i) {
    fillPiece(lowering, item.pieces[i], base, at);
    at += item.pieces[i].bytes;
  }
  return at;
}

function fillPiece(lowering: Lowering, piece: Piece, base: Ref, at: i32): void {
  const e = piece.expression;
  if (piece.type == ArgumentType.Long) {
    const value = piece.value == NoRef && e !== null ? lowering.long(e) : piece.value;
    lowering.b.store(Op.Store64, base, at, value);
    return;
  }
  const histogram = piece.histogram;
  if (histogram !== null) {
    fillHistogram(lowering, histogram, piece.value, lowering.b.binary(Op.Add, base, lowering.constant(at)));
    return;
  }
  const to = new Place(Base.Pointer, base, at, piece.bytes);
  to.isRecord = true;
  const place = piece.place;
  if (place !== null) copyString(lowering.frame, place, to);
  else if (e !== null) lowering.stringInto(e, to);
}

// ----------------------------------------------------------------------------------------------------------- buffered

/** Appends an item to the handler's output. */
function putBuffered(lowering: Lowering, item: Item): void {
  const most = item.most;
  lowering.output.total += most;
  if (lowering.output.mayCut) cutIfFull(lowering, most);
  else if (lowering.output.total > MAX_RECORD_BYTES) lowering.output.needsCut = true;
  lowering.runtime.plan.needOutput(lowering.output.mayCut ? MAX_RECORD_BYTES : lowering.output.total);
  if (lowering.output.known >= 0 && item.isFixed) {
    lowering.output.known = fillFixed(lowering, item, lowering.frame.output(), lowering.output.known);
    return;
  }
  const end = fillAnywhere(lowering, item);
  lowering.b.store(Op.Store64, lowering.frame.address(), FrameWord.OutputLength, end);
  lowering.output.known = -1;
}

/** Writes out the output so far if the next item might not fit behind it. */
function cutIfFull(lowering: Lowering, most: i32): void {
  if (lowering.output.known >= 0 && lowering.output.known + most <= MAX_RECORD_BYTES) return;
  const b = lowering.b;
  lowering.output.leaveUnknown();
  const length = b.load(Op.Load64, lowering.frame.address(), FrameWord.OutputLength);
  const full = b.newBlock("full");
  const room = b.newBlock("room");
  b.setCold(full);
  b.branchIf(Op.Ugt, length, lowering.constant(MAX_RECORD_BYTES - most), full, room);
  b.setBlock(full);
  b.callFunction(FLUSH.of(lowering.runtime), [lowering.frame.offset(), lowering.constant(1)]);
  b.jump(room);
  b.setBlock(room);
}

/** Writes an item of any size at the end of the output. Returns the new end. */
function fillAnywhere(lowering: Lowering, item: Item): Ref {
  const b = lowering.b;
  let length: Ref;
  if (lowering.output.known >= 0) length = lowering.constant(lowering.output.known);
  else length = b.load(Op.Load64, lowering.frame.address(), FrameWord.OutputLength);
  let base = pointerInOutput(lowering, length);
  b.store(Op.Store64, base, 0, lowering.constant(item.site));
  let at: i32 = RecordItem.Size;
  for (let i = 0, n = item.pieces.length; i < n; ++i) {
    const piece = item.pieces[i];
    if (piece.type != ArgumentType.String) {
      fillPiece(lowering, piece, base, at);
      at += piece.bytes;
      continue;
    }
    const used = fillString(lowering, piece, base, at);
    length = b.binary(Op.Add, b.binary(Op.Add, length, lowering.constant(at)), used);
    base = pointerInOutput(lowering, length);
    at = 0;
  }
  return b.binary(Op.Add, length, lowering.constant(at));
}

function pointerInOutput(lowering: Lowering, length: Ref): Ref {
  const masked = lowering.b.binary(Op.And, length, lowering.runtime.plan.placeholder(lowering.fn, Hole.OutputMask));
  return lowering.b.binary(Op.Add, lowering.frame.output(), masked);
}

/** Writes { length, bytes, padding }. Returns the number of bytes written. */
function fillString(lowering: Lowering, piece: Piece, base: Ref, at: i32): Ref {
  const b = lowering.b;
  if (piece.isMemory) return fillMemory(lowering, piece, base, at);
  const e = piece.expression;
  let place = piece.place;
  if (place === null && e !== null) place = lowering.string(e);
  const from = place!;
  const capacity = piece.bytes + 1;
  const to = new Place(Base.Pointer, base, at + 4, capacity);
  let length: Ref;
  if (from.isLiteral) {
    copyString(lowering.frame, from, to);
    length = lowering.constant(from.text.length);
  } else {
    const copied = b.callHelper(Helper.ProbeReadKernelStr, [
      lowering.frame.pointer(to),
      lowering.constant(capacity),
      lowering.frame.pointer(from),
    ]);
    length = b.binary(Op.Sub, copied, lowering.constant(1));
  }
  b.store(Op.Store32, base, at, length);
  return b.binary(Op.And, b.binary(Op.Add, length, lowering.constant(4 + 7)), lowering.constant(-8));
}

/** The number of bytes of memory that a piece prints, limited to the range 0 to `most` for the verifier. */
function memoryBytes(lowering: Lowering, piece: Piece): Ref {
  const count = piece.count;
  if (count === null) return lowering.constant(piece.bytes);
  const b = lowering.b;
  const wanted = b.variable("bytes");
  b.setVar(wanted, count.value);
  const wrong = b.newBlock("wrong");
  const right = b.newBlock("right");
  b.branchIf(Op.Ugt, count.value, lowering.constant(MAX_MEMORY), wrong, right);
  b.setBlock(wrong);
  b.setVar(wanted, lowering.constant(MAX_MEMORY));
  b.jump(right);
  b.setBlock(right);
  return b.binary(Op.And, b.getVar(wanted), lowering.constant(2 * MAX_MEMORY - 1));
}

/** Like fillString, for memory at an address that the script computed. Reading it may fail. */
function fillMemory(lowering: Lowering, piece: Piece, base: Ref, at: i32): Ref {
  const b = lowering.b;
  const bytes = memoryBytes(lowering, piece);
  const to = new Place(Base.Pointer, base, at + 4, piece.bytes);
  const kept = piece.place;
  const from = kept !== null ? lowering.frame.pointer(kept) : piece.value;
  const result = b.callHelper(Helper.ProbeReadKernel, [lowering.frame.pointer(to), bytes, from]);
  if (kept === null) failUnread(lowering, result, piece);
  b.store(Op.Store32, base, at, bytes);
  return b.binary(Op.And, b.binary(Op.Add, bytes, lowering.constant(4 + 7)), lowering.constant(-8));
}

/** Reads the memory that a piece prints before any output is written, so that an error never follows half a line. */
function fetchMemory(lowering: Lowering, piece: Piece): void {
  const to = lowering.frame.newFrameTemporary((piece.bytes + 7) & ~7);
  const result = lowering.b.callHelper(Helper.ProbeReadKernel, [
    lowering.frame.pointer(to),
    memoryBytes(lowering, piece),
    piece.value,
  ]);
  failUnread(lowering, result, piece);
  piece.place = to;
}

function failUnread(lowering: Lowering, result: Ref, piece: Piece): void {
  lowering.exits.failIf(
    Op.Slt,
    result,
    lowering.constant(0),
    new SoftError("kernel read fault", piece.expression!.range, "address of '%m'"),
  );
}

// ------------------------------------------------------------------------------------------------------------ control

/** Sends the message of a call to the control ring, as a record separate from the handler's output. */
export function emitControl(lowering: Lowering, kind: SiteKind, message: Place, e: CallExpression): void {
  const range = e.range;
  const item = new Item();
  item.format = "%s";
  const small = message.capacity <= SMALL_BYTES;
  const bytes = small ? message.capacity : message.capacity - 1;
  const piece = new Piece(null, small ? ArgumentType.FixedString : ArgumentType.String, bytes);
  piece.place = message;
  piece.origin = originOf(e.args[0]);
  item.pieces.push(piece);
  item.site = newSite(lowering, kind, item, range);
  if (small) putDirect(lowering, item, UnitMap.Control, range);
  else putMessage(lowering, message, lowering.constant(item.site));
}

/** Sends a text that the agent reads: always a string with its length, whatever it is made of. */
export function sendText(lowering: Lowering, kind: SiteKind, text: Place, e: CallExpression): void {
  const item = new Item();
  item.format = "%s";
  item.pieces.push(new Piece(null, ArgumentType.String, text.capacity - 1));
  item.pieces[0].origin = originOf(e.args[0]);
  putMessage(lowering, text, lowering.constant(newSite(lowering, kind, item, e.range)));
}

/** Sends the error's message from the frame, for a site that is known only at run time. */
export function emitErrorMessage(lowering: Lowering, site: Ref): void {
  putMessage(lowering, lowering.shared.messagePlace(), site);
}

function putMessage(lowering: Lowering, message: Place, site: Ref): void {
  const b = lowering.b;
  const piece = new Piece(null, ArgumentType.String, message.capacity - 1);
  piece.place = message;
  const most: i32 = RecordItem.Size + piece.most;
  const scratch = lowering.frame.newFrameTemporary((most + 7) & ~7);
  const base = lowering.frame.pointer(scratch);
  b.store(Op.Store64, base, 0, site);
  const used = fillString(lowering, piece, base, RecordItem.Size);
  let mask: i64 = 7;
  while (mask < most) mask = (mask << 1) | 1;
  const size = b.binary(Op.And, b.binary(Op.Add, used, lowering.constant(RecordItem.Size)), lowering.constant(mask));
  writeRecord(lowering.b, UnitMap.Control, base, size);
}
