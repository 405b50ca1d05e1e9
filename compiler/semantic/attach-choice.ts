// How functions are probed: the cheapest way that loses nothing there. A probe point of a function resolves to a kprobe
// or kretprobe. Where the kernel has been found to bear it, fentry and fexit take their place: half the cost, and a
// return is never missed for want of room. They take one function a program, and have its arguments instead of
// registers:
//
//   kprobe, kretprobe    __context(offset in struct pt_regs)      the key of @entry: the stack pointer
//   fentry, fexit        __context(8 * number), result behind     the key: where the arguments lie, the same at both
//
// fexit has the arguments as they were at entry, too: what @entry makes of them alone needs neither array nor probe.

import { AttachTarget } from "../../common/as/attach-target";
import { CONTEXT_ADDRESS, TargetKind } from "../../common/format/attach";
import { plainName } from "../../common/format/function-name";
import { AttachKind } from "../../common/format/manifest";
import { Builtin, BuiltinFlags } from "../builtins/builtin";
import { Facts, Feature } from "../kernel/facts";
import { registersOf } from "../kernel/registers";
import { Signature } from "../kernel/signature";
import { typedAttach } from "../probes/function";
import {
  AssignmentExpression,
  BinaryExpression,
  CallExpression,
  DeleteStatement,
  Expression,
  ExpressionStatement,
  Identifier,
  IndexExpression,
  NodeKind,
  NumberLiteral,
  Statement,
  UnaryExpression,
} from "../syntax/ast";
import { Operator } from "../syntax/token";
import { Analysis, CodeUnit } from "./analysis";
import { ENTRY_PREFIX } from "./entries";
import { makeCall, makeNumber } from "./make";
import { FunctionAttach, Listing } from "./options";
import { ProbeSite } from "./script";
import { BuiltinSymbol, FunctionSymbol, GlobalSymbol, ScriptSymbol, SymbolKind } from "./symbols";
import { Visitor } from "./visit";

const WORD: i32 = 8;
/** Each takes a moment to attach and to detach; with more functions kprobes are ready sooner. */
const MOST_FUNCTIONS: i32 = 16;
/** Arguments beyond these are on the stack, and older kernels refuse such functions. */
const MOST_ARGUMENTS: i32 = 6;
/** fexit would wait for them forever; kernels from 6.16 on refuse it themselves. */
const NEVER_RETURN: StaticArray<string> = [
  "do_exit",
  "do_group_exit",
  "do_task_dead",
  "kthread_exit",
  "kthread_complete_and_exit",
  "make_task_dead",
  "module_put_and_kthread_exit",
  "__module_put_and_kthread_exit",
  "panic",
  "rewind_stack_and_make_dead",
];

/** Chooses for all units; asks for what must be known. */
export function chooseAttachments(a: Analysis): void {
  const choice = a.options.functionAttach;
  const facts = a.options.facts;
  if (choice == FunctionAttach.Kprobe || a.options.listing != Listing.None) return;
  const isForced = choice == FunctionAttach.Fentry;
  // On preemptible kernels handlers at fentry lose the events of other tasks.
  const isSafe = facts.has(Feature.RecursionGuard) && !facts.has(Feature.Preemptible);
  if (!isForced && !isSafe) return;
  // A saved object may meet a kernel where they cannot be used, or where events are lost.
  if (a.options.relocates && !isForced) return;
  if (isForced) a.types.pin("--attach=fentry");
  const found: Candidate[] = [];
  for (let i = 0, n = a.units.length; i < n; ++i) {
    const unit = a.units[i];
    if (!isFunctionUnit(unit) || unit.isEntry) continue;
    const candidate = new Candidate(a, unit);
    if (candidate.problem.length == 0) found.push(candidate);
    else if (isForced) a.reporter.error(unit.range, `fentry cannot be used here: ${candidate.problem}`);
  }
  if (!isForced && found.length > MOST_FUNCTIONS) return;
  for (let i = 0, n = found.length; i < n; ++i) found[i].choose(isForced);
}

