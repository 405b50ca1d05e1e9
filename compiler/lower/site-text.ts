// The text of pp() and similar functions for the site that has fired (semantic/sites.ts), where it is not a literal: a
// row of a table in .rodata, by the site's number.

import { Helper } from "../../common/format/helpers";
import { powerOfTwo } from "../../common/format/runtime";
import { AddressKind } from "../ir/build";
import { Op } from "../ir/op";
import { zero } from "../runtime/copy";
import { Place } from "../runtime/place";
import { CallExpression, NumberLiteral } from "../syntax/ast";
import { Lowering } from "./lowering";
import { Shared } from "./shared";

/** The texts of one kind, one row for each site. */
class TextTable {
  constructor(
    /** Offset in .rodata. */
    public offset: i32,
    public rows: i32,
    /** Bytes of a row, a multiple of 8. */
    public bytes: i32,
  ) {}
}

/** Copies the text for a call's site to a place. */
export function copySiteText(lowering: Lowering, e: CallExpression, to: Place): void {
  const b = lowering.b;
  const kind = <i32>(<NumberLiteral>e.args[0]).value;
  const site = lowering.long(e.args[1]);
  const table = tableOf(lowering.shared, kind);
  // The verifier needs a separate bound here.
  const at = b.binary(Op.And, site, lowering.constant(table.rows - 1));
  const row = b.binary(Op.Mul, at, lowering.constant(table.bytes));
  const from = b.binary(Op.Add, b.addressOf(AddressKind.Rodata, table.offset), row);
  if (to.isSmall && table.bytes <= to.capacity) {
    for (let i = 0, n = to.capacity >> 3; i < n; ++i) {
      const inside = i * 8 < table.bytes;
      lowering.frame.storeWord(to, i, inside ? b.load(Op.Load64, from, i * 8) : lowering.constant(0));
    }
    return;
  }
  zero(lowering.frame, to);
  b.callHelper(Helper.ProbeReadKernelStr, [
    lowering.frame.pointer(to),
    lowering.constant(min(table.bytes, to.capacity)),
    from,
  ]);
}

function tableOf(shared: Shared, kind: i32): TextTable {
  const texts = shared.siteTexts;
  const rows = powerOfTwo(texts.length);
  let bytes = 8;
  for (let i = 0; i < rows; ++i) bytes = max(bytes, (textOf(texts, i, kind).length + 8) & ~7);
  const column: string[] = [];
  for (let i = 0; i < rows; ++i) column.push(textOf(texts, i, kind));
  return new TextTable(shared.unit.textTable(`${kind}`, column, bytes), rows, bytes);
}

/** Sites that the compiler adds have no texts, and nothing asks for them. */
function textOf(texts: string[][], site: i32, kind: i32): string {
  return site < texts.length && kind < texts[site].length ? texts[site][kind] : "";
}
