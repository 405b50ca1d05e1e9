// Resolves target variables: `$x->f`, `@cast(p, "type")->f`, `@entry(…)`, and `value->f` where the type of the value is
// known from where it comes from. Each becomes a tree of plain expressions: words of the handler's context, additions,
// reads of memory. What cannot be resolved stays, with the reason; if the code that has it is kept, that is reported.

import { CoreKind } from "../../common/format/btf";
import { AttachKind } from "../../common/format/manifest";
import { NearMatches } from "../kernel/near";
import { Access } from "../kernel/relocations";
import { Location, Signature, shapeOf } from "../kernel/signature";
import { findType } from "../kernel/type-names";
import { Types } from "../kernel/types";
import { CallGroup, fieldLocal } from "../probes/call-code";
import { SiteVariable } from "../probes/family";
import { Range } from "../source/source";
import {
  AssignmentExpression,
  AtVarExpression,
  AutocastExpression,
  CallExpression,
  CastExpression,
  ChooseDefinedExpression,
  ConstExpression,
  DefinedExpression,
  DerefExpression,
  EntryExpression,
  Expression,
  Identifier,
  IndexExpression,
  NodeKind,
  ReturnStatement,
  Statement,
  StringLiteral,
  TargetExpression,
  TargetVariable,
  TernaryExpression,
  UpdateExpression,
} from "../syntax/ast";
import { Operator } from "../syntax/token";
import { Analysis, CodeUnit } from "./analysis";
import { CValue, Form, makeOffset, makeRelocated } from "./c-value";
import { integerOf, isInteger } from "./collect";
import { findConstant } from "./constants";
import { EntryUnit, localIn, spellingOf } from "./entries";
import { hasTarget } from "./fold";
import { makeBinary, makeCall, makeName, makeNumber } from "./make";
import { PointeeType } from "./pointee";
import { NamedValue, prettyNumbers, prettyPrint, prettyVariables } from "./pretty";
import { Rewriter } from "./rewrite";
import { ProbeSite } from "./script";
import { listVariables, variableExpression, variableOf } from "./site-code";
import { FunctionSymbol, ScriptSymbol, SymbolKind } from "./symbols";
import { prettyDepth, TargetPath } from "./target-path";

/** Walks over all code: each may tell more of what values point to. */
const MOST_WALKS: i32 = 32;

/** The section of BTF with the per-CPU variables. */
const PER_CPU: string = ".data..percpu";

/** Resolves the target variables of all units and functions. */
export function resolveTargets(a: Analysis): void {
  const resolver = new TargetResolver(a);
  for (let walk = 0; walk < MOST_WALKS; ++walk) {
    resolver.changed = false;
    // Units for entries are added while the list is walked.
    for (let i = 0; i < a.units.length; ++i) resolver.resolveUnit(a.units[i]);
    for (let i = 0, n = a.functions.length; i < n; ++i) {
      if (a.functions[i].resolved) resolver.resolveFunction(a.functions[i]);
    }
    if (!resolver.changed || a.types.isPending) return;
  }
}

class TargetResolver extends Rewriter {
  /** What values point to became known: code that was walked before may be resolved now. */
  changed: bool = false;
  private unit: CodeUnit | null = null;
  private owner: FunctionSymbol | null = null;
  /** The first site of the unit; all have the same signature. */
  private site: ProbeSite | null = null;
  private signature: Signature | null = null;
  /** Code for the entry of a function, in @entry of its return. */
  private isEntry: bool = false;
  /** In an expression that a site has for a target variable. */
  private isInCode: bool = false;
  /** In @defined: only whether something exists matters. */
  private isAsked: bool = false;
  private entries: Map<CodeUnit, EntryUnit> = new Map<CodeUnit, EntryUnit>();

  constructor(private a: Analysis) {
    super();
  }

