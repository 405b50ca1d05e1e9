// Finds out which values come from the traced machine, and which are the script's own.
//
//   execname()                      the machine's: its bytes may be anything
//   "\033[1m", 27, a ? "x" : "y"    the script's: literals, and what is computed from them alone
//   "\033[1m" . execname()          the machine's
//
// On a terminal, the control characters of the machine's values are shown escaped, while the script's pass, so that a
// script may draw (common/as/print/controls.ts). A print site records the origin of each argument.
//
// The analysis does not depend on the order of statements: a variable is the machine's if any value assigned to it is.
// The walk repeats until nothing changes. What it does not know is the machine's.

import { BuiltinFlags } from "../builtins/builtin";
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
  LocalSymbol,
  PrintSymbol,
  ScriptSymbol,
  SymbolKind,
  VariableSymbol,
} from "./symbols";

/** Whether a value may hold bytes of the traced machine. */
export function isFromMachine(e: Expression): bool {
  switch (e.kind) {
    case NodeKind.NumberLiteral:
    case NodeKind.StringLiteral:
    case NodeKind.In:
    case NodeKind.Defined:
      return false;
    case NodeKind.Identifier: {
      const symbol = <ScriptSymbol | null>(<Identifier>e).symbol;
      return symbol == null || (<VariableSymbol>symbol).isFromMachine;
    }
    case NodeKind.Index: {
      const array = arrayOf((<IndexExpression>e).base);
      return array == null || array.isFromMachine;
    }
    case NodeKind.Unary:
      return isFromMachine((<UnaryExpression>e).operand);
    case NodeKind.PreUpdate:
    case NodeKind.PostUpdate:
      return isFromMachine((<UpdateExpression>e).operand);
    case NodeKind.Binary:
      return isFromMachine((<BinaryExpression>e).left) || isFromMachine((<BinaryExpression>e).right);
    case NodeKind.Ternary:
      return isFromMachine((<TernaryExpression>e).whenTrue) || isFromMachine((<TernaryExpression>e).whenFalse);
    case NodeKind.ChooseDefined: {
      const choose = <ChooseDefinedExpression>e;
      return isFromMachine(choose.value) || isFromMachine(choose.fallback);
    }
    case NodeKind.Entry:
      return isFromMachine((<EntryExpression>e).operand);
    case NodeKind.Assignment: {
      const assignment = <AssignmentExpression>e;
      if (isFromMachine(assignment.value)) return true;
      return assignment.op != Operator.Assign && isFromMachine(assignment.target);
    }
    case NodeKind.Call:
      return isCallFromMachine(<CallExpression>e);
    default:
      return true;
  }
}

function isCallFromMachine(e: CallExpression): bool {
  const symbol = <ScriptSymbol | null>e.symbol;
  if (!symbol) return true;
  if (symbol.kind == SymbolKind.Print) return isTextFromMachine(<PrintSymbol>symbol);
  if (symbol.kind == SymbolKind.Builtin) {
    return ((<BuiltinSymbol>symbol).flags & BuiltinFlags.OfArguments) == 0 || anyFromMachine(e.args);
  }
  const overloads = (<FunctionSymbol>symbol).overloads;
  for (let i = 0, n = overloads.length; i < n; ++i) {
    if (overloads[i].isFromMachine) return true;
  }
  return false;
}

function anyFromMachine(list: Expression[]): bool {
  for (let i = 0, n = list.length; i < n; ++i) {
    if (isFromMachine(list[i])) return true;
  }
  return false;
}

/** Whether the text of a sprint has bytes of the machine; digits of a number are harmless. */
function isTextFromMachine(print: PrintSymbol): bool {
  const values = print.values;
  if (print.directives.length == 0) {
    for (let i = 0, n = values.length; i < n; ++i) {
      if (values[i].type == Type.String && isFromMachine(values[i])) return true;
    }
    return false;
  }
  let next = 0;
  for (let i = 0, n = print.directives.length; i < n; ++i) {
    const directive = print.directives[i];
    if (directive.conversion == Conversion.Literal) continue;
    if (directive.widthKind == Measure.Dynamic) ++next;
    if (directive.precisionKind == Measure.Dynamic) ++next;
    if (next >= values.length) return true;
    const value = values[next++];
    if (directive.conversion == Conversion.Memory) return true;
    if (showsBytes(directive.conversion) && isFromMachine(value)) return true;
  }
  return false;
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

  private mark(symbol: VariableSymbol | null): void {
    if (!symbol || symbol.isFromMachine) return;
    symbol.isFromMachine = true;
    this.changed = true;
  }

  protected override assign(e: AssignmentExpression): void {
    if (isFromMachine(e.value)) this.mark(variableOf(e.target));
  }

  protected override argument(parameter: LocalSymbol, value: Expression): void {
    if (isFromMachine(value)) this.mark(parameter);
  }

  protected override key(array: GlobalSymbol, position: i32, value: Expression): void {
    if (array.keysFromMachine[position] || !isFromMachine(value)) return;
    array.keysFromMachine[position] = true;
    this.changed = true;
  }

  protected override result(owner: FunctionSymbol, value: Expression): void {
    if (owner.isFromMachine || !isFromMachine(value)) return;
    owner.isFromMachine = true;
    this.changed = true;
  }

  protected override unknownResult(owner: FunctionSymbol): void {
    owner.isFromMachine = true;
  }

  protected override keyVariable(variable: VariableSymbol, array: GlobalSymbol, position: i32): void {
    if (array.keysFromMachine[position]) this.mark(variable);
  }

  protected override valueVariable(variable: VariableSymbol, array: GlobalSymbol): void {
    if (array.isFromMachine) this.mark(variable);
  }

  /** The message may quote anything. */
  protected override message(variable: VariableSymbol): void {
    this.mark(variable);
  }
}
