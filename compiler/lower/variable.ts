// Variables of the script: where they live, and how they are read and written.
//
// Globals live in .bss. Long locals are IR variables, which the optimiser turns into registers. String locals are
// places.

import { NoRef, Ref } from "../ir/function";
import { Op } from "../ir/op";
import { copyString, zero } from "../runtime/copy";
import { Base, capacityFor, Place } from "../runtime/place";
import { GlobalSymbol, LocalSymbol, SymbolKind } from "../semantic/symbols";
import { Identifier } from "../syntax/ast";
import { Type } from "../syntax/type";
import { Lowering } from "./lowering";
import { symbolOf } from "./names";
import { Storage } from "./scope";

/** Declares a local. It is zero or the empty string when its owner begins. */
export function declareLocal(lowering: Lowering, local: LocalSymbol): Storage {
  const storage = new Storage();
  lowering.scope.locals.set(local, storage);
  const framed = lowering.root.frame.holdsLocals;
  if (local.type == Type.String || framed) {
    const capacity = local.type == Type.String ? capacityFor(local.maxLength) : 8;
    const place = framed ? lowering.frame.newFramePlace(capacity) : lowering.frame.newPlace(capacity);
    storage.place = place;
    zero(lowering.frame, place);
  } else {
    storage.variable = lowering.b.variable(local.name);
    lowering.b.setVar(storage.variable, lowering.constant(0));
  }
  return storage;
}

function storageOf(lowering: Lowering, local: LocalSymbol): Storage {
  // Several handlers may share a body; each declares its locals. A local that analysis missed would be a defect.
  if (lowering.scope.locals.has(local)) return lowering.scope.locals.get(local);
  const storage = declareLocal(lowering, local);
  const activation = lowering.root.activation;
  if (activation !== null) activation.keepPlaces();
  return storage;
}

/** The place of a string variable. */
export function placeOfVariable(lowering: Lowering, e: Identifier): Place {
  const symbol = symbolOf(e);
  if (symbol.kind == SymbolKind.Global) {
    const global = <GlobalSymbol>symbol;
    const offset = lowering.shared.storageOf(global).offset;
    return new Place(Base.Bss, NoRef, offset, capacityFor(global.maxLength));
  }
  const place = storageOf(lowering, <LocalSymbol>symbol).place;
  assert(place !== null, "a string variable has a place");
  return place!;
}

/** The value of a long variable. */
export function readLong(lowering: Lowering, e: Identifier): Ref {
  const symbol = symbolOf(e);
  if (symbol.kind == SymbolKind.Local) return readLocal(lowering, storageOf(lowering, <LocalSymbol>symbol));
  const place = globalPlace(lowering, <GlobalSymbol>symbol);
  return lowering.b.load(Op.Load64, lowering.frame.baseOf(place), lowering.frame.offsetOf(place));
}

/** The value of a long local, in a variable or in the frame. */
function readLocal(lowering: Lowering, storage: Storage): Ref {
  const place = storage.place;
  return place !== null ? lowering.frame.word(place, 0) : lowering.b.getVar(storage.variable);
}

/** Sets a long local. */
function writeLocal(lowering: Lowering, storage: Storage, value: Ref): void {
  const place = storage.place;
  if (place !== null) lowering.frame.storeWord(place, 0, value);
  else lowering.b.setVar(storage.variable, value);
}

/** Sets a long variable. */
export function writeLong(lowering: Lowering, e: Identifier, value: Ref): void {
  const symbol = symbolOf(e);
  if (symbol.kind == SymbolKind.Local) {
    writeLocal(lowering, storageOf(lowering, <LocalSymbol>symbol), value);
    return;
  }
  const place = globalPlace(lowering, <GlobalSymbol>symbol);
  lowering.b.store(Op.Store64, lowering.frame.baseOf(place), lowering.frame.offsetOf(place), value);
}

/** Assigns the value at a place to a variable. */
export function assignPlace(lowering: Lowering, e: Identifier, place: Place, type: Type): void {
  if (type == Type.String) copyString(lowering.frame, place, placeOfVariable(lowering, e));
  else writeLong(lowering, e, lowering.frame.word(place, 0));
}

/** Adds to a long variable whose new value is not used. For a global it is one atomic step. */
export function addLong(lowering: Lowering, e: Identifier, value: Ref): void {
  const symbol = symbolOf(e);
  if (symbol.kind == SymbolKind.Local) {
    const storage = storageOf(lowering, <LocalSymbol>symbol);
    writeLocal(lowering, storage, lowering.b.binary(Op.Add, readLocal(lowering, storage), value));
    return;
  }
  const place = globalPlace(lowering, <GlobalSymbol>symbol);
  lowering.b.atomicAdd(8, lowering.frame.baseOf(place), lowering.frame.offsetOf(place), value);
}

function globalPlace(lowering: Lowering, global: GlobalSymbol): Place {
  return new Place(Base.Bss, NoRef, lowering.shared.storageOf(global).offset, 8);
}
