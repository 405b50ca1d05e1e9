// Prints the globals that the script writes and never reads when the session ends, as stap does. Each gets an end probe
// of its own after the script's probes. The probe is made here as a tree, so both engines and all kinds of values need
// nothing else for it.
//
//   count=5      name="init"      sizes[0,"init"] @count=2 @min=1 @max=3 @sum=4 @avg=2
//
// Arrays are sorted by value, the greatest first; arrays of statistics are sorted by count. With --folded, an array
// with a stack among its keys is printed as flame-graph tools read it:
//
//   sshd;entry_SYSCALL_64_after_hwframe;do_syscall_64;ksys_read;vfs_read 42

import { AttachKind, Engine, Show } from "../../common/format/manifest";
import { PrintStyle } from "../builtins/print";
import { findBuiltin } from "../builtins/table";
import { Range, SourceKind } from "../source/source";
import {
  BinaryExpression,
  BlockStatement,
  CallExpression,
  Expression,
  ExpressionStatement,
  ForeachKey,
  ForeachStatement,
  Identifier,
  IfStatement,
  IndexExpression,
  NumberLiteral,
  ProbeDeclaration,
  SortOrder,
  Statement,
  StatisticExpression,
  StringLiteral,
} from "../syntax/ast";
import { Operator } from "../syntax/token";
import { Binding, Type } from "../syntax/type";
import { Analysis, CodeUnit, Part } from "./analysis";
import { fillUnitEffects } from "./effects";
import { Inference } from "./infer";
import { Listing } from "./options";
import { checkPrint } from "./prints";
import { Handler, ProbeSite } from "./script";
import { collectUnit } from "./statistics";
import { BuiltinSymbol, GlobalSymbol, GlobalUse, LocalSymbol, PrintSymbol, StackForm } from "./symbols";

/** Adds an end probe for each global of the user's that is written and not read. */
export function printUnread(a: Analysis): void {
  if (!a.options.printsUnread || a.options.listing != Listing.None) return;
  for (let i = 0, n = a.globals.length; i < n; ++i) {
    const global = a.globals[i];
    if (!global.is(GlobalUse.Written) || global.is(GlobalUse.Read)) continue;
    if (global.range.source.kind == SourceKind.Tapset) continue;
    addUnit(a, new ExitPrint(a, global));
  }
}

function addUnit(a: Analysis, print: ExitPrint): void {
  const range = print.global.range;
  const block = new BlockStatement(range, [print.statement()]);
  const declaration = new ProbeDeclaration(range, [], block);
  const unit = new CodeUnit(declaration, range);
  unit.parts.push(new Part(block, a.files[0]));
  unit.locals = print.locals;
  const handler = new Handler(declaration, Engine.Agent, AttachKind.End, range);
  handler.name = "end";
  handler.locals = unit.locals;
  unit.handlers.push(handler);
  a.units.push(unit);
  a.sites.push(new ProbeSite(handler, "end", range));
  const inference = new Inference(a.reporter);
  inference.block(block);
  inference.reporting = true;
  inference.block(block);
  const at = a.units.length - 1;
  collectUnit(a, at);
  fillUnitEffects(a, at);
}

/** Makes the statement that shows one global. */
class ExitPrint {
  locals: LocalSymbol[] = [];
  private range: Range;

  constructor(
    private a: Analysis,
    public global: GlobalSymbol,
  ) {
    this.range = global.range;
  }

  statement(): Statement {
    return this.global.isArray ? this.loop() : this.scalar();
  }

  private scalar(): Statement {
    const name = this.global.displayName;
    if (this.global.type != Type.Stats) return this.printf(`${name}=${this.directive()}\n`, [this.variable()]);
    const count = new StatisticExpression(this.range, Operator.AtCount, this.variable(), []);
    const zero = new NumberLiteral(this.range, 0);
    const empty = new BinaryExpression(this.range, Operator.Equal, count, zero, this.range);
    const whenEmpty = this.printf(`${name} @count=0x0\n`, []);
    return new IfStatement(this.range, empty, whenEmpty, this.extractors(name, [], null));
  }

