// Finds out which values come from the traced machine, and which are the script's own.
//
//   execname()                      the machine's: its bytes may be anything
//   "\033[1m", 27, a ? "x" : "y"    the script's: literals, and what is computed from them alone
//   "\033[1m" . execname()          the machine's
//
// On a terminal, the control characters of the machine's values are shown escaped, while the script's pass, so that a
// script may draw (common/as/print/controls.ts). A print site records the origin of each argument.
//
// A second question is asked for system(): may the value hold bytes of the machine that a shell would take for its own?
// What shell_quote() returns may not.
//
// The analysis does not depend on the order of statements: a variable is the machine's if any value assigned to it is.
// The walk repeats until nothing changes. What it does not know is the machine's.

import { BuiltinFlags } from "../builtins/builtin";
import { SourceKind } from "../source/source";
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
  UnaryExpression,
  UpdateExpression,
} from "../syntax/ast";
import { Operator } from "../syntax/token";
import { Binding, Type } from "../syntax/type";
import { Flow, variableOf } from "./flow";
import { Conversion, Measure } from "./formats";
import { arrayOf } from "./infer";
import { ScriptControls } from "./script";
import {
  BuiltinSymbol,
  FunctionSymbol,
  GlobalSymbol,
  Holds,
  LocalSymbol,
  PrintSymbol,
  ScriptSymbol,
  SymbolKind,
  VariableSymbol,
} from "./symbols";

/** The function of the tapset whose result a shell takes for one word. */
const QUOTE: string = "shell_quote";

/** Whether a value may hold bytes of the traced machine. */
export function isFromMachine(e: Expression): bool {
  return (holds(e) & Holds.MachineBytes) != 0;
}

/** What a value may hold. */
export function holds(e: Expression): Holds {
  switch (e.kind) {
    case NodeKind.NumberLiteral:
    case NodeKind.StringLiteral:
    case NodeKind.In:
    case NodeKind.Defined:
      return Holds.Nothing;
    case NodeKind.Identifier: {
      const symbol = <ScriptSymbol | null>(<Identifier>e).symbol;
      return symbol == null ? Holds.All : (<VariableSymbol>symbol).holds;
    }
    case NodeKind.Index: {
      const array = arrayOf((<IndexExpression>e).base);
      return array == null ? Holds.All : array.holds;
    }
    case NodeKind.Unary:
      return holds((<UnaryExpression>e).operand);
    case NodeKind.PreUpdate:
    case NodeKind.PostUpdate:
      return holds((<UpdateExpression>e).operand);
    case NodeKind.Binary:
      return holds((<BinaryExpression>e).left) | holds((<BinaryExpression>e).right);
    case NodeKind.Ternary:
      return holds((<TernaryExpression>e).whenTrue) | holds((<TernaryExpression>e).whenFalse);
    case NodeKind.ChooseDefined:
      return holds((<ChooseDefinedExpression>e).value) | holds((<ChooseDefinedExpression>e).fallback);
    case NodeKind.Entry:
      return holds((<EntryExpression>e).operand);
    case NodeKind.Assignment: {
      const assignment = <AssignmentExpression>e;
      const value = holds(assignment.value);
      return assignment.op == Operator.Assign ? value : value | holds(assignment.target);
    }
    case NodeKind.Call:
      return callHolds(<CallExpression>e);
    default:
      return Holds.All;
  }
}

function callHolds(e: CallExpression): Holds {
  const symbol = <ScriptSymbol | null>e.symbol;
  if (!symbol) return Holds.All;
  if (symbol.kind == SymbolKind.Print) return textHolds(<PrintSymbol>symbol);
  if (symbol.kind == SymbolKind.Builtin) {
    return ((<BuiltinSymbol>symbol).flags & BuiltinFlags.OfArguments) == 0 ? Holds.All : anyHolds(e.args);
  }
  let result: Holds = Holds.Nothing;
  const overloads = (<FunctionSymbol>symbol).overloads;
  for (let i = 0, n = overloads.length; i < n; ++i) result |= overloads[i].holds;
  return isOfTapset(<FunctionSymbol>symbol, QUOTE) ? result & ~Holds.UnquotedBytes : result;
}