/** Whether kprobes or kretprobes on functions run a unit. */
function isFunctionUnit(unit: CodeUnit): bool {
  if (unit.handlers.length != 1) return false;
  const attach = unit.handlers[0].attach;
  return attach == AttachKind.Kprobe || attach == AttachKind.Kretprobe;
}

/** A unit, and with @entry the one for the entry of its function. */
class Candidate {
  problem: string = "";
  private isReturn: bool;
  private entry: CodeUnit | null;
  private signature: Signature | null = null;

  constructor(
    private a: Analysis,
    private unit: CodeUnit,
  ) {
    this.isReturn = unit.handlers[0].attach == AttachKind.Kretprobe;
    this.entry = unit.entry;
    const site = this.siteOf(unit);
    const entry = this.entry;
    this.problem = site === null ? "it is on several functions, and a program takes one" : this.problemOf(site);
    if (this.problem.length == 0) this.problem = this.problemOfCode(unit, this.isReturn);
    if (this.problem.length == 0 && entry !== null) this.problem = this.problemOfCode(entry, false);
  }

  private get name(): string {
    return this.unit.site!.target.name;
  }

  /** The only site of a unit, or null. */
  private siteOf(unit: CodeUnit): ProbeSite | null {
    const sites = this.a.sites;
    let found: ProbeSite | null = null;
    for (let i = 0, n = sites.length; i < n; ++i) {
      if (sites[i].handler !== unit.handlers[0]) continue;
      if (found !== null) return null;
      found = sites[i];
    }
    return found;
  }

  private problemOf(site: ProbeSite): string {
    const facts = this.a.options.facts;
    const target = site.target;
    const name = target.name;
    if (!facts.known) return "whether the kernel can do it is known with --host only";
    if (!facts.has(Feature.RecursionGuard)) return "a program could run inside itself: Linux 5.12 or newer prevents it";
    if (target.kind != TargetKind.Function || target.isCode || target.offset != 0) return "it is for whole functions";
    if (target.module.length > 0) return `it would hold the module '${target.module}'`;
    if (plainName(name) != name) return `'${name}' is a copy that the C compiler made`;
    if (isSeveral(facts, target)) return `several functions are called '${name}'`;
    if (site.active > 0) return "'.maxactive' is for kretprobes";
    if (this.isReturn && NEVER_RETURN.includes(name)) return `'${name}' never returns`;
    return "";
  }

  private problemOfCode(unit: CodeUnit, isReturn: bool): string {
    const uses = new Uses(this.a, isReturn);
    uses.unit(unit);
    if (uses.readsRegisters) return "the probe asks for registers or the stack, which fentry does not have";
    if (uses.onStack) return "an argument is on the stack";
    if (!uses.readsContext) return "";
    const site = unit.site!;
    if (this.signature === null) this.signature = this.a.signatures.of(site.attach, site.target);
    return problemOfSignature(this.signature, site.target);
  }

  /** Takes fentry or fexit, if the kernel can. */
  choose(isForced: bool): void {
    const answers = this.a.options.facts.trampolines;
    const name = this.name;
    if (!answers.knows(name)) {
      this.a.needs.add("trampolines", name);
    } else if (answers.has(name)) {
      this.convert();
    } else if (isForced) {
      const hint = "it takes a function that ftrace and BTF know; on arm64 Linux 6.4 or newer";
      const what = `fentry cannot be used here: this kernel cannot probe '${name}' by it`;
      this.a.reporter.error(this.unit.range, what, hint);
    }
  }

  private convert(): void {
    const a = this.a;
    const unit = this.unit;
    const signature = this.signature;
    const count = signature === null ? 0 : signature.parameters.length;
    const entry = this.entry;
    // The return first: what is put into it below is converted already.
    new Converter(a, this.isReturn, count).unit(unit);
    unit.handlers[0].attach = typedAttach(unit.handlers[0].attach);
    if (entry === null) return;
    new Converter(a, false, count).unit(entry);
    this.convertKept(entry);
    if (entry.parts[0].block.statements.length == 0) remove(a, entry);
    else entry.handlers[0].attach = typedAttach(AttachKind.Kprobe);
  }

