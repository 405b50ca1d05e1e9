// Expressions that are only a text, perhaps with anchors. They need no automaton.

import { Term, TermKind } from "./tree";

/** A text at the start of a string, or all of it. */
export class PlainText {
  text: string = "";
  /** Nothing follows it. */
  isWhole: bool = false;
}

/** What `^text` or `^text$` looks for, or null. */
export function anchoredText(root: Term): PlainText | null {
  if (root.kind != TermKind.Sequence) return null;
  const parts = root.parts;
  const n = parts.length;
  if (n == 0 || parts[0].kind != TermKind.Start) return null;
  const plain = new PlainText();
  const bytes: i32[] = [];
  for (let i = 1; i < n; ++i) {
    const part = parts[i];
    if (part.kind == TermKind.End && i == n - 1) {
      plain.isWhole = true;
      break;
    }
    const set = part.set;
    if (set === null || set.only < 0) return null;
    bytes.push(set.only);
  }
  plain.text = String.fromCharCodes(bytes);
  return plain;
}
