// The table of the builtins that are called like functions. Only the tapset may name them. A new builtin needs a row in
// its family's file, a member of `Builtin`, a case in lower/call.ts and a function of the tapset.

import { Builtin, BuiltinRow } from "./builtin";
import { callBuiltins } from "./calls";
import { contextBuiltins } from "./context";
import { controlBuiltins } from "./control";
import { memoryBuiltins } from "./memory";
import { findPrint, printNames } from "./print";
import { regexBuiltins } from "./regex";
import { registerBuiltins } from "./registers";
import { stackBuiltins } from "./stack";
import { stringBuiltins } from "./string";
import { timestampBuiltins } from "./timestamp";

const BY_NAME: Map<string, BuiltinRow> = builtins();

function builtins(): Map<string, BuiltinRow> {
  const map = new Map<string, BuiltinRow>();
  const rows = contextBuiltins()
    .concat(timestampBuiltins())
    .concat(controlBuiltins())
    .concat(regexBuiltins())
    .concat(stringBuiltins())
    .concat(registerBuiltins())
    .concat(memoryBuiltins())
    .concat(callBuiltins())
    .concat(stackBuiltins());
  for (let i = 0, n = rows.length; i < n; ++i) map.set(rows[i].name, rows[i]);
  return map;
}

/** The builtin of a name, or null. */
export function findBuiltin(name: string): BuiltinRow | null {
  return BY_NAME.has(name) ? BY_NAME.get(name) : null;
}

/** Asserts that every member of `Builtin` has one row. */
export function selfCheckBuiltins(): void {
  const seen = new StaticArray<bool>(Builtin.Size);
  const rows = BY_NAME.values();
  for (let i = 0, n = rows.length; i < n; ++i) {
    assert(!seen[rows[i].id], "one row for each builtin");
    seen[rows[i].id] = true;
  }
  const prints = printNames();
  for (let i = 0, n = prints.length; i < n; ++i) {
    const print = findPrint(prints[i]);
    if (print) seen[print.id] = true;
  }
  for (let i = 0; i < seen.length; ++i) assert(seen[i], "every builtin has a row");
}
