// Decides which strings hold stacks in packed form (common/as/stack-words.ts): eight bytes for each address, where the
// text that a script would see has nineteen. `n[backtrace()]++` then costs little more than the words themselves, and a
// string of MAXSTRINGLEN holds more than twice as many frames.
//
// A variable, parameter, result, key or value of an array is packed if only stacks are ever put into it and only
// prints, print_stack() and other packed places take them out. Where a script looks inside (a comparison, strlen,
// tokenize, a sort by that key), the text is made.
//
//   n[backtrace()]++                             packed key
//   foreach (s in n) print_stack(s)              packed variable
//   s = backtrace(); if (strlen(s) > 10) …       text
//
// The walk repeats until nothing changes; in the end calls of __backtrace whose result is packed get another builtin.

import { Show } from "../../common/format/manifest";
import { Builtin } from "../builtins/builtin";
import { HEX_BYTES, PACKED_BYTES } from "../builtins/stack";
import { findBuiltin } from "../builtins/table";
import {
  AssignmentExpression,
  CallExpression,
  Expression,
  ExpressionStatement,
  ForeachStatement,
  Identifier,
  IndexExpression,
  InExpression,
  NodeKind,
  NumberLiteral,
  ReturnStatement,
  SortOrder,
  Statement,
  StringLiteral,
  TernaryExpression,
} from "../syntax/ast";
import { Operator } from "../syntax/token";
import { Type } from "../syntax/type";
import { Flow, variableOf } from "./flow";
import { Conversion, Measure } from "./formats";
import { arrayOf } from "./infer";
import {
  BuiltinSymbol,
  FunctionSymbol,
  GlobalSymbol,
  LocalSymbol,
  PrintSymbol,
  ScriptSymbol,
  StackForm,
  SymbolKind,
  VariableSymbol,
} from "./symbols";

/** Which builtin a call names; Size: none. */
function builtinOf(e: Expression): Builtin {
  if (e.kind != NodeKind.Call) return Builtin.Size;
  const symbol = <ScriptSymbol | null>(<CallExpression>e).symbol;
  return symbol && symbol.kind == SymbolKind.Builtin ? (<BuiltinSymbol>symbol).id : Builtin.Size;
}

/** Whether a string expression has a packed value, after the analysis. */
export function isPacked(e: Expression): bool {
  return builtinOf(e) == Builtin.PackedBacktrace || (formOf(e) == StackForm.Stack && builtinOf(e) == Builtin.Size);
}

/** What the value of a print is made of, if that is addresses. */
export function showOf(e: Expression): Show {
  const builtin = builtinOf(e);
  if (builtin == Builtin.StackText || builtin == Builtin.SymbolText)
    return <Show>(<i32>(<NumberLiteral>(<CallExpression>e).args[1]).value);
  return e.type == Type.String && isPacked(e) ? Show.Hex : Show.Value;
}

/** What is known of the values of an expression so far. */
function formOf(e: Expression): StackForm {
  switch (e.kind) {
    case NodeKind.StringLiteral:
      // The empty string is an empty stack, too.
      return (<StringLiteral>e).value.length == 0 ? StackForm.Unknown : StackForm.Text;
    case NodeKind.Identifier: {
      const symbol = <ScriptSymbol | null>(<Identifier>e).symbol;
      return symbol == null ? StackForm.Text : (<VariableSymbol>symbol).stackForm;
    }
    case NodeKind.Index: {
      const array = arrayOf((<IndexExpression>e).base);
      return array == null ? StackForm.Text : array.stackForm;
    }
    case NodeKind.Ternary:
      return joined(formOf((<TernaryExpression>e).whenTrue), formOf((<TernaryExpression>e).whenFalse));
    case NodeKind.Assignment:
      return (<AssignmentExpression>e).op == Operator.Assign ? formOf((<AssignmentExpression>e).value) : StackForm.Text;
    case NodeKind.Call:
      return formOfCall(<CallExpression>e);
    default:
      return StackForm.Text;
  }
}

function formOfCall(e: CallExpression): StackForm {
  const builtin = builtinOf(e);
  if (builtin == Builtin.Backtrace || builtin == Builtin.PackedBacktrace) return StackForm.Stack;
  const symbol = <ScriptSymbol | null>e.symbol;
  if (!symbol || symbol.kind != SymbolKind.Function) return StackForm.Text;
  let form = StackForm.Unknown;
  const overloads = (<FunctionSymbol>symbol).overloads;
  for (let i = 0, n = overloads.length; i < n; ++i) form = joined(form, overloads[i].stackForm);
  return form;
}

function joined(a: StackForm, b: StackForm): StackForm {
  return a > b ? a : b;
}

/** Finds the forms of all variables and functions. */
export class Packing extends Flow {
  /** Expressions whose value goes to a place that may be packed. */
  private carried: Set<Expression> = new Set<Expression>();

  constructor(private maxFrames: i32) {
    super();
  }

