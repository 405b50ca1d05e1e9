// Computes the greatest length of each string, in bytes without the NUL. Frames, slots and records reserve that much
// room.
//
// The length of a literal is known, execname() has at most 15 bytes, and a variable is as long as the longest value
// assigned to it. The walk repeats until no length grows. A string that is assigned to itself (x = x . "a") would grow
// without end, so after a few rounds a growing length is set to the limit.

import { AS_FIRST_ESCAPED, AS_SECOND } from "../builtins/lengths";
import { PrintStyle } from "../builtins/print";
import {
  AssignmentExpression,
  BinaryExpression,
  CallExpression,
  ChooseDefinedExpression,
  EntryExpression,
  Expression,
  Identifier,
  IndexExpression,
  NodeKind,
  NumberLiteral,
  StringLiteral,
  TernaryExpression,
} from "../syntax/ast";
import { Operator } from "../syntax/token";
import { Type } from "../syntax/type";
import { Flow, variableOf } from "./flow";
import { Conversion, Directive, Measure } from "./formats";
import { arrayOf } from "./infer";
import {
  BuiltinSymbol,
  FunctionSymbol,
  GlobalSymbol,
  LocalSymbol,
  PrintSymbol,
  ScriptSymbol,
  SymbolKind,
  VariableSymbol,
} from "./symbols";

/** Characters of the longest number in any base, with sign and prefix: octal has 22 digits. */
const NUMBER_LENGTH: i32 = 24;

/** The same in decimal, with its sign; in hex, with "0x"; of one character that is escaped. */
const DECIMAL_LENGTH: i32 = 20;
const HEX_LENGTH: i32 = 18;
const ESCAPE_LENGTH: i32 = 4;

/** After this many rounds, a length that still grows is set to the limit. */
const ROUNDS: i32 = 4;

/** Greatest length of a string expression, at most `limit` (MAXSTRINGLEN - 1). */
export function maxLengthOf(e: Expression, limit: i32): i32 {
  switch (e.kind) {
    case NodeKind.StringLiteral:
      return min((<StringLiteral>e).value.length, limit);
    case NodeKind.Identifier: {
      const symbol = <ScriptSymbol | null>(<Identifier>e).symbol;
      return symbol ? min((<VariableSymbol>symbol).maxLength, limit) : limit;
    }
    case NodeKind.Index: {
      const array = arrayOf((<IndexExpression>e).base);
      return array ? min(array.maxLength, limit) : limit;
    }
    case NodeKind.Binary: {
      const binary = <BinaryExpression>e;
      if (binary.op != Operator.Concat) return limit;
      return min(maxLengthOf(binary.left, limit) + maxLengthOf(binary.right, limit), limit);
    }
    case NodeKind.Ternary: {
      const ternary = <TernaryExpression>e;
      return max(maxLengthOf(ternary.whenTrue, limit), maxLengthOf(ternary.whenFalse, limit));
    }
    case NodeKind.ChooseDefined: {
      const choose = <ChooseDefinedExpression>e;
      return max(maxLengthOf(choose.value, limit), maxLengthOf(choose.fallback, limit));
    }
    case NodeKind.Entry:
      return maxLengthOf((<EntryExpression>e).operand, limit);
    case NodeKind.Assignment: {
      const assignment = <AssignmentExpression>e;
      if (assignment.op == Operator.Assign) return maxLengthOf(assignment.value, limit);
      return maxLengthOf(assignment.target, limit);
    }
    case NodeKind.Call:
      return callLength(<CallExpression>e, limit);
    default:
      return limit;
  }
}

function callLength(e: CallExpression, limit: i32): i32 {
  const symbol = <ScriptSymbol | null>e.symbol;
  if (!symbol) return limit;
  if (symbol.kind == SymbolKind.Builtin) return builtinLength((<BuiltinSymbol>symbol).maxLength, e, limit);
  if (symbol.kind == SymbolKind.Print) return printLength(<PrintSymbol>symbol, limit);
  const overloads = (<FunctionSymbol>symbol).overloads;
  let longest = 0;
  for (let i = 0, n = overloads.length; i < n; ++i) longest = max(longest, overloads[i].maxLength);
  return min(longest, limit);
}

function builtinLength(length: i32, e: CallExpression, limit: i32): i32 {
  if (length >= 0) return min(length, limit);
  if (length == AS_SECOND) {
    if (e.args[1].kind != NodeKind.NumberLiteral) return limit;
    return <i32>max<i64>(0, min<i64>((<NumberLiteral>e.args[1]).value, limit));
  }
  const first = maxLengthOf(e.args[0], limit);
  return min(length == AS_FIRST_ESCAPED ? 4 * first + 5 : first, limit);
}

