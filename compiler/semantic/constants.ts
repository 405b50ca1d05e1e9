// The constants of the kernel's headers for programs, by name. The library's file constants.tab has them in lines
// "NAME value", sorted by name; a second value is arm64's.

import { Arch } from "../kernel/facts";
import { Source } from "../source/source";

/** A number that was found. */
export class FoundConstant {
  constructor(public value: i64) {}
}

/** The constant of a name; null if the file has none. */
export function findConstant(file: Source, name: string, arch: Arch): FoundConstant | null {
  const bytes = file.bytes;
  let low = 0;
  let high = bytes.length;
  // Of the lines that begin at `low` or later, and before `high`, the one in the middle is compared.
  while (low < high) {
    let start = (low + high) >> 1;
    while (start > low && bytes[start - 1] != 10) --start;
    let end = start;
    while (end < bytes.length && bytes[end] != 10) ++end;
    const line = file.slice(start, end);
    const space = line.indexOf(" ");
    const found = space < 0 ? line : line.substring(0, space);
    if (found == name) return valueIn(line.substring(space + 1), arch);
    if (found < name) low = end + 1;
    else high = start;
  }
  return null;
}

function valueIn(values: string, arch: Arch): FoundConstant {
  const space = values.indexOf(" ");
  if (space < 0) return new FoundConstant(I64.parseInt(values, 10));
  const chosen = arch == Arch.Arm64 ? values.substring(space + 1) : values.substring(0, space);
  return new FoundConstant(I64.parseInt(chosen, 10));
}
