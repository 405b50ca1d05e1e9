// Hints for text that is not of this language, but that people write: quotes of a word processor, bpftrace programs.

import { Operator, Token, TokenKind } from "./token";

/** U+2018 to U+201F: the quotes “ ” ‘ ’ and their kin. */
export function isTypographicQuote(text: string): bool {
  if (text.length < 3 || text.charCodeAt(0) != 0xe2 || text.charCodeAt(1) != 0x80) return false;
  const last = text.charCodeAt(2);
  return last >= 0x98 && last <= 0x9f;
}

/** What to write instead of a bpftrace probe that begins with `first`, which `next` follows; or nothing. */
export function bpftraceProbeHint(first: Token, next: Token): string {
  if (first.kind != TokenKind.Identifier) return "";
  if (next.is(Operator.OpenBrace) && first.text == "BEGIN") return instead("begin");
  if (next.is(Operator.OpenBrace) && first.text == "END") return instead("end");
  if (!next.is(Operator.Colon)) return "";
  const points = ["kprobe", "kretprobe", "fentry", "fexit", "tracepoint", "rawtracepoint", "interval", "profile"];
  const ours = [
    'kernel.function("NAME")',
    'kernel.function("NAME").return',
    'kernel.function("NAME")',
    'kernel.function("NAME").return',
    'kernel.trace("NAME")',
    'kernel.trace("NAME")',
    "timer.s(N)",
    "timer.profile",
  ];
  const at = points.indexOf(first.text);
  return at >= 0 ? instead(ours[at]) : "";
}

function instead(point: string): string {
  return `this looks like bpftrace; the language is SystemTap's, which writes 'probe ${point} { ... }'`;
}

/** What to write instead of a bpftrace map, if `word` is followed by something that uses it as a variable. */
export function bpftraceMapHint(word: Token, next: Token): string {
  switch (next.op) {
    case Operator.Assign:
    case Operator.OpenBracket:
    case Operator.Increment:
    case Operator.Decrement:
    case Operator.AddAssign:
      break;
    default:
      return "";
  }
  const name = word.text.substring(1);
  return `this looks like a map of bpftrace; declare 'global ${name}' outside of the probe, and write '${name}'`;
}
