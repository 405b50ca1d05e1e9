// Globals that the script writes and never reads: their values are shown at the end, as in stap.

import { GlobalFlags, GlobalRow, GlobalType, TableKind } from "../../common/format/manifest";
import { LoadedObject } from "./object";

/** One global's value. */
export class GlobalValue {
  value: u64 = 0;
  /** a string's bytes, in .bss */
  at: usize = 0;
  bytes: i32 = 0;

  constructor(
    public name: string,
    /** GlobalType */
    public type: i32,
  ) {}
}

/** Values of the globals that are printed at exit, in the manifest's order. */
export function readGlobals(object: LoadedObject): GlobalValue[] {
  let manifest = object.manifest;
  let found: GlobalValue[] = [];
  for (let row = 0, n = manifest.count(TableKind.Global); row < n; ++row) {
    if ((manifest.field(TableKind.Global, row, GlobalRow.Flags) & GlobalFlags.PrintAtExit) == 0) continue;
    let type = manifest.field(TableKind.Global, row, GlobalRow.Type);
    let offset = manifest.field(TableKind.Global, row, GlobalRow.Offset);
    let bytes = manifest.field(TableKind.Global, row, GlobalRow.Bytes);
    let value = new GlobalValue(manifest.text(TableKind.Global, row, GlobalRow.Name), type);
    if (offset < 0 || bytes < 0 || offset > object.bssBytes - bytes) continue;
    let at = object.bssAddress + <usize>offset;
    if (type == GlobalType.Long) {
      if (bytes < 8) continue;
      value.value = load<u64>(at);
    } else {
      value.at = at;
      while (value.bytes < bytes && load<u8>(at + value.bytes) != 0) ++value.bytes;
    }
    found.push(value);
  }
  return found;
}
