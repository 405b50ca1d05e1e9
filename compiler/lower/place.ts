// The number of the probe site that has fired, in a handler that several sites share and that asks (semantic/sites.ts).
//
//   everywhere           the cookie with which the agent attached it; where the kernel has no cookies the agent loads
//                        the program once for each site, with the number instead of the call
//   function entries     where the kernel tells kprobes no cookie: the instruction pointer, in a table of the entries
//
// The kernel's verifier sees which of the two it is by a constant of .rodata, and drops the other.

import { Helper } from "../../common/format/helpers";
import { AttachKind, Engine } from "../../common/format/manifest";
import { PlaceEntry, powerOfTwo, RodataHeader } from "../../common/format/runtime";
import { AddressKind } from "../ir/build";
import { Ref } from "../ir/function";
import { Op } from "../ir/op";
import { FrameWord } from "../runtime/plan";
import { Script } from "../semantic/script";
import { Lowering } from "./lowering";
import { PlaceTable, Shared } from "./shared";

/** Entries of a table beyond those of its sites. */
const SPARE: i32 = 8;
/** Where struct pt_regs of x86_64 has the instruction pointer: at a kprobe, one byte behind the function's start. */
const POINTER_OFFSET: i32 = 128;

/** Reserves the tables of the handlers that may need one. */
export function reservePlaces(shared: Shared, script: Script): void {
  const counts = new StaticArray<i32>(script.handlers.length);
  for (let i = 0, n = script.probes.length; i < n; ++i) ++counts[script.probes[i].handler.index];
  for (let i = 0, n = script.handlers.length; i < n; ++i) {
    const handler = script.handlers[i];
    const isEntry = handler.attach == AttachKind.Kprobe && handler.engine == Engine.Kernel;
    const needsTable = handler.asksPlace && isEntry && shared.options.placesByAddress;
    // Several functions may have one name: each needs an entry.
    const entries = powerOfTwo(counts[i] + (counts[i] >> 2) + SPARE);
    const offset = needsTable ? shared.unit.reserve(entries * PlaceEntry.Size) : 0;
    shared.placeTables.push(needsTable ? new PlaceTable(offset, entries) : null);
  }
}

/** The number of the site that has fired. */
export function placeNumber(lowering: Lowering): Ref {
  const machine = lowering.machine;
  const program = machine !== null ? machine.program : lowering.root;
  program.asksPlace = true;
  if (program === lowering) return lowering.b.getVar(placeVariable(lowering));
  program.keepsPlace = true;
  return lowering.b.load(Op.Load32u, lowering.frame.address(), FrameWord.Place);
}

/** Gets the number, at the beginning of a handler that asks for it. */
export function definePlace(lowering: Lowering, table: PlaceTable | null): void {
  const b = lowering.b;
  const variable = placeVariable(lowering);
  if (table === null) {
    b.setVar(variable, cookie(lowering));
    return;
  }
  const byCookie = b.newBlock("by_cookie");
  const byAddress = b.newBlock("by_address");
  const found = b.newBlock("place");
  b.branch(b.load(Op.Load32u, b.addressOf(AddressKind.Rodata, 0), RodataHeader.PlaceByAddress), byAddress, byCookie);
  b.setBlock(byCookie);
  b.setVar(variable, cookie(lowering));
  b.jump(found);
  b.setBlock(byAddress);
  b.setVar(variable, search(lowering, table));
  b.jump(found);
  b.setBlock(found);
}

/** Stores the number in the frame, for the code that is not in the handler's own function. */
export function keepPlace(lowering: Lowering): void {
  const place = lowering.b.getVar(placeVariable(lowering));
  lowering.b.store(Op.Store32, lowering.frame.address(), FrameWord.Place, place);
}

function placeVariable(lowering: Lowering): i32 {
  if (lowering.placeVariable < 0) lowering.placeVariable = lowering.b.variable("place");
  return lowering.placeVariable;
}

function cookie(lowering: Lowering): Ref {
  return lowering.b.callHelper(Helper.GetAttachCookie, [lowering.b.parameter(0)]);
}

/**
 * Binary search without branches, so that the verifier walks it once: each step adds half of what is left if the entry
 * there is not above the address. Differences of addresses of kernel code fit in 63 bits.
 */
function search(lowering: Lowering, table: PlaceTable): Ref {
  const b = lowering.b;
  const pointer = b.binary(Op.Sub, b.load(Op.Load64, b.parameter(0), POINTER_OFFSET), b.constant(1));
  const entries = b.addressOf(AddressKind.Bss, table.offset);
  let at = b.constant(0);
  for (let step = table.count >> 1; step > 0; step >>= 1) {
    const middle = b.binary(Op.Add, entries, b.binary(Op.Add, at, b.constant(step * PlaceEntry.Size)));
    const above = b.binary(Op.Sub, b.load(Op.Load64, middle, PlaceEntry.Address), pointer);
    // All bits if the entry's address is at most the pointer, none otherwise.
    const mask = b.binary(Op.Sar, b.binary(Op.Sub, above, b.constant(1)), b.constant(63));
    at = b.binary(Op.Add, at, b.binary(Op.And, mask, b.constant(step * PlaceEntry.Size)));
  }
  return b.load(Op.Load64, b.binary(Op.Add, entries, at), PlaceEntry.Place);
}