  resolveUnit(unit: CodeUnit): void {
    this.unit = unit;
    this.owner = null;
    this.site = unit.site;
    this.signature = null;
    for (let i = 0; i < unit.parts.length; ++i) this.block(unit.parts[i].block);
  }

  resolveFunction(symbol: FunctionSymbol): void {
    this.unit = null;
    this.site = null;
    this.signature = null;
    this.owner = symbol;
    const body = symbol.declaration.body;
    if (body) this.block(body);
  }

  /** The signature of the unit's sites; asked for when something needs it. */
  private signatureOfUnit(): Signature | null {
    const site = this.site;
    if (this.signature === null && site !== null) this.signature = this.a.signatures.of(site.attach, site.target);
    return this.signature;
  }

  private get isReturn(): bool {
    const site = this.site;
    return site !== null && site.attach == AttachKind.Kretprobe;
  }

  // ------------------------------------------------------------------------------------------------------ expressions

  override expression(e: Expression): Expression {
    switch (e.kind) {
      case NodeKind.Entry:
        return this.entry(<EntryExpression>e);
      case NodeKind.TargetVariable:
      case NodeKind.Cast:
      case NodeKind.Autocast:
      case NodeKind.AtVar:
        return this.target(<TargetExpression>e);
      case NodeKind.Assignment:
        return this.assignment(<AssignmentExpression>e);
      case NodeKind.Const:
        return this.constant(<ConstExpression>e);
      case NodeKind.Defined:
        return this.defined(<DefinedExpression>e);
      case NodeKind.ChooseDefined: {
        const choose = <ChooseDefinedExpression>e;
        if (hasTarget(choose.value)) choose.isTyped = true;
        const before = this.beginFollowing();
        choose.value = this.expression(choose.value);
        choose.exists = this.followed(choose.exists, e.range, before);
        choose.fallback = this.expression(choose.fallback);
        return e;
      }
      case NodeKind.PreUpdate:
      case NodeKind.PostUpdate:
        this.refuseWrite((<UpdateExpression>e).operand);
        break;
      default:
        break;
    }
    this.children(e);
    this.notePointee(e);
    return e;
  }

  private defined(e: DefinedExpression): Expression {
    const operand = e.operand;
    // A parameter is checked before the code is loaded at all.
    const isPlain = operand.kind == NodeKind.TargetVariable && (<TargetVariable>operand).path.length == 0;
    if (hasTarget(operand)) e.isTyped = true;
    this.isAsked = true;
    const before = this.beginFollowing();
    this.children(e);
    this.isAsked = false;
    e.exists = this.followed(e.exists, e.range, before);
    if (isPlain && !hasTarget(e.operand)) e.isTyped = false;
    return e;
  }

  /** Begins to note which members are followed; what was noted before. */
  private beginFollowing(): Access[] {
    const relocations = this.a.types.relocations;
    if (relocations === null) return [];
    const before = relocations.followed;
    relocations.followed = [];
    return before;
  }

  /** Whether all members are there that were followed since then, and what was asked before. */
  private followed(asked: Expression | null, range: Range, before: Access[]): Expression | null {
    const relocations = this.a.types.relocations;
    if (relocations === null) return null;
    const accesses = relocations.followed;
    relocations.followed = before.concat(accesses);
    for (let i = 0, n = accesses.length; i < n; ++i) {
      const one = makeRelocated(range, relocations.field(CoreKind.FieldExists, accesses[i]));
      asked = asked === null ? one : makeBinary(range, Operator.LogicalAnd, <Expression>asked, one);
    }
    return asked;
  }

  override statement(s: Statement): Statement {
    this.parts(s);
    const owner = this.owner;
    if (s.kind == NodeKind.Return && owner !== null) {
      const value = (<ReturnStatement>s).value;
      if (value !== null && value.pointee !== null && owner.overloads[0].learn(<PointeeType>value.pointee)) {
        this.changed = true;
      }
    }
    return s;
  }

