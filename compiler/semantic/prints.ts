// Checks calls of the printf family: formats against arguments. The parser has seen to their first arguments. The
// result is the call's PrintSymbol. Inference decides the types of the values; it asks `wantedTypes`.

import { PrintStyle } from "../builtins/print";
import { Reporter } from "../diagnostics/diagnostic";
import { CallExpression, Expression, NodeKind, StringLiteral } from "../syntax/ast";
import { Type } from "../syntax/type";
import { compareVersions } from "../syntax/wildcard";
import { Conversion, Directive, Measure, parseFormat } from "./formats";
import { PrintSymbol, ScriptSymbol, SymbolKind } from "./symbols";

const PERCENT: i32 = 0x25;
const STAR: i32 = 0x2a;
/** Characters of a pointer in older versions, "0x" included. */
const POINTER_WIDTH: i32 = 18;

/** Fills the symbol of one call, in a version of the language; says what is wrong with the call. */
export function checkPrint(print: PrintSymbol, reporter: Reporter, version: string): void {
  mergeTexts(print);
  switch (print.style) {
    case PrintStyle.Printf:
      checkFormat(print, reporter, version);
      return;
    case PrintStyle.Plain:
      print.values = print.call.args;
      return;
    default:
      if (print.name == "println" || print.name == "sprintln") print.values = print.call.args;
      else takeDelimiter(print);
  }
}

/**
 * Puts the formats of texts that target variables stand for (`$$parms`) into the format that prints them, so that they
 * are formatted where all output is, and not by the handler.
 */
function mergeTexts(print: PrintSymbol): void {
  const args = print.call.args;
  if (print.style != PrintStyle.Printf) {
    const isLine = print.name == "println" || print.name == "sprintln";
    const text = args.length == 1 && (isLine || print.style == PrintStyle.Plain) ? textOf(args[0]) : null;
    if (text === null) return;
    const format = (<StringLiteral>text.call.args[0]).value;
    print.style = PrintStyle.Printf;
    print.call.args = text.call.args.slice(0);
    print.call.args[0] = new StringLiteral(args[0].range, isLine ? format + "\n" : format);
    return;
  }
  const format = (<StringLiteral>args[0]).value;
  const merged: Expression[] = [args[0]];
  let result = "";
  let next = 1;
  for (let at = 0, n = format.length; at < n; ) {
    const end = directiveEnd(format, at);
    const directive = format.substring(at, end);
    at = end;
    const text = directive == "%s" && next < args.length ? textOf(args[next]) : null;
    if (text === null) {
      for (let k = takenBy(directive); k > 0 && next < args.length; --k) merged.push(args[next++]);
      result += directive;
      continue;
    }
    ++next;
    result += (<StringLiteral>text.call.args[0]).value;
    for (let i = 1; i < text.call.args.length; ++i) merged.push(text.call.args[i]);
  }
  if (result == format) return;
  for (; next < args.length; ++next) merged.push(args[next]);
  merged[0] = new StringLiteral(args[0].range, result);
  print.call.args = merged;
}

/** The sprintf that a target variable stands for; null for other expressions. */
function textOf(e: Expression): PrintSymbol | null {
  if (e.kind != NodeKind.Call) return null;
  const symbol = <ScriptSymbol | null>(<CallExpression>e).symbol;
  if (symbol === null || symbol.kind != SymbolKind.Print) return null;
  return (<PrintSymbol>symbol).isMade ? <PrintSymbol>symbol : null;
}

/** Where the directive or the literal text that begins at a position of a format ends. */
function directiveEnd(format: string, at: i32): i32 {
  const n = format.length;
  if (format.charCodeAt(at) != PERCENT) {
    const percent = format.indexOf("%", at);
    return percent < 0 ? n : percent;
  }
  for (let i = at + 1; i < n; ++i) {
    const c = format.charCodeAt(i) | 0x20;
    if (format.charCodeAt(i) == PERCENT || (c >= 0x61 && c <= 0x7a && c != 0x6c && c != 0x68)) return i + 1;
  }
  return n;
}

/** How many arguments a directive takes. */
function takenBy(directive: string): i32 {
  if (directive.charCodeAt(0) != PERCENT || directive.endsWith("%")) return 0;
  let taken = 1;
  for (let i = 0, n = directive.length; i < n; ++i) if (directive.charCodeAt(i) == STAR) ++taken;
  return taken;
}

/** printd("delimiter", x, …). */
function takeDelimiter(print: PrintSymbol): void {
  const call = print.call;
  print.format = (<StringLiteral>call.args[0]).value;
  print.values = call.args.slice(1);
}

/** printf("format", x, …). */
function checkFormat(print: PrintSymbol, reporter: Reporter, version: string): void {
  const call = print.call;
  const format = parseFormat((<StringLiteral>call.args[0]).value);
  if (format.error.length > 0) {
    reporter.error(call.args[0].range, format.error);
    return;
  }
  if (compareVersions(version, "1.2") <= 0) widenPointers(format.directives);
  print.directives = format.directives;
  print.format = format.text;
  print.values = call.args.slice(1);
  const wanted = wantedTypes(print).length;
  const given = print.values.length;
  if (given == wanted) return;
  const needs = `the format needs ${wanted}, the call has ${given}`;
  if (given < wanted) reporter.error(call.range, `too few arguments for format string: ${needs}`);
  else reporter.error(print.values[wanted].range, `too many arguments for format string: ${needs}`);
}

/** As up to version 1.2: a pointer has as many digits as its width permits, 16 without a width. */
function widenPointers(directives: Directive[]): void {
  for (let i = 0, n = directives.length; i < n; ++i) {
    const directive = directives[i];
    const isPlain = directive.precisionKind == Measure.None && directive.widthKind != Measure.Dynamic;
    if (directive.letter != 0x70 || !isPlain) continue;
    const width = directive.widthKind == Measure.None ? POINTER_WIDTH : directive.width;
    directive.precisionKind = Measure.Static;
    directive.precision = max(0, min(width, POINTER_WIDTH) - 2);
  }
}

/** The type that each value must have; `Unknown` if both numbers and strings are allowed. */
export function wantedTypes(print: PrintSymbol): Type[] {
  const types: Type[] = [];
  if (print.style != PrintStyle.Printf) {
    for (let i = 0, n = print.values.length; i < n; ++i) types.push(Type.Unknown);
    return types;
  }
  for (let i = 0, n = print.directives.length; i < n; ++i) {
    const directive = print.directives[i];
    if (directive.conversion == Conversion.Literal) continue;
    if (directive.widthKind == Measure.Dynamic) types.push(Type.Long);
    if (directive.precisionKind == Measure.Dynamic) types.push(Type.Long);
    types.push(directive.conversion == Conversion.String ? Type.String : Type.Long);
  }
  return types;
}

/** Takes over the call's arguments after a pass has replaced some. */
export function refreshPrint(print: PrintSymbol): void {
  const args = print.call.args;
  print.values = args.slice(args.length - print.values.length);
}