/** Whether a function is the tapset's of that name. */
export function isOfTapset(symbol: FunctionSymbol, name: string): bool {
  return symbol.name == name && symbol.range.source.kind == SourceKind.Tapset;
}

function anyHolds(list: Expression[]): Holds {
  let result: Holds = Holds.Nothing;
  for (let i = 0, n = list.length; i < n; ++i) result |= holds(list[i]);
  return result;
}

/** What the text of a sprint holds; digits of a number are harmless. */
function textHolds(print: PrintSymbol): Holds {
  const values = print.values;
  let result: Holds = Holds.Nothing;
  if (print.directives.length == 0) {
    for (let i = 0, n = values.length; i < n; ++i) {
      if (values[i].type == Type.String) result |= holds(values[i]);
    }
    return result;
  }
  let next = 0;
  for (let i = 0, n = print.directives.length; i < n; ++i) {
    const directive = print.directives[i];
    if (directive.conversion == Conversion.Literal) continue;
    if (directive.widthKind == Measure.Dynamic) ++next;
    if (directive.precisionKind == Measure.Dynamic) ++next;
    if (next >= values.length) return Holds.All;
    const value = values[next++];
    if (directive.conversion == Conversion.Memory) return Holds.All;
    if (showsBytes(directive.conversion)) result |= holds(value);
  }
  return result;
}

/** Whether a conversion puts the bytes of its value into the text. */
function showsBytes(conversion: Conversion): bool {
  return conversion == Conversion.String || conversion == Conversion.Char || conversion == Conversion.Binary;
}

/** Finds the origins of all variables and functions, and the control characters of the script's literals. */
export class Origins extends Flow {
  constructor(private controls: ScriptControls) {
    super();
  }

  override expression(e: Expression): void {
    if (e.kind == NodeKind.StringLiteral) this.controls.addText((<StringLiteral>e).value);
    else if (e.kind == NodeKind.NumberLiteral) this.controls.addNumber((<NumberLiteral>e).value);
    else if (e.kind == NodeKind.Call) this.noteFormat((<CallExpression>e).symbol);
    super.expression(e);
  }

  private noteFormat(binding: Binding | null): void {
    const symbol = <ScriptSymbol | null>binding;
    if (!symbol || symbol.kind != SymbolKind.Print) return;
    const print = <PrintSymbol>symbol;
    this.controls.addText(print.format);
    for (let i = 0, n = print.directives.length; i < n; ++i) {
      if (print.directives[i].conversion == Conversion.Char) this.controls.printsCharacters = true;
    }
  }

  private mark(symbol: VariableSymbol | null, bits: Holds): void {
    if (!symbol || (symbol.holds | bits) == symbol.holds) return;
    symbol.holds |= bits;
    this.changed = true;
  }

  protected override assign(e: AssignmentExpression): void {
    this.mark(variableOf(e.target), holds(e.value));
  }

  protected override argument(parameter: LocalSymbol, value: Expression): void {
    this.mark(parameter, holds(value));
  }

  protected override key(array: GlobalSymbol, position: i32, value: Expression): void {
    const known = array.keysHold[position];
    const all = known | holds(value);
    if (all == known) return;
    array.keysHold[position] = all;
    this.changed = true;
  }

  protected override result(owner: FunctionSymbol, value: Expression): void {
    const all = owner.holds | holds(value);
    if (all == owner.holds) return;
    owner.holds = all;
    this.changed = true;
  }

  protected override unknownResult(owner: FunctionSymbol): void {
    owner.holds = Holds.All;
  }

  protected override keyVariable(variable: VariableSymbol, array: GlobalSymbol, position: i32): void {
    this.mark(variable, array.keysHold[position]);
  }

  protected override valueVariable(variable: VariableSymbol, array: GlobalSymbol): void {
    this.mark(variable, array.holds);
  }

  /** The message may quote anything. */
  protected override message(variable: VariableSymbol): void {
    this.mark(variable, Holds.All);
  }
}