  /** What names and calls point to is known from other places. */
  private notePointee(e: Expression): void {
    switch (e.kind) {
      case NodeKind.Identifier: {
        const symbol = <ScriptSymbol | null>(<Identifier>e).symbol;
        if (symbol !== null) e.pointee = symbol.pointee;
        return;
      }
      case NodeKind.Index: {
        e.pointee = (<IndexExpression>e).base.pointee;
        return;
      }
      case NodeKind.Call: {
        const symbol = <ScriptSymbol | null>(<CallExpression>e).symbol;
        if (symbol !== null && symbol.kind == SymbolKind.Function) {
          e.pointee = (<FunctionSymbol>symbol).overloads[0].pointee;
        }
        return;
      }
      case NodeKind.Ternary: {
        const ternary = <TernaryExpression>e;
        e.pointee = ternary.whenTrue.pointee !== null ? ternary.whenTrue.pointee : ternary.whenFalse.pointee;
        return;
      }
      default:
        return;
    }
  }

  /** A number, or the name of one in the kernel's headers for programs, or in an enum of the kernel. */
  private constant(e: ConstExpression): Expression {
    if (isInteger(e.text)) return makeNumber(e.range, integerOf(e.text));
    const tapset = this.a.options.tapset;
    if (tapset.constants.length > 0) {
      if (!tapset.sources.has(tapset.constants)) {
        this.a.needs.add("tapset", tapset.constants);
        return e;
      }
      const known = findConstant(tapset.sources.get(tapset.constants), e.text, this.a.options.facts.arch);
      if (known !== null) return makeNumber(e.range, known.value);
    }
    const types = this.a.types.of("");
    const found = types !== null ? types.findEnumerator(e.text) : null;
    if (found === null) return e;
    const relocations = types!.relocations;
    if (relocations === null) return makeNumber(e.range, found.value);
    const number = relocations.enumerator(types!, found);
    if (number >= 0) return makeRelocated(e.range, number);
    relocations.pin(`the enum without a name that has '${e.text}'`);
    return makeNumber(e.range, found.value);
  }

  private assignment(e: AssignmentExpression): Expression {
    if (this.isVerdict(e)) return this.verdict(e);
    this.refuseWrite(e.target);
    this.children(e);
    const pointee = <PointeeType | null>e.value.pointee;
    if (pointee === null || e.op != Operator.Assign) return e;
    e.pointee = pointee;
    const target = e.target;
    const name = target.kind == NodeKind.Index ? (<IndexExpression>target).base : target;
    if (name.kind != NodeKind.Identifier) return e;
    const symbol = <ScriptSymbol | null>(<Identifier>name).symbol;
    if (symbol !== null && symbol.learn(pointee)) this.changed = true;
    return e;
  }

  /** Whether it is what an LSM hook answers. */
  private isVerdict(e: AssignmentExpression): bool {
    const site = this.site;
    if (site === null || site.attach != AttachKind.Lsm || e.op != Operator.Assign) return false;
    if (e.target.kind != NodeKind.TargetVariable) return false;
    const target = <TargetVariable>e.target;
    return target.name == "$return" && target.path.length == 0;
  }

  private verdict(e: AssignmentExpression): Expression {
    const signature = this.signatureOfUnit();
    const target = <TargetExpression>e.target;
    const isVoid = signature !== null && signature.result <= 0;
    if (isVoid) this.fail(target, `the hook '${this.site!.target.name}' returns nothing`);
    else if (!this.a.options.preprocess.guru) this.fail(target, "denying what a hook is about needs guru mode; use -g");
    if (target.problem.length > 0) return e;
    this.changed = true;
    return makeCall(this.a, e.range, "__verdict", [this.expression(e.value)]);
  }

  /** A BPF program cannot write the kernel's memory. */
  private refuseWrite(e: Expression): void {
    const isTarget = e.kind >= NodeKind.TargetVariable && e.kind <= NodeKind.Autocast;
    if (!isTarget || (<TargetExpression>e).problem.length > 0) return;
    this.fail(
      <TargetExpression>e,
      "target variables cannot be written: BPF programs must not change the kernel's memory",
    );
  }