  /** Values that were kept at entry: those that arguments alone make need not be. */
  private convertKept(entry: CodeUnit): void {
    const block = entry.parts[0].block;
    const kept: Statement[] = [];
    for (let i = 0, n = block.statements.length; i < n; ++i) {
      const store = assignmentOf(block.statements[i])!;
      const global = arrayOf(store.target)!;
      const isFree = isOfArguments(store.value);
      this.convertRestored(global, isFree ? store.value : null);
      if (isFree) {
        this.a.globals.splice(this.a.globals.indexOf(global), 1);
        continue;
      }
      this.setKey(store.target);
      kept.push(block.statements[i]);
    }
    block.statements = kept;
  }

  /** The statements of the return that take a value over: from its array, or computed anew. */
  private convertRestored(global: GlobalSymbol, value: Expression | null): void {
    const block = this.unit.parts[0].block;
    const statements: Statement[] = [];
    for (let i = 0, n = block.statements.length; i < n; ++i) {
      const statement = block.statements[i];
      const load = assignmentOf(statement);
      if (load !== null && arrayOf(load.value) === global) {
        if (value !== null) load.value = value;
        else this.setKey(load.value);
      } else if (statement.kind == NodeKind.Delete && arrayOf((<DeleteStatement>statement).target) === global) {
        if (value !== null) continue;
        this.setKey((<DeleteStatement>statement).target);
      }
      statements.push(statement);
    }
    block.statements = statements;
  }

  private setKey(e: Expression): void {
    const range = e.range;
    (<IndexExpression>e).keys = [makeCall(this.a, range, "__context", [makeNumber(range, CONTEXT_ADDRESS)])];
  }
}

/** Whether several functions have the name of a target, copies by the C compiler counted. */
function isSeveral(facts: Facts, target: AttachTarget): bool {
  return facts.functions.isRepeated(target.name) || facts.functions.symbolsOf(target.name).length > 1;
}

/** What is wrong with a function's prototype: the kernel takes no others, or has their arguments elsewhere. */
function problemOfSignature(signature: Signature | null, target: AttachTarget): string {
  if (signature === null) return `the types of '${target.name}' are not known`;
  if (signature.problem.length > 0) return signature.problem;
  const count = signature.parameters.length;
  if (count > MOST_ARGUMENTS) return `'${target.name}' has more than ${MOST_ARGUMENTS} arguments`;
  for (let i = -1; i < count; ++i) {
    const type = i < 0 ? signature.result : signature.parameters[i];
    if (type <= 0) continue;
    const isWord = signature.types.sizeOf(type) <= WORD && !signature.types.isComposite(type);
    if (!isWord) return `'${target.name}' takes or returns structures by value`;
  }
  return "";
}

/** What code asks of its context, itself or in functions that it calls. */
class Uses extends Visitor {
  readsRegisters: bool = false;
  readsContext: bool = false;
  onStack: bool = false;
  private seen: Set<FunctionSymbol> = new Set<FunctionSymbol>();

  constructor(
    private a: Analysis,
    private isReturn: bool,
  ) {
    super();
  }

  unit(unit: CodeUnit): void {
    for (let i = 0, n = unit.conditions.length; i < n; ++i) this.expression(unit.conditions[i].expression);
    for (let i = 0, n = unit.parts.length; i < n; ++i) this.block(unit.parts[i].block);
  }

  override expression(e: Expression): void {
    if (e.kind == NodeKind.Register) this.readsRegisters = true;
    // Its key is not read from the context of fentry.
    if (arrayOf(e) !== null) return;
    if (e.kind == NodeKind.Call) this.call(<CallExpression>e);
    this.children(e);
  }

  private call(e: CallExpression): void {
    const symbol = <ScriptSymbol | null>e.symbol;
    if (symbol === null) return;
    if (symbol.kind == SymbolKind.Function) {
      const overloads = (<FunctionSymbol>symbol).overloads;
      for (let i = 0, n = overloads.length; i < n; ++i) this.body(overloads[i]);
    } else if (symbol.kind == SymbolKind.Builtin) {
      const builtin = <BuiltinSymbol>symbol;
      if ((builtin.flags & BuiltinFlags.ReadsRegisters) != 0) this.readsRegisters = true;
      if (builtin.id == Builtin.ContextWord) this.word(offsetOf(e));
    }
  }