  /** Notes what the children of an expression are for, before they are visited. */
  override expression(e: Expression): void {
    this.carryOperands(e);
    const builtin = builtinOf(e);
    if (builtin == Builtin.Backtrace) {
      (<BuiltinSymbol>(<CallExpression>e).symbol!).maxLength = HEX_BYTES * this.maxFrames - 1;
    } else if (e.type == Type.String && !this.isCarried(e)) {
      this.demandText(e);
    }
    super.expression(e);
  }

  override statement(s: Statement): void {
    if (s.kind == NodeKind.Return) {
      const value = (<ReturnStatement>s).value;
      if (value) this.carried.add(value);
    } else if (s.kind == NodeKind.Expression) {
      this.carried.add((<ExpressionStatement>s).expression);
    } else if (s.kind == NodeKind.Foreach) {
      this.carryLoop(<ForeachStatement>s);
    }
    super.statement(s);
  }

  private isCarried(e: Expression): bool {
    return this.carried.has(e) && (e.kind != NodeKind.Ternary || formOf(e) != StackForm.Text);
  }

  private carryOperands(e: Expression): void {
    if (e.kind == NodeKind.Assignment && (<AssignmentExpression>e).op == Operator.Assign) {
      this.carried.add((<AssignmentExpression>e).target);
      this.carried.add((<AssignmentExpression>e).value);
    } else if (e.kind == NodeKind.Ternary && this.carried.has(e)) {
      this.carried.add((<TernaryExpression>e).whenTrue);
      this.carried.add((<TernaryExpression>e).whenFalse);
    } else if (e.kind == NodeKind.Index) {
      this.carried.add((<IndexExpression>e).base);
      this.carryAll((<IndexExpression>e).keys);
    } else if (e.kind == NodeKind.In) {
      this.carried.add((<InExpression>e).array);
      this.carryAll((<InExpression>e).keys);
    } else if (e.kind == NodeKind.Call) {
      this.carryArguments(<CallExpression>e);
    }
  }

  private carryArguments(e: CallExpression): void {
    const symbol = <ScriptSymbol | null>e.symbol;
    if (!symbol) return;
    if (symbol.kind == SymbolKind.Print) this.carryPrinted(<PrintSymbol>symbol);
    else if (symbol.kind == SymbolKind.Function || (<BuiltinSymbol>symbol).id == Builtin.StackText)
      this.carryAll(e.args);
  }

  /** Values that the host formats. */
  private carryPrinted(print: PrintSymbol): void {
    if (print.isValue) return;
    if (print.directives.length == 0) this.carryAll(print.values);
    let next = 0;
    for (let i = 0, n = print.directives.length; i < n; ++i) {
      const directive = print.directives[i];
      if (directive.conversion == Conversion.Literal) continue;
      if (directive.widthKind == Measure.Dynamic) ++next;
      if (directive.precisionKind == Measure.Dynamic) ++next;
      if (next < print.values.length && directive.conversion == Conversion.String) this.carried.add(print.values[next]);
      ++next;
    }
  }

  private carryLoop(s: ForeachStatement): void {
    this.carried.add(s.array);
    const array = arrayOf(s.array);
    for (let i = 0, n = s.keys.length; i < n; ++i) {
      this.carried.add(s.keys[i].variable);
      // The order of the texts is wanted.
      if (array && s.keys[i].sort != SortOrder.None && i < array.keyTypes.length)
        this.learnKey(array, i, StackForm.Text);
    }
    const value = s.value;
    if (value) this.carried.add(value);
    if (array && s.valueSort != SortOrder.None) this.learn(array, StackForm.Text);
    const slice = s.slice;
    if (slice) this.carryAll(slice);
  }

  private carryAll(list: Expression[]): void {
    for (let i = 0, n = list.length; i < n; ++i) this.carried.add(list[i]);
  }

  // ---------------------------------------------------------------------------------------------------------- learning

  private learn(symbol: VariableSymbol, form: StackForm): void {
    if (form <= symbol.stackForm) return;
    symbol.stackForm = form;
    this.changed = true;
  }

  private learnKey(array: GlobalSymbol, position: i32, form: StackForm): void {
    if (form <= array.keyForms[position]) return;
    array.keyForms[position] = form;
    this.changed = true;
  }

  private learnResult(owner: FunctionSymbol, form: StackForm): void {
    if (form <= owner.stackForm) return;
    owner.stackForm = form;
    this.changed = true;
  }