  private fail(e: TargetExpression, problem: string, hint: string = ""): Expression {
    e.problem = problem;
    e.problemHint = hint;
    return e;
  }

  // --------------------------------------------------------------------------------------------------------- targets

  private target(e: TargetExpression): Expression {
    if (e.problem.length > 0) return e;
    const calls = this.unit !== null ? this.unit!.calls : null;
    if (calls !== null && e.kind == NodeKind.TargetVariable) return this.callField(<TargetVariable>e, calls);
    const coded = e.kind == NodeKind.TargetVariable ? this.codedVariable(<TargetVariable>e) : null;
    if (coded !== null) return coded;
    // In a return probe `$x->f` means what it was at entry.
    if (this.isReturn && !this.isEntry && isParameter(e)) return this.kept(e, e);
    this.children(e);
    if (e.kind == NodeKind.TargetVariable && (<TargetVariable>e).name.startsWith("$$")) {
      return this.texts(<TargetVariable>e);
    }
    const start = this.start(e);
    if (start === null) return e;
    const path = new TargetPath(e.range, nameOf(e));
    const value = path.follow(start, e.path);
    let result: Expression | null = null;
    if (value !== null) {
      const depth = prettyDepth(e.path);
      if (depth > 0) result = prettyPrint(this.a, e.range, value, depth);
      else result = e.addressOf ? path.address(value) : path.number(value);
    }
    // A struct exists, though it has no value.
    if (result === null && value !== null && this.isAsked) result = makeNumber(e.range, 0);
    if (result === null) return this.fail(e, path.problem, path.hint);
    if (result.pointee !== null) e.pointee = result.pointee;
    return result;
  }

  /** An argument of a system call, which the code before the handler's has put into a local. */
  private callField(e: TargetVariable, calls: CallGroup): Expression {
    const name = e.name == "$return" ? "retval" : fieldLocal(e.name.substring(1));
    const locals = this.unit!.locals;
    for (let i = 0, n = locals.length; i < n && e.path.length == 0; ++i) {
      if (locals[i].name == name && (calls.isReturn || e.name != "$return")) return makeName(e.range, locals[i]);
    }
    const fields = calls.rows.length == 1 ? calls.fields : "";
    const hint = fields.length > 0 ? `there are: ${fields}` : "";
    return this.fail(e, `the system call has no argument '${e.name}'`, hint);
  }

  /** A target variable that the site has an expression for; null: it has none at all. */
  private codedVariable(e: TargetVariable): Expression | null {
    const site = this.site;
    if (site === null || site.code.length == 0) return null;
    // The expressions themselves name what the kernel's types say.
    if (this.isInCode) return null;
    const variable = variableOf(site, e.name);
    if (variable !== null) {
      if (e.path.length > 0) return this.fail(e, `'${e.name}' has no type`, 'name one: @cast($arg1, "type")->member');
      if (variable.text.length == 0) return this.fail(e, `'${e.name}' cannot be read: ${variable.problem}`);
      return this.coded(variable, e.range);
    }
    if (e.name == "$$vars" || e.name == "$$parms") return this.codedTexts(e, site.code);
    const names = listVariables(site.code).replaceAll(":long", "").trim();
    return this.fail(e, `'${site.target.name}' has no target variable '${e.name}'`, `there are: ${names}`);
  }

  private coded(variable: SiteVariable, range: Range): Expression {
    const before = this.isInCode;
    this.isInCode = true;
    const value = this.expression(variableExpression(this.a, variable, range));
    this.isInCode = before;
    return value;
  }

  /** `$$vars`: those that can be read. */
  private codedTexts(e: TargetVariable, code: SiteVariable[]): Expression {
    const names: string[] = [];
    const values: Expression[] = [];
    for (let i = 0, n = code.length; i < n; ++i) {
      if (code[i].name.startsWith("$$") || code[i].text.length == 0) continue;
      names.push(code[i].name);
      values.push(this.coded(code[i], e.range));
    }
    return prettyNumbers(this.a, e.range, names, values);
  }