  private loop(): Statement {
    const global = this.global;
    const keys: ForeachKey[] = [];
    const values: Expression[] = [];
    const parts: string[] = [];
    for (let i = 0, n = global.arity; i < n; ++i) {
      const local = this.local(`__key${i}`);
      keys.push(new ForeachKey(this.range, this.name(local.name, local)));
      values.push(this.name(local.name, local));
      parts.push(global.keyTypes[i] == Type.String ? '"%#s"' : "%d");
    }
    if (this.a.options.folded && global.type != Type.String && global.keyForms.includes(StackForm.Stack))
      return this.sorted(keys, this.folded(keys, values));
    const element = `${global.displayName}[${parts.join(",")}]`;
    const body = global.type == Type.Stats ? this.extractors(element, values, keys) : this.element(element, values);
    return this.sorted(keys, body, global.type != Type.Stats ? <Identifier>values[values.length - 1] : null);
  }

  private sorted(keys: ForeachKey[], body: Statement, value: Identifier | null = null): Statement {
    const loop = new ForeachStatement(this.range, keys, this.variable(), body);
    loop.valueSort = SortOrder.Descending;
    loop.value = value;
    return loop;
  }

  /** The keys, stacks by the names of their functions, and how much of them there was. */
  private folded(keys: ForeachKey[], values: Expression[]): Statement {
    const global = this.global;
    const parts: string[] = [];
    for (let i = 0, n = global.arity; i < n; ++i) {
      parts.push(global.keyTypes[i] == Type.String ? "%s" : "%d");
      if (global.keyForms[i] != StackForm.Stack) continue;
      const show = new NumberLiteral(this.range, Show.Folded);
      const call = new CallExpression(this.range, "folded_stack", this.range, [values[i], show]);
      call.symbol = new BuiltinSymbol(findBuiltin("__stack_text")!);
      values[i] = call;
    }
    let operand: Expression = new IndexExpression(this.range, this.variable(), this.copies(keys));
    if (global.type == Type.Stats) operand = new StatisticExpression(this.range, Operator.AtCount, operand, []);
    values.push(operand);
    return this.printf(`${parts.join(";")} %d\n`, values);
  }

  private copies(keys: ForeachKey[]): Expression[] {
    const same: Expression[] = [];
    for (let k = 0; k < keys.length; ++k) same.push(this.name(keys[k].variable.name, keys[k].variable.symbol));
    return same;
  }

  private element(text: string, values: Expression[]): Statement {
    const value = this.local("__value");
    values.push(this.name(value.name, value));
    return this.printf(`${text}=${this.directive()}\n`, values);
  }

  /** A statistic's line; of an array, of the element with these keys. */
  private extractors(text: string, values: Expression[], keys: ForeachKey[] | null): Statement {
    const ops: StaticArray<Operator> = [
      Operator.AtCount,
      Operator.AtMin,
      Operator.AtMax,
      Operator.AtSum,
      Operator.AtAvg,
    ];
    for (let i = 0, n = ops.length; i < n; ++i) {
      let operand: Expression = this.variable();
      if (keys !== null) {
        operand = new IndexExpression(this.range, operand, this.copies(keys));
      }
      values.push(new StatisticExpression(this.range, ops[i], operand, []));
    }
    return this.printf(`${text} @count=%d @min=%d @max=%d @sum=%d @avg=%d\n`, values);
  }

  private directive(): string {
    return this.global.type == Type.String ? '"%#s"' : "%d";
  }

  private local(name: string): LocalSymbol {
    const local = new LocalSymbol(name, this.locals.length, this.range);
    this.locals.push(local);
    return local;
  }

  private name(text: string, symbol: Binding | null): Identifier {
    const e = new Identifier(this.range, text);
    e.symbol = symbol;
    return e;
  }

  private variable(): Identifier {
    return this.name(this.global.name, this.global);
  }

  private printf(format: string, values: Expression[]): Statement {
    const literal: Expression = new StringLiteral(this.range, format);
    const call = new CallExpression(this.range, "printf", this.range, [literal].concat(values));
    const print = new PrintSymbol("printf", call, PrintStyle.Printf, false);
    call.symbol = print;
    checkPrint(print, this.a.reporter, this.a.options.preprocess.systemtapVersion);
    return new ExpressionStatement(this.range, call);
  }
}
