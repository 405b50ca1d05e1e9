// Checks calls of the printf family: formats against arguments, delimiters, numbers of arguments. The result is the
// call's PrintSymbol. Inference decides the types of the values; it asks `wantedTypes`.

import { PrintStyle } from "../builtins/print";
import { Reporter } from "../diagnostics/diagnostic";
import { NodeKind, StringLiteral } from "../syntax/ast";
import { Type } from "../syntax/type";
import { Conversion, Measure, parseFormat } from "./formats";
import { PrintSymbol } from "./symbols";

/** Fills the symbol of one call; says what is wrong with the call. */
export function checkPrint(print: PrintSymbol, reporter: Reporter): void {
  switch (print.style) {
    case PrintStyle.Printf:
      checkFormat(print, reporter);
      return;
    case PrintStyle.Plain:
      checkSingle(print, reporter);
      return;
    default:
      if (print.name == "println" || print.name == "sprintln") checkSingle(print, reporter);
      else checkDelimited(print, reporter);
  }
}

/** print(x, …), println(x, …): one after the other; println() is an empty line. */
function checkSingle(print: PrintSymbol, reporter: Reporter): void {
  const call = print.call;
  if (call.args.length == 0 && print.style == PrintStyle.Plain) {
    reporter.error(call.range, `'${print.name}' takes at least 1 argument`);
    return;
  }
  print.values = call.args;
}

/** printd("delimiter", x, …). */
function checkDelimited(print: PrintSymbol, reporter: Reporter): void {
  const call = print.call;
  if (call.args.length == 0 || call.args[0].kind != NodeKind.StringLiteral) {
    const range = call.args.length == 0 ? call.range : call.args[0].range;
    reporter.error(range, `expected a string literal as the delimiter of '${print.name}'`);
    return;
  }
  if (call.args.length == 1) {
    reporter.error(call.range, `'${print.name}' takes at least 1 argument after its delimiter`);
    return;
  }
  print.format = (<StringLiteral>call.args[0]).value;
  print.values = call.args.slice(1);
}

/** printf("format", x, …). */
function checkFormat(print: PrintSymbol, reporter: Reporter): void {
  const call = print.call;
  if (call.args.length == 0 || call.args[0].kind != NodeKind.StringLiteral) {
    const range = call.args.length == 0 ? call.range : call.args[0].range;
    reporter.error(range, `expected a string literal as the format of '${print.name}'`);
    return;
  }
  const format = parseFormat((<StringLiteral>call.args[0]).value);
  if (format.error.length > 0) {
    reporter.error(call.args[0].range, format.error);
    return;
  }
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