  private entry(e: EntryExpression): Expression {
    if (this.isEntry) return this.expression(e.operand);
    const isField = e.operand.kind == NodeKind.TargetVariable && (<TargetVariable>e.operand).path.length == 0;
    // The registers of a process stay as they are until its system call returns.
    if (this.unit !== null && this.unit!.calls !== null && isField) return this.expression(e.operand);
    if (!this.isReturn) {
      const inner = new TargetVariable(e.range, "@entry");
      return this.fail(inner, "@entry is for probes on the return of a function");
    }
    return this.kept(e, e.operand);
  }

  /** The local that has what `operand` was at entry. */
  private kept(e: Expression, operand: Expression): Expression {
    const unit = this.unit!;
    if (!this.entries.has(unit)) this.entries.set(unit, new EntryUnit(this.a, unit));
    const entries = this.entries.get(unit);
    const spelling = spellingOf(operand);
    let local = entries.find(spelling);
    if (local === null) {
      const other = localIn(operand);
      if (other.length > 0) return this.failEntry(e, other);
      this.isEntry = true;
      const value = this.expression(operand);
      this.isEntry = false;
      if (isUnresolved(value)) return value;
      local = entries.keep(spelling, value);
      local.pointee = <PointeeType | null>value.pointee;
      this.changed = true;
    }
    const name = makeName(e.range, local);
    name.pointee = local.pointee;
    return name;
  }

  /** What is read at entry cannot depend on what the return probe finds out. */
  private failEntry(e: Expression, local: string): Expression {
    const target = e.kind == NodeKind.TargetVariable ? <TargetExpression>e : new TargetVariable(e.range, "@entry");
    const name = target.kind == NodeKind.TargetVariable ? (<TargetVariable>target).name : "";
    const hint = name.startsWith("$") ? `@entry(${name}) is known at entry: read on from there` : "";
    return this.fail(target, `the local variable '${local}' has no value yet when the function begins`, hint);
  }

  /** What a path begins with; null if it is not known, or not yet. */
  private start(e: TargetExpression): CValue | null {
    switch (e.kind) {
      case NodeKind.TargetVariable:
        return this.variable(<TargetVariable>e);
      case NodeKind.Cast:
        return this.cast(<CastExpression>e);
      case NodeKind.Autocast:
        return this.autocast(<AutocastExpression>e);
      default:
        return this.kernelVariable(<AtVarExpression>e);
    }
  }

  private variable(e: TargetVariable): CValue | null {
    const signature = this.signatureFor(e);
    if (signature === null) return null;
    if (e.name == "$return") return this.result(e, signature);
    const at = signature.find(e.name.substring(1));
    if (at >= 0) {
      const tree = this.located(e.range, signature.locations[at]);
      this.needParameter(signature, at);
      return new CValue(Form.Value, signature.types, signature.parameters[at], tree, false, nearOf(e));
    }
    const near = new NearMatches(e.name.substring(1));
    near.addAll(signature.names);
    const names = signature.names.map<string>((name: string) => `$${name}`).join(" ");
    const what = this.isEntry ? "parameter" : "target variable";
    const hint = names.length > 0 ? `there are: ${names}` : "it has none";
    this.fail(e, `'${this.site!.target.name}' has no ${what} '${e.name}'`, hint);
    return null;
  }

  /** The signature, or the reason why there is none. */
  private signatureFor(e: TargetExpression): Signature | null {
    const site = this.site;
    if (site === null) {
      this.fail(e, `'${nameOf(e)}' can be used in probes only, not in functions`);
      return null;
    }
    const signature = this.signatureOfUnit();
    if (signature !== null && signature.problem.length == 0) return signature;
    if (signature !== null) this.fail(e, `'${nameOf(e)}' is not known: ${signature.problem}`);
    else if (!this.a.signatures.hasTarget(site.attach)) {
      this.fail(e, `'${nameOf(e)}' is not known: '${site.point}' has no target variables`);
    } else this.failTypes(e, site.target.module);
    return null;
  }