  private word(offset: i32): void {
    this.readsContext = true;
    const cpu = registersOf(this.a.options.facts.arch);
    const at = cpu.argumentOffsets.indexOf(offset);
    const isKnown = this.isReturn ? offset == cpu.resultOffset : at >= 0 && at < MOST_ARGUMENTS;
    if (!isKnown) this.onStack = true;
  }

  private body(symbol: FunctionSymbol): void {
    if (this.seen.has(symbol)) return;
    this.seen.add(symbol);
    const body = symbol.declaration.body;
    if (body) this.block(body);
  }
}

/** Makes words of a function's arguments, or of its result, of those of registers. */
class Converter extends Visitor {
  private seen: Set<CallExpression> = new Set<CallExpression>();

  constructor(
    private a: Analysis,
    private isReturn: bool,
    /** Arguments of the function. */
    private count: i32,
  ) {
    super();
  }

  unit(unit: CodeUnit): void {
    for (let i = 0, n = unit.conditions.length; i < n; ++i) this.expression(unit.conditions[i].expression);
    for (let i = 0, n = unit.parts.length; i < n; ++i) this.block(unit.parts[i].block);
  }

  override expression(e: Expression): void {
    if (arrayOf(e) !== null) return;
    if (e.kind == NodeKind.Call && isWord(<CallExpression>e)) this.word(<CallExpression>e);
    this.children(e);
  }

  private word(e: CallExpression): void {
    // A tree may stand in several places.
    if (this.seen.has(e)) return;
    this.seen.add(e);
    const cpu = registersOf(this.a.options.facts.arch);
    const at = this.isReturn ? this.count : cpu.argumentOffsets.indexOf(offsetOf(e));
    e.args = [makeNumber(e.range, at * WORD)];
  }
}

function isWord(e: CallExpression): bool {
  const symbol = <ScriptSymbol | null>e.symbol;
  return symbol !== null && symbol.kind == SymbolKind.Builtin && (<BuiltinSymbol>symbol).id == Builtin.ContextWord;
}

function offsetOf(e: CallExpression): i32 {
  return <i32>(<NumberLiteral>e.args[0]).value;
}

/** Whether arguments alone make a value. */
function isOfArguments(e: Expression): bool {
  switch (e.kind) {
    case NodeKind.NumberLiteral:
      return true;
    case NodeKind.Call:
      return isWord(<CallExpression>e);
    case NodeKind.Unary:
      return isOfArguments((<UnaryExpression>e).operand);
    case NodeKind.Binary: {
      const binary = <BinaryExpression>e;
      const mayFail = binary.op == Operator.Divide || binary.op == Operator.Modulo;
      return !mayFail && isOfArguments(binary.left) && isOfArguments(binary.right);
    }
    default:
      return false;
  }
}

/** The array of @entry that has an element; null: it is something else. */
function arrayOf(e: Expression): GlobalSymbol | null {
  if (e.kind != NodeKind.Index) return null;
  const base = (<IndexExpression>e).base;
  if (base.kind != NodeKind.Identifier) return null;
  const symbol = <ScriptSymbol | null>(<Identifier>base).symbol;
  if (symbol === null || symbol.kind != SymbolKind.Global) return null;
  const global = <GlobalSymbol>symbol;
  return global.name.startsWith(ENTRY_PREFIX) ? global : null;
}

function assignmentOf(s: Statement): AssignmentExpression | null {
  if (s.kind != NodeKind.Expression) return null;
  const e = (<ExpressionStatement>s).expression;
  return e.kind == NodeKind.Assignment ? <AssignmentExpression>e : null;
}

/** Takes away a unit that does nothing, and its site. */
function remove(a: Analysis, unit: CodeUnit): void {
  a.units.splice(a.units.indexOf(unit), 1);
  for (let i = a.sites.length - 1; i >= 0; --i) if (unit.handlers.includes(a.sites[i].handler)) a.sites.splice(i, 1);
}
