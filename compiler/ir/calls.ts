// What passes may know of kernel helpers: the rows of common/format/helpers.ts, found by number.

import { HelperRow, helperRows } from "../../common/format/helpers";

/** Made when the module starts: what a pass allocates is given back with its function (compiler/memory.ts). */
const rows: HelperRow[] = helperRows();

/** The row of a helper, or null if the table has none. */
export function helperRow(helper: i32): HelperRow | null {
  for (let i = 0, n = rows.length; i < n; ++i) {
    if (<i32>rows[i].id == helper) return rows[i];
  }
  return null;
}

/** Whether the helper gives the same value throughout one handler invocation and does nothing else. */
export function isPureHelper(helper: i32): bool {
  const row = helperRow(helper);
  return row !== null && row.isConstant;
}

/** Whether the helper neither reads nor writes memory that the program has other ways to reach. */
export function leavesMemoryAlone(helper: i32): bool {
  const row = helperRow(helper);
  return row !== null && row.leavesMemoryAlone;
}