  /** The value of an expression is needed as text: nothing that it comes from may be packed. */
  private demandText(e: Expression): void {
    switch (e.kind) {
      case NodeKind.Identifier: {
        const symbol = <ScriptSymbol | null>(<Identifier>e).symbol;
        if (symbol) this.learn(<VariableSymbol>symbol, StackForm.Text);
        return;
      }
      case NodeKind.Index: {
        const array = arrayOf((<IndexExpression>e).base);
        if (array) this.learn(array, StackForm.Text);
        return;
      }
      case NodeKind.Ternary:
        this.demandText((<TernaryExpression>e).whenTrue);
        this.demandText((<TernaryExpression>e).whenFalse);
        return;
      case NodeKind.Assignment:
        this.demandText((<AssignmentExpression>e).target);
        this.demandText((<AssignmentExpression>e).value);
        return;
      case NodeKind.Call: {
        const symbol = <ScriptSymbol | null>(<CallExpression>e).symbol;
        if (!symbol || symbol.kind != SymbolKind.Function) return;
        const overloads = (<FunctionSymbol>symbol).overloads;
        for (let i = 0, n = overloads.length; i < n; ++i) this.learnResult(overloads[i], StackForm.Text);
        return;
      }
      default:
        return;
    }
  }

  /** A value goes to a place of some form; returns what the place is to be. */
  private pass(value: Expression, form: StackForm): StackForm {
    if (value.type != Type.String) return form;
    if (form == StackForm.Text) this.demandText(value);
    return joined(form, formOf(value));
  }

  protected override assign(e: AssignmentExpression): void {
    const variable = variableOf(e.target);
    if (!variable) return;
    if (e.op != Operator.Assign) this.learn(variable, StackForm.Text);
    else if (e.value.type == Type.String) this.learn(variable, this.pass(e.value, variable.stackForm));
  }

  protected override argument(parameter: LocalSymbol, value: Expression): void {
    this.learn(parameter, this.pass(value, parameter.stackForm));
  }

  protected override key(array: GlobalSymbol, position: i32, value: Expression): void {
    this.learnKey(array, position, this.pass(value, array.keyForms[position]));
  }

  protected override result(owner: FunctionSymbol, value: Expression): void {
    this.learnResult(owner, this.pass(value, owner.stackForm));
  }

  protected override unknownResult(owner: FunctionSymbol): void {
    owner.stackForm = StackForm.Text;
  }

  protected override keyVariable(variable: VariableSymbol, array: GlobalSymbol, position: i32): void {
    const form = joined(variable.stackForm, array.keyForms[position]);
    this.learn(variable, form);
    if (form == StackForm.Text) this.learnKey(array, position, form);
  }

  protected override valueVariable(variable: VariableSymbol, array: GlobalSymbol): void {
    const form = joined(variable.stackForm, array.stackForm);
    this.learn(variable, form);
    if (form == StackForm.Text) this.learn(array, form);
  }

  protected override message(variable: VariableSymbol): void {
    this.learn(variable, StackForm.Text);
  }
}

/** Makes the calls packed whose values go to packed places, or are printed. */
export class Packer extends Flow {
  private packed: BuiltinSymbol;

  constructor(maxFrames: i32) {
    super();
    this.packed = new BuiltinSymbol(findBuiltin("__packed_backtrace")!);
    this.packed.maxLength = PACKED_BYTES * maxFrames;
  }

  private pack(value: Expression): void {
    if (value.kind == NodeKind.Ternary) {
      this.pack((<TernaryExpression>value).whenTrue);
      this.pack((<TernaryExpression>value).whenFalse);
    } else if (value.kind == NodeKind.Assignment) {
      this.pack((<AssignmentExpression>value).value);
    } else if (builtinOf(value) == Builtin.Backtrace) {
      (<CallExpression>value).symbol = this.packed;
    }
  }

  override expression(e: Expression): void {
    super.expression(e);
    if (builtinOf(e) == Builtin.StackText) this.packCarried((<CallExpression>e).args[0]);
    if (e.kind != NodeKind.Call) return;
    const symbol = <ScriptSymbol | null>(<CallExpression>e).symbol;
    if (!symbol || symbol.kind != SymbolKind.Print || (<PrintSymbol>symbol).isValue) return;
    const values = (<PrintSymbol>symbol).values;
    for (let i = 0, n = values.length; i < n; ++i) this.packCarried(values[i]);
  }

  private packCarried(value: Expression): void {
    if (value.type == Type.String && formOf(value) == StackForm.Stack) this.pack(value);
  }

  protected override assign(e: AssignmentExpression): void {
    const variable = variableOf(e.target);
    if (variable && variable.stackForm == StackForm.Stack) this.pack(e.value);
  }

  protected override argument(parameter: LocalSymbol, value: Expression): void {
    if (parameter.stackForm == StackForm.Stack) this.pack(value);
  }

  protected override key(array: GlobalSymbol, position: i32, value: Expression): void {
    if (array.keyForms[position] == StackForm.Stack) this.pack(value);
  }

  protected override result(owner: FunctionSymbol, value: Expression): void {
    if (owner.stackForm == StackForm.Stack) this.pack(value);
  }

  protected override unknownResult(_owner: FunctionSymbol): void {}
  protected override keyVariable(_variable: VariableSymbol, _array: GlobalSymbol, _position: i32): void {}
  protected override valueVariable(_variable: VariableSymbol, _array: GlobalSymbol): void {}
  protected override message(_variable: VariableSymbol): void {}
}
