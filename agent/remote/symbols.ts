// Addresses of the kernel's symbols, for code that reads its variables: they are put into .rodata.

import { FailureCode } from "../../common/format/frame";
import { PositionRow, SymbolRow, TableKind } from "../../common/format/manifest";
import { Failure } from "./errors";
import { findSymbols } from "./kallsyms";
import { LoadedObject } from "./object";

/** Puts in all addresses that the object asks for, before .rodata is made. */
export function fillSymbols(o: LoadedObject): Failure | null {
  const count = o.manifest.count(TableKind.Symbol);
  if (count == 0) return null;
  const names: string[] = [];
  for (let row = 0; row < count; ++row) names.push(o.manifest.text(TableKind.Symbol, row, SymbolRow.Name));
  const found = findSymbols(names);
  for (let row = 0; row < count; ++row) {
    const offset = <u32>o.manifest.field(TableKind.Symbol, row, SymbolRow.Offset);
    if (offset % 8 != 0 || <u64>offset + 8 > <u64>o.rodataBytes.length)
      return new Failure(FailureCode.Object, 0, `the address of '${names[row]}' is not in .rodata`);
    if (!found.has(names[row])) return missing(o, row, names[row]);
    store<u64>(changetype<usize>(o.rodataBytes) + offset, found.get(names[row]));
  }
  return null;
}

function missing(o: LoadedObject, row: i32, name: string): Failure {
  const position = o.manifest.field(TableKind.Symbol, row, SymbolRow.Position);
  let place = "";
  if (position >= 0) {
    const file = o.manifest.text(TableKind.Position, position, PositionRow.File);
    place = ` (${file}:${o.manifest.field(TableKind.Position, position, PositionRow.Line)})`;
  }
  const hint = "/proc/kallsyms lists the names. It has variables only with CONFIG_KALLSYMS_ALL.";
  return new Failure(FailureCode.Feature, 0, `the kernel has no variable '${name}'${place}`, hint);
}