/** The greatest length of the text of a print. */
function printLength(print: PrintSymbol, limit: i32): i32 {
  let length = print.style == PrintStyle.DelimitedLine ? 1 : 0;
  if (print.style != PrintStyle.Printf) {
    const values = print.values;
    for (let i = 0, n = values.length; i < n; ++i) {
      if (values[i].kind == NodeKind.Histogram) return limit;
      if (i > 0) length += print.format.length;
      length += values[i].type == Type.String ? maxLengthOf(values[i], limit) : DECIMAL_LENGTH;
      if (length >= limit) return limit;
    }
    return min(length, limit);
  }
  let next = 0;
  for (let i = 0, n = print.directives.length; i < n && length < limit; ++i) {
    const directive = print.directives[i];
    if (directive.conversion == Conversion.Literal) {
      length += directive.text.length;
      continue;
    }
    if (directive.widthKind == Measure.Dynamic) ++next;
    if (directive.precisionKind == Measure.Dynamic) ++next;
    if (next >= print.values.length) return limit;
    length += directiveLength(directive, print.values[next++], limit);
  }
  return min(length, limit);
}

/** The greatest length of the text of one directive. */
function directiveLength(directive: Directive, value: Expression, limit: i32): i32 {
  if (directive.widthKind == Measure.Dynamic) return limit;
  const isString = directive.conversion == Conversion.String;
  if (directive.precisionKind == Measure.Dynamic && !isString) return limit;
  const precision = directive.precisionKind == Measure.Static ? directive.precision : -1;
  let length: i32;
  switch (directive.conversion) {
    case Conversion.String:
      length = maxLengthOf(value, limit);
      if (precision >= 0) length = min(length, precision);
      if (directive.flags.includes("#")) length = min(length * ESCAPE_LENGTH, limit);
      break;
    case Conversion.Signed:
    case Conversion.Unsigned:
      length = max(DECIMAL_LENGTH, precision + 1);
      break;
    case Conversion.Hex:
      length = max(HEX_LENGTH, precision + 2);
      break;
    case Conversion.Char:
      length = ESCAPE_LENGTH;
      break;
    case Conversion.Binary:
      length = 8;
      break;
    case Conversion.Memory:
      length = 2 * max(1, precision);
      break;
    default:
      length = max(NUMBER_LENGTH, precision + 1);
  }
  // `0` on text appends a NUL byte.
  const nul = directive.flags.includes("0") && !isNumber(directive.conversion) ? 1 : 0;
  return max(length, directive.width) + nul;
}

function isNumber(conversion: Conversion): bool {
  return conversion != Conversion.String && conversion != Conversion.Memory;
}

/** Computes the greatest lengths of all variables and functions from the code that is walked. */
export class Lengths extends Flow {
  private round: i32 = 0;

  constructor(private limit: i32) {
    super();
  }

  /** Begins another walk over everything. */
  begin(): void {
    this.changed = false;
    ++this.round;
  }

  private grown(before: i32, length: i32): i32 {
    if (length <= before) return before;
    this.changed = true;
    return this.round > ROUNDS ? this.limit : length;
  }

  /** A string of some length goes to a variable or element. */
  private give(symbol: VariableSymbol | null, length: i32): void {
    if (symbol && symbol.type == Type.String) symbol.maxLength = this.grown(symbol.maxLength, length);
  }

  protected override assign(e: AssignmentExpression): void {
    if (e.op == Operator.Assign && e.value.type == Type.String) {
      this.give(variableOf(e.target), maxLengthOf(e.value, this.limit));
    } else if (e.op == Operator.ConcatAssign) {
      const sum = maxLengthOf(e.target, this.limit) + maxLengthOf(e.value, this.limit);
      this.give(variableOf(e.target), min(sum, this.limit));
    }
  }

  protected override argument(parameter: LocalSymbol, value: Expression): void {
    if (value.type == Type.String) this.give(parameter, maxLengthOf(value, this.limit));
  }

  protected override key(array: GlobalSymbol, position: i32, value: Expression): void {
    if (array.keyTypes[position] != Type.String) return;
    array.keyLengths[position] = this.grown(array.keyLengths[position], maxLengthOf(value, this.limit));
  }

  protected override result(owner: FunctionSymbol, value: Expression): void {
    if (value.type == Type.String) owner.maxLength = this.grown(owner.maxLength, maxLengthOf(value, this.limit));
  }

  protected override unknownResult(owner: FunctionSymbol): void {
    if (owner.returnType == Type.String) owner.maxLength = this.limit;
  }

  protected override keyVariable(variable: VariableSymbol, array: GlobalSymbol, position: i32): void {
    if (array.keyTypes[position] == Type.String) this.give(variable, array.keyLengths[position]);
  }

  protected override valueVariable(variable: VariableSymbol, array: GlobalSymbol): void {
    if (array.type == Type.String) this.give(variable, array.maxLength);
  }

  protected override message(variable: VariableSymbol): void {
    this.give(variable, this.limit);
  }
}
