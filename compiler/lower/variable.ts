// Variables of the script: where they live, reading and writing them.
//
// Globals live in .bss. Long locals are IR variables, which the optimiser turns into registers; string locals are places.

import { NoRef, Ref } from "../ir/function";
import { Op } from "../ir/op";
import { GlobalSymbol, LocalSymbol, ScriptSymbol, SymbolKind } from "../semantic/symbols";
import { Identifier } from "../syntax/ast";
import { Type } from "../syntax/type";
import { Lowering, Storage } from "./lowering";
import { Base, capacityFor, Place } from "./place";
import { copyString, zero } from "./string";

/** The symbol of an identifier; semantic analysis has resolved them all. */
export function symbolOf(e: Identifier): ScriptSymbol {
  const symbol = e.symbol;
  assert(symbol !== null, "every identifier is resolved before lowering");
  return <ScriptSymbol>symbol!;
}

/** Makes room for a local: zero or the empty string when its owner begins. */
export function declareLocal(l: Lowering, local: LocalSymbol): Storage {
  const storage = new Storage();
  l.locals.set(local, storage);
  const framed = l.root.framed;
  if (local.type == Type.String || framed) {
    const capacity = local.type == Type.String ? capacityFor(local.maxLength) : 8;
    const place = framed ? l.newFramePlace(capacity) : l.newPlace(capacity);
    storage.place = place;
    zero(l, place);
  } else {
    storage.variable = l.b.variable(local.name);
    l.b.setVar(storage.variable, l.constant(0));
  }
  return storage;
}

function storageOf(l: Lowering, local: LocalSymbol): Storage {
  // A local of a body that several handlers share is declared by each; one that analysis missed would be a defect.
  if (l.locals.has(local)) return l.locals.get(local);
  const storage = declareLocal(l, local);
  const activation = l.root.activation;
  if (activation !== null) activation.keepPlaces();
  return storage;
}

/** The place of a string variable. */
export function placeOfVariable(l: Lowering, e: Identifier): Place {
  const symbol = symbolOf(e);
  if (symbol.kind == SymbolKind.Global) {
    const global = <GlobalSymbol>symbol;
    const offset = l.shared.globalOffsets[global.index];
    return new Place(Base.Bss, NoRef, offset, capacityFor(global.maxLength));
  }
  const place = storageOf(l, <LocalSymbol>symbol).place;
  assert(place !== null, "a string variable has a place");
  return place!;
}

/** The value of a long variable. */
export function readLong(l: Lowering, e: Identifier): Ref {
  const symbol = symbolOf(e);
  if (symbol.kind == SymbolKind.Local) return readLocal(l, storageOf(l, <LocalSymbol>symbol));
  const place = globalPlace(l, <GlobalSymbol>symbol);
  return l.b.load(Op.Load64, l.baseOf(place), l.offsetOf(place));
}

/** The value of a long local, wherever it lives. */
export function readLocal(l: Lowering, storage: Storage): Ref {
  const place = storage.place;
  return place !== null ? l.word(place, 0) : l.b.getVar(storage.variable);
}

/** Sets a long local. */
export function writeLocal(l: Lowering, storage: Storage, value: Ref): void {
  const place = storage.place;
  if (place !== null) l.storeWord(place, 0, value);
  else l.b.setVar(storage.variable, value);
}

/** Sets a long variable. */
export function writeLong(l: Lowering, e: Identifier, value: Ref): void {
  const symbol = symbolOf(e);
  if (symbol.kind == SymbolKind.Local) {
    writeLocal(l, storageOf(l, <LocalSymbol>symbol), value);
    return;
  }
  const place = globalPlace(l, <GlobalSymbol>symbol);
  l.b.store(Op.Store64, l.baseOf(place), l.offsetOf(place), value);
}

/** Gives a variable the value at a place. */
export function assignPlace(l: Lowering, e: Identifier, place: Place, type: Type): void {
  if (type == Type.String) copyString(l, place, placeOfVariable(l, e));
  else writeLong(l, e, l.word(place, 0));
}

/** Adds to a long variable whose new value nobody asks for: of a global in one atomic step. */
export function addLong(l: Lowering, e: Identifier, value: Ref): void {
  const symbol = symbolOf(e);
  if (symbol.kind == SymbolKind.Local) {
    const storage = storageOf(l, <LocalSymbol>symbol);
    writeLocal(l, storage, l.b.binary(Op.Add, readLocal(l, storage), value));
    return;
  }
  const place = globalPlace(l, <GlobalSymbol>symbol);
  l.b.atomicAdd(8, l.baseOf(place), l.offsetOf(place), value);
}

function globalPlace(l: Lowering, global: GlobalSymbol): Place {
  return new Place(Base.Bss, NoRef, l.shared.globalOffsets[global.index], 8);
}