  /** Says why the kernel's types are not known, unless they are still to come. */
  private failTypes(e: TargetExpression, module: string): void {
    if (this.a.types.isPending) return;
    if (!this.a.options.facts.known) {
      this.fail(e, `what '${nameOf(e)}' is depends on the kernel`, "say which with --host");
    } else if (module.length > 0) {
      this.fail(e, `the types of the module '${module}' are not known: the kernel has no BTF of it`);
    } else {
      this.fail(e, `what '${nameOf(e)}' is cannot be known: the kernel has no BTF (CONFIG_DEBUG_INFO_BTF)`);
    }
  }

  private result(e: TargetVariable, signature: Signature): CValue | null {
    const isHook = this.site !== null && this.site!.attach == AttachKind.Lsm;
    if (!isHook && (!this.isReturn || this.isEntry)) {
      this.fail(e, "'$return' is for probes on the return of a function");
      return null;
    }
    if (signature.result <= 0) {
      this.fail(e, `'${this.site!.target.name}' returns nothing`);
      return null;
    }
    const tree = this.located(e.range, signature.resultLocation);
    this.needParameter(signature, -1);
    // It stands behind the arguments, however many there are.
    if (isHook) this.a.types.pin("$return of a hook");
    return new CValue(Form.Value, signature.types, signature.result, tree, false, nearOf(e));
  }

  /** Notes that a parameter, or -1 for the result, must be where it is here in the kernel that runs the code. */
  private needParameter(signature: Signature, i: i32): void {
    const types = signature.types;
    if (types.relocations === null) return;
    const name = i < 0 ? "return" : signature.names[i];
    const shape = shapeOf(types, i < 0 ? signature.result : signature.parameters[i]);
    if (shape.length == 0 || name.length == 0) this.a.types.pin(`the type of '$${name}'`);
    const text = `${i} ${name} ${shape}`;
    const unit = this.unit!;
    const needing = this.isEntry && this.entries.has(unit) ? this.entries.get(unit).unit : unit;
    if (!unit.parameters.includes(text)) unit.parameters.push(text);
    if (!needing.parameters.includes(text)) needing.parameters.push(text);
  }

  private located(range: Range, location: Location): Expression {
    const word = makeCall(this.a, range, "__context", [makeNumber(range, location.context)]);
    if (location.stack < 0) return word;
    const address = makeOffset(range, word, location.stack);
    return new DerefExpression(range, Operator.AtKderef, 8, address);
  }

  private cast(e: CastExpression): CValue | null {
    const types = this.castTypes(e);
    if (types === null) return null;
    const id = findType(types, e.typeName);
    if (id <= 0) {
      this.fail(e, `unable to find type '${e.typeName}'`);
      return null;
    }
    // A pointer's type says what the value is; any other type what it points to.
    const form: Form = types.isPointer(id) ? Form.Value : Form.Pointer;
    return new CValue(form, types, id, e.operand, false, nearOf(e));
  }

  private castTypes(e: CastExpression): Types | null {
    const site = this.site;
    const isKernel = e.module.length == 0 || e.module.startsWith("kernel") || e.module.startsWith("<");
    const own = e.module.length == 0 && site !== null ? site.target.module : "";
    const module = isKernel ? own : e.module;
    const types = this.a.types.of(module);
    if (types === null) this.failTypes(e, module);
    return types;
  }

  private autocast(e: AutocastExpression): CValue | null {
    const pointee = <PointeeType | null>e.operand.pointee;
    if (pointee === null) return null;
    return new CValue(Form.Pointer, pointee.types, pointee.id, e.operand, pointee.isUser, nearOf(e));
  }

