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
  ForeachStatement,
  Identifier,
  IndexExpression,
  InExpression,
  NodeKind,
  NumberLiteral,
  ReturnStatement,
  Statement,
  StringLiteral,
  TernaryExpression,
  TryStatement,
  UnaryExpression,
  UpdateExpression,
} from "../syntax/ast";
import { Operator } from "../syntax/token";
import { Type } from "../syntax/type";
import { Conversion, Measure } from "./formats";
import { arrayOf } from "./infer";
import { ScriptControls } from "./script";
import {
  BuiltinSymbol,
  FunctionSymbol,
  GlobalSymbol,
  PrintSymbol,
  ScriptSymbol,
  SymbolKind,
  VariableSymbol,
} from "./symbols";
import { Visitor } from "./visit";

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
export class Origins extends Visitor {
  changed: bool = false;
  private owner: FunctionSymbol | null = null;

  constructor(private controls: ScriptControls) {
    super();
  }

  /** Walks the body of a function. */
  body(symbol: FunctionSymbol): void {
    this.owner = symbol;
    const body = symbol.declaration.body;
    if (body) this.block(body);
    else symbol.isFromMachine = true;
    this.owner = null;
  }

  override expression(e: Expression): void {
    this.children(e);
    switch (e.kind) {
      case NodeKind.StringLiteral:
        this.controls.addText((<StringLiteral>e).value);
        break;
      case NodeKind.NumberLiteral:
        this.controls.addNumber((<NumberLiteral>e).value);
        break;
      case NodeKind.Assignment:
        if (isFromMachine((<AssignmentExpression>e).value)) this.mark((<AssignmentExpression>e).target);
        break;
      case NodeKind.Call:
        this.call(<CallExpression>e);
        break;
      case NodeKind.Index:
        this.passKeys(arrayOf((<IndexExpression>e).base), (<IndexExpression>e).keys);
        break;
      case NodeKind.In:
        this.passKeys(arrayOf((<InExpression>e).array), (<InExpression>e).keys);
        break;
    }
  }

  override statement(s: Statement): void {
    this.parts(s);
    const owner = this.owner;
    if (s.kind == NodeKind.Return && owner) {
      const value = (<ReturnStatement>s).value;
      if (value && !owner.isFromMachine && isFromMachine(value)) {
        owner.isFromMachine = true;
        this.changed = true;
      }
    } else if (s.kind == NodeKind.Try) {
      // The message may quote anything.
      const variable = (<TryStatement>s).variable;
      if (variable) this.mark(variable);
    } else if (s.kind == NodeKind.Foreach) {
      this.passLoopVariables(<ForeachStatement>s);
    }
  }

  private call(e: CallExpression): void {
    const symbol = <ScriptSymbol | null>e.symbol;
    if (!symbol) return;
    if (symbol.kind == SymbolKind.Function) this.passArguments(e, (<FunctionSymbol>symbol).overloads);
    if (symbol.kind != SymbolKind.Print) return;
    const print = <PrintSymbol>symbol;
    this.controls.addText(print.format);
    for (let i = 0, n = print.directives.length; i < n; ++i) {
      if (print.directives[i].conversion == Conversion.Char) this.controls.printsCharacters = true;
    }
  }

  private passArguments(e: CallExpression, overloads: FunctionSymbol[]): void {
    for (let i = 0, n = e.args.length; i < n; ++i) {
      if (!isFromMachine(e.args[i])) continue;
      for (let j = 0, m = overloads.length; j < m; ++j) this.markSymbol(overloads[j].parameters[i]);
    }
  }

  private passKeys(array: GlobalSymbol | null, keys: Expression[]): void {
    if (!array) return;
    for (let i = 0, n = min(keys.length, array.keyTypes.length); i < n; ++i) {
      if (array.keysFromMachine[i] || keys[i].kind == NodeKind.Wildcard || !isFromMachine(keys[i])) continue;
      array.keysFromMachine[i] = true;
      this.changed = true;
    }
  }

  private passLoopVariables(s: ForeachStatement): void {
    const array = arrayOf(s.array);
    if (!array) return;
    for (let i = 0, n = min(s.keys.length, array.keyTypes.length); i < n; ++i) {
      if (array.keysFromMachine[i]) this.mark(s.keys[i].variable);
    }
    const value = s.value;
    if (value && array.isFromMachine) this.mark(value);
  }

  /** A value of the machine goes to a variable or element. */
  private mark(target: Expression): void {
    const base = target.kind == NodeKind.Index ? (<IndexExpression>target).base : target;
    if (base.kind != NodeKind.Identifier) return;
    const symbol = <ScriptSymbol | null>(<Identifier>base).symbol;
    if (symbol) this.markSymbol(<VariableSymbol>symbol);
  }

  private markSymbol(symbol: VariableSymbol): void {
    if (symbol.isFromMachine) return;
    symbol.isFromMachine = true;
    this.changed = true;
  }
}
