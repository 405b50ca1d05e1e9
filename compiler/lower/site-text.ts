// The text of pp() and similar functions for the probe point that is running (semantic/sites.ts). In a function it is a
// row of a table in .rodata, indexed by the site's number. In a handler it is a literal.

import { Helper } from "../../common/format/helpers";
import { AddressKind } from "../ir/build";
import { Op } from "../ir/op";
import { zero } from "../runtime/copy";
import { Place } from "../runtime/place";
import { CallExpression, NumberLiteral } from "../syntax/ast";
import { Lowering } from "./lowering";

/** Copies the text for a call's site to a place. */
export function copySiteText(lowering: Lowering, e: CallExpression, to: Place): void {
  const b = lowering.b;
  const kind = <i32>(<NumberLiteral>e.args[0]).value;
  const site = lowering.long(e.args[1]);
  const texts = lowering.shared.siteTexts;
  let rows = 1;
  while (rows < texts.length) rows <<= 1;
  let bytes = 8;
  for (let i = 0, n = texts.length; i < n; ++i) bytes = max(bytes, (texts[i][kind].length + 8) & ~7);
  const parts: string[] = [];
  for (let i = 0; i < rows; ++i) {
    const text = i < texts.length ? texts[i][kind] : "";
    parts.push(text + "\0".repeat(bytes - text.length));
  }
  // The verifier needs a separate bound here.
  const row = b.binary(Op.Mul, b.binary(Op.And, site, lowering.constant(rows - 1)), lowering.constant(bytes));
  const from = b.binary(Op.Add, b.addressOf(AddressKind.Rodata, lowering.unit.literal(parts.join(""))), row);
  zero(lowering.frame, to);
  b.callHelper(Helper.ProbeReadKernelStr, [
    lowering.frame.pointer(to),
    lowering.constant(min(bytes, to.capacity)),
    from,
  ]);
}
