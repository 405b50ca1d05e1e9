// Checks calls of the printf family: formats against arguments. The parser has seen to their first arguments. The
// result is the call's PrintSymbol. Inference decides the types of the values; it asks `wantedTypes`.

import { PrintStyle } from "../builtins/print";
import { Reporter } from "../diagnostics/diagnostic";
import { StringLiteral } from "../syntax/ast";
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
      print.values = print.call.args;
      return;
    default:
      if (print.name == "println" || print.name == "sprintln") print.values = print.call.args;
      else takeDelimiter(print);
  }
}

/** printd("delimiter", x, …). */
function takeDelimiter(print: PrintSymbol): void {
  const call = print.call;
  print.format = (<StringLiteral>call.args[0]).value;
  print.values = call.args.slice(1);
}

/** printf("format", x, …). */
function checkFormat(print: PrintSymbol, reporter: Reporter): void {
  const call = print.call;
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
