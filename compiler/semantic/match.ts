// Checks that the right side of `=~` and `!~` is a valid regular expression.

import { Reporter } from "../diagnostics/diagnostic";
import { parseRegex } from "../regex/parse";
import { Range } from "../source/source";
import { BinaryExpression, NodeKind, StringLiteral } from "../syntax/ast";
import { decodeString } from "../syntax/lexer";

/** Reports what is wrong with a regular expression, at the character that is wrong. */
export function checkRegex(reporter: Reporter, e: BinaryExpression): void {
  if (e.right.kind != NodeKind.StringLiteral) return;
  const literal = <StringLiteral>e.right;
  const parsed = parseRegex(literal.value);
  if (parsed.error.length == 0) return;
  const range = rangeOfByte(literal, parsed.errorAt);
  reporter.error(range, `invalid regular expression: ${parsed.error}`, parsed.hint);
}

/** Where byte `at` of a literal's value is written; all of the literal if it is not written in one piece. */
function rangeOfByte(literal: StringLiteral, at: i32): Range {
  const range = literal.range;
  const text = range.text;
  const n = text.length;
  if (n < 2 || text.charCodeAt(0) != 0x22 || text.charCodeAt(n - 1) != 0x22) return range;
  if (decodeString(text) != literal.value) return range;
  // The shortest beginning of the literal that gives more than `at` bytes ends in the one that is sought.
  let end = 1;
  while (end < n - 1 && decodeString(`${text.substring(0, end)}"`).length <= at) ++end;
  const start = at < literal.value.length ? max(end - 1, 1) : n - 1;
  return new Range(range.source, range.start + start, range.start + start + 1, range.expansion);
}
