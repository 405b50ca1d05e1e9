// The formatter as a Wasm module for the host. The host writes bytes into one input area and reads two output buffers.
// One call formats a whole frame of records, so JavaScript does nothing per record.
//
//   input(bytes) -> address to copy to     openManifest(bytes) -> ManifestFault, then onTerminal
//   addSymbols(bytes) -> whether they are sound
//   format(from, bytes) -> index up to which the frame was consumed; take both texts, call again until it is `bytes`
//
// Invariant: memory is constant over an endless stream, because texts are handed over before they exceed a megabyte or
// so.

import { RecordItem } from "../../format/record";
import { OutBuffer } from "./buffer";
import { Formatter } from "./formatter";
import { JsonTap } from "./json";
import { StampTap } from "./stamp-lines";
import { SymbolTable } from "./symbol-table";

/** Text that makes `format` return early, bytes. */
const BATCH_BYTES: i32 = 1 << 18;

let area: usize = 0;
let areaBytes: i32 = 0;
let formatter: Formatter = new Formatter();
let symbols: SymbolTable = new SymbolTable();
const text: OutBuffer = new OutBuffer(65536, i32.MAX_VALUE);
const messages: OutBuffer = new OutBuffer(4096, i32.MAX_VALUE);

/** The input area, at least `bytes` long: copy a manifest or a frame's payload there. */
export function input(bytes: i32): usize {
  if (bytes > areaBytes) {
    if (area != 0) heap.free(area);
    area = heap.alloc(<usize>bytes);
    areaBytes = bytes;
  }
  return area;
}

/** Starts a run: the manifest is in the input area. Returns ManifestFault. */
export function openManifest(bytes: i32): i32 {
  let copy = heap.alloc(<usize>bytes);
  memory.copy(copy, area, <usize>bytes);
  formatter = new Formatter();
  symbols = new SymbolTable();
  formatter.addresses.source = symbols;
  text.clear();
  messages.clear();
  return formatter.open(copy, bytes);
}

/**
 * What is printed becomes JSON Lines. The input area has members that each object begins with, as JSON with a comma
 * behind each. Call it after openManifest.
 */
export function jsonLines(bytes: i32): void {
  const copy = heap.alloc(<usize>bytes + 1);
  memory.copy(copy, area, <usize>bytes);
  formatter.tap = new JsonTap(copy, bytes);
}

/** Each line begins with its time, as a date or as seconds, less `origin` nanoseconds; -1: less the first time. */
export function stampLines(origin: i64, isDate: bool): void {
  formatter.tap = new StampTap(origin, isDate);
}

/** Takes the payload of a frame of symbols from the input area. */
export function addSymbols(bytes: i32): bool {
  return symbols.add(area, bytes);
}

/**
 * Formats the records of a frame in the input area: bytes `from` up to `end`. Returns where it stopped: `end`, or
 * earlier because there is much text to take. Texts are overwritten by the next call.
 */
export function format(from: i32, end: i32): i32 {
  text.clear();
  messages.clear();
  while (from < end && text.length < BATCH_BYTES && messages.length < BATCH_BYTES) {
    let bytes = end - from >= 8 ? load<i32>(area + <usize>from) : -1;
    if (bytes < RecordItem.Size || bytes > end - from - 8) {
      formatter.format(area, 0, text, messages); // reports the damage; what follows cannot be found
      return end;
    }
    formatter.format(area + <usize>(from + 8), bytes, text, messages);
    from += 8 + ((bytes + 7) & ~7);
  }
  return min(from, end);
}

export function textStart(): usize {
  return text.start;
}
export function textLength(): i32 {
  return text.length;
}
export function messagesStart(): usize {
  return messages.start;
}
export function messagesLength(): i32 {
  return messages.length;
}
/** Says which of the two outputs somebody looks at: their control characters are escaped (controls.ts). */
export function onTerminal(isText: bool, isMessages: bool): void {
  formatter.textOnTerminal = isText;
  formatter.messagesOnTerminal = isMessages;
}

/** Units that never got their last piece. */
export function openUnits(): i32 {
  return formatter.openUnits;
}
/** Records that were not as the manifest says. */
export function damagedRecords(): u32 {
  return formatter.damaged;
}