  /** A variable of the kernel; a per-CPU one is that of the CPU that runs the handler. */
  private kernelVariable(e: AtVarExpression): CValue | null {
    const at = e.name.indexOf("@");
    const name = at < 0 ? e.name : e.name.substring(0, at);
    const types = this.a.types.of("");
    if (types === null) {
      this.failTypes(e, "");
      return null;
    }
    const address = this.symbol(e.range, name);
    const variable = types.findVariable(name);
    this.a.types.pin(`the variable '${name}'`);
    if (variable === null) return new CValue(Form.Place, types, 0, address, false, nearOf(e));
    if (variable.section != PER_CPU) return new CValue(Form.Place, types, variable.type, address, false, nearOf(e));
    // __per_cpu_offset[] has the distance of each CPU's copy (include/asm-generic/percpu.h).
    const cpu = makeCall(this.a, e.range, "__cpu", []);
    const scaled = makeBinary(e.range, Operator.Multiply, cpu, makeNumber(e.range, 8));
    const distances = makeBinary(e.range, Operator.Add, this.symbol(e.range, "__per_cpu_offset"), scaled);
    const distance = new DerefExpression(e.range, Operator.AtKderef, 8, distances);
    const own = makeBinary(e.range, Operator.Add, address, distance);
    return new CValue(Form.Place, types, variable.type, own, false, nearOf(e));
  }

  private symbol(range: Range, name: string): Expression {
    return makeCall(this.a, range, "__symbol", [new StringLiteral(range, name)]);
  }

  /** `$$parms`, `$$vars`, `$$locals`, `$$return`, `$$name`. */
  private texts(e: TargetVariable): Expression {
    const signature = this.signatureFor(e);
    if (signature === null) return e;
    if (e.name == "$$name") return new StringLiteral(e.range, this.site!.target.name);
    const wantsParameters = e.name == "$$parms" || e.name == "$$vars";
    if (wantsParameters && this.isReturn && !this.isEntry) return this.kept(e, e);
    if (!wantsParameters && e.name != "$$return" && e.name != "$$locals") {
      return this.fail(e, `'${e.name}' is not known: there are $$vars $$parms $$locals $$return`);
    }
    const variables: NamedValue[] = [];
    for (let i = 0, n = signature.names.length; wantsParameters && i < n; ++i) {
      variables.push(this.named(e, signature, i));
    }
    if (e.name == "$$return" && this.isReturn && signature.result > 0) variables.push(this.named(e, signature, -1));
    return prettyVariables(this.a, e.range, variables, prettyDepth(e.path));
  }

  /** A parameter, or -1 for the result. */
  private named(e: TargetVariable, signature: Signature, i: i32): NamedValue {
    const tree = this.located(e.range, i < 0 ? signature.resultLocation : signature.locations[i]);
    const type = i < 0 ? signature.result : signature.parameters[i];
    this.needParameter(signature, i);
    const value = new CValue(Form.Value, signature.types, type, tree, false, nearOf(e));
    return new NamedValue(i < 0 ? "return" : signature.names[i], value);
  }
}

/** Whether a target is a parameter of the function: in a return probe it is what it was at entry. */
function isParameter(e: TargetExpression): bool {
  return (
    e.kind == NodeKind.TargetVariable &&
    !(<TargetVariable>e).name.startsWith("$$") &&
    (<TargetVariable>e).name != "$return"
  );
}

function isUnresolved(e: Expression): bool {
  return e.kind >= NodeKind.TargetVariable && e.kind <= NodeKind.Entry;
}

/** What a target is called in messages. */
function nameOf(e: TargetExpression): string {
  if (e.kind == NodeKind.TargetVariable) return (<TargetVariable>e).name;
  return e.range.text;
}

/** What a fault is said to be near. */
function nearOf(e: TargetExpression): string {
  return `identifier '${e.kind == NodeKind.TargetVariable ? (<TargetVariable>e).name : "@cast"}'`;
}
