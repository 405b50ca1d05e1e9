// Pass 2: parsed files → a `Script`. `analyse` calls the steps in order; read it first.

import { attachRow, TargetKind } from "../../common/format/attach";
import { PREEMPTIBLE } from "../../common/format/features";
import {
  AttachKind,
  KERNEL_FEATURE,
  KERNEL_REASON,
  LACKING_FEATURE,
  PARAMETER_FEATURE,
  TYPES_FEATURE,
} from "../../common/format/manifest";
import { Reporter } from "../diagnostics/diagnostic";
import { BlobReader } from "../kernel/blobs";
import { Feature } from "../kernel/facts";
import { isAtomic } from "../probes/trace";
import { ScriptFile } from "../syntax/ast";
import { Type } from "../syntax/type";
import { Analysis, CodeUnit } from "./analysis";
import { chooseAttachments } from "./attach-choice";
import { callTables } from "./calls";
import { applyGlobalOptions, collectFile } from "./collect";
import { fillEffects } from "./effects";
import { printUnread } from "./exit-prints";
import { Folder } from "./fold";
import { Inference } from "./infer";
import { Inliner } from "./inline";
import { checkIteration } from "./iteration";
import { Lengths } from "./lengths";
import { decideLocks } from "./locks";
import { Listing, SemanticOptions } from "./options";
import { Origins } from "./origins";
import { Packer, Packing } from "./packing";
import { checkPrint } from "./prints";
import { prune } from "./prune";
import { orderCalleesFirst, reachFunctions } from "./reach";
import { RegisterCheck } from "./register-names";
import { resolveNames } from "./resolve";
import { resolveProbes } from "./resolve-probes";
import { Handler, Script } from "./script";
import { answerSites } from "./sites";
import { collectStatistics } from "./statistics";
import { SupportCheck } from "./supported";
import { FunctionSymbol, GlobalUse, Holds, LocalSymbol } from "./symbols";
import { resolveTargets } from "./targets";
import { Visitor } from "./visit";
import { ShellCheck, warnNeverAssigned, warnUnused } from "./warn";

/**
 * Inference stops after this many walks. Each walk decides something; only a script written for that purpose needs
 * more, and is told that types are unresolved.
 */
const MOST_WALKS: i32 = 400;

/**
 * The search for origins stops after this many walks: each follows a value through at least one assignment more. What
 * is not known then is distrusted.
 */
const MOST_ORIGIN_WALKS: i32 = 64;

/**
 * Analyses a script. Null if there were errors (the reporter has them). If the result has `needs`, they come first:
 * supply them and begin again; the rest of it is incomplete.
 */
export function analyse(
  files: ScriptFile[],
  options: SemanticOptions,
  reporter: Reporter,
  blobs: BlobReader = new BlobReader(options.facts.blobs),
): Script | null {
  const a = new Analysis(options, reporter, blobs);
  const before = reporter.errorCount;
  for (let i = 0, n = files.length; i < n; ++i) collectFile(a, files[i]);
  applyGlobalOptions(a);
  for (let i = 0, n = files.length; i < n; ++i) resolveProbes(a, a.files[i]);
  if (options.listing == Listing.Points) return listPoints(a, before);
  resolveAll(a);
  if (reporter.errorCount > before) return null;
  resolveTypes(a);
  if (a.isLacking) return incomplete(a);

  answerSites(a);
  foldAll(a);
  const called = reachFunctions(a);
  const prunes = options.prunes && options.listing == Listing.None;
  const functions = prunes && prune(a, called) ? reachFunctions(a) : called;
  chooseAttachments(a);
  if (a.isLacking) return incomplete(a);
  checkUnits(a);
  if (reporter.errorCount > before) return null;
  inferTypes(a, functions);
  if (reporter.errorCount > before) {
    if (options.warnings) warnNeverAssigned(a, functions);
    return null;
  }
  if (options.listing == Listing.Variables) return listVariables(a);
  const ordered = orderCalleesFirst(functions);
  checkIteration(a, ordered);
  if (reporter.errorCount > before) return null;
  inlineWrappers(a, ordered);
  const kept = reachFunctions(a);
  collectStatistics(a, kept);
  fillEffects(a, orderCalleesFirst(kept));
  decideStacks(a, kept);
  const locks = decideLocks(a, options.maxEntries);
  fillLengths(a, kept);
  findOrigins(a, kept);
  if (options.warnings) warnAll(a, functions, called);
  checkSupport(a, kept);
  if (reporter.errorCount > before) return null;
  const script = finish(a, kept, functions);
  script.locks = locks;
  return script;
}

/** Resolves names, and the probes of tapset files that they load. */
function resolveAll(a: Analysis): void {
  resolveNames(a);
  while (a.unresolved.length > 0 && a.options.listing == Listing.None) {
    resolveProbes(a, a.unresolved.shift());
    resolveNames(a);
  }
}

/** Resolves target variables, and the functions of the tapset that show their values. */
function resolveTypes(a: Analysis): void {
  if (a.needs.isEmpty) resolveTargets(a);
  while (a.reached.length > 0 && a.needs.isEmpty) {
    resolveNames(a);
    resolveTargets(a);
  }
}

/** For -l: just the probe points. */
function listPoints(a: Analysis, before: i32): Script | null {
  if (a.reporter.errorCount > before) return null;
  if (a.isLacking) return incomplete(a);
  return finish(a, [], []);
}

/** For -L: the probe points with their target variables and those of their aliases. */
function listVariables(a: Analysis): Script {
  const sites = a.sites;
  for (let i = 0, n = sites.length; i < n; ++i) {
    if (sites[i].variables.length == 0) sites[i].variables = a.signatures.listingOf(sites[i].attach, sites[i].target);
  }
  return a.isLacking ? incomplete(a) : finish(a, [], []);
}

function incomplete(a: Analysis): Script {
  const script = new Script();
  script.needs = a.needs.list();
  return script;
}

function foldAll(a: Analysis): void {
  const folder = new Folder(a.types.relocations);
  for (let i = 0, n = a.units.length; i < n; ++i) {
    const unit = a.units[i];
    for (let j = 0, m = unit.conditions.length; j < m; ++j) {
      unit.conditions[j].expression = folder.expression(unit.conditions[j].expression);
    }
    for (let j = 0, m = unit.parts.length; j < m; ++j) folder.block(unit.parts[j].block);
  }
  for (let i = 0, n = a.functions.length; i < n; ++i) {
    const body = a.functions[i].declaration.body;
    if (body && a.functions[i].resolved) folder.block(body);
  }
}

function checkUnits(a: Analysis): void {
  if (a.units.length == 0) a.reporter.error(null, "no probes found");
  for (let i = 0, n = a.prints.length; i < n; ++i)
    checkPrint(a.prints[i], a.reporter, a.options.preprocess.systemtapVersion);
}

function inferTypes(a: Analysis, functions: FunctionSymbol[]): void {
  const inference = new Inference(a.reporter);
  for (let walk = 0; walk < MOST_WALKS; ++walk) {
    inference.changed = false;
    inference.backwards = (walk & 1) == 1;
    inferAll(a, functions, inference);
    if (!inference.changed) break;
  }
  // A function that returns no value, and whose value is not used. If it is used, it is 0 or the empty string.
  for (let i = 0, n = functions.length; i < n; ++i) {
    const symbol = functions[i];
    if (symbol.returnType == Type.Unknown && isVoid(symbol)) symbol.returnType = Type.Void;
  }
  inference.reporting = true;
  inference.backwards = false;
  inferAll(a, functions, inference);
  if (a.reporter.hasErrors) return;
  for (let i = 0, n = a.units.length; i < n; ++i) dropUntyped(a.units[i].locals);
  for (let i = 0, n = functions.length; i < n; ++i) dropUntyped(functions[i].locals);
}

/** Whether no body of a function returns a value; embedded code without a type does not. */
function isVoid(symbol: FunctionSymbol): bool {
  for (let i = 0, n = symbol.overloads.length; i < n; ++i) {
    if (symbol.overloads[i].hasValue) return false;
  }
  return true;
}

/** Drops locals that occur in folded code only, which have no type. */
function dropUntyped(locals: LocalSymbol[]): void {
  let kept = 0;
  for (let i = 0, n = locals.length; i < n; ++i) {
    if (locals[i].type == Type.Unknown) continue;
    locals[i].index = kept;
    locals[kept++] = locals[i];
  }
  locals.length = kept;
}

function inferAll(a: Analysis, functions: FunctionSymbol[], inference: Inference): void {
  for (let i = 0, n = a.units.length; i < n; ++i) {
    const unit = a.units[i];
    for (let j = 0, m = unit.conditions.length; j < m; ++j) inference.condition(unit.conditions[j].expression);
    for (let j = 0, m = unit.parts.length; j < m; ++j) inference.block(unit.parts[j].block);
  }
  const n = functions.length;
  for (let i = 0; i < n; ++i) inference.body(functions[inference.backwards ? n - 1 - i : i]);
}

function inlineWrappers(a: Analysis, functions: FunctionSymbol[]): void {
  const inliner = new Inliner();
  for (let i = 0, n = functions.length; i < n; ++i) {
    const body = functions[i].declaration.body;
    if (body) inliner.block(body);
  }
  for (let i = 0, n = a.units.length; i < n; ++i) {
    const unit = a.units[i];
    for (let j = 0, m = unit.conditions.length; j < m; ++j) inliner.expression(unit.conditions[j].expression);
    for (let j = 0, m = unit.parts.length; j < m; ++j) inliner.block(unit.parts[j].block);
  }
}

/** Walks all code of probes, conditions included. */
function walkUnits(a: Analysis, visitor: Visitor): void {
  for (let i = 0, n = a.units.length; i < n; ++i) {
    const unit = a.units[i];
    for (let j = 0, m = unit.conditions.length; j < m; ++j) visitor.expression(unit.conditions[j].expression);
    for (let j = 0, m = unit.parts.length; j < m; ++j) visitor.block(unit.parts[j].block);
  }
}

function fillLengths(a: Analysis, functions: FunctionSymbol[]): void {
  const limit = a.options.maxStringLength;
  for (let i = 0, n = a.globals.length; i < n; ++i) {
    if (a.globals[i].type == Type.String) a.globals[i].maxLength = min(a.globals[i].initialString.length, limit);
  }
  const lengths = new Lengths(limit);
  do {
    lengths.begin();
    walkUnits(a, lengths);
    for (let i = 0, n = functions.length; i < n; ++i) lengths.body(functions[i]);
  } while (lengths.changed);
}

/** Finds out which strings may hold packed stacks. */
function findStacks(a: Analysis, functions: FunctionSymbol[]): void {
  const packing = new Packing(a.options.maxFrames);
  do {
    packing.changed = false;
    walkUnits(a, packing);
    for (let i = 0, n = functions.length; i < n; ++i) packing.body(functions[i]);
  } while (packing.changed);
}

/** Prints what is unread at the end, and packs stacks. */
function decideStacks(a: Analysis, functions: FunctionSymbol[]): void {
  if (!a.takesStacks) {
    printUnread(a);
    return;
  }
  // Exit prints show stacks in a form of their own, if nothing looks into them.
  findStacks(a, functions);
  printUnread(a);
  findStacks(a, functions);
  const packer = new Packer(a.options.maxFrames);
  walkUnits(a, packer);
  for (let i = 0, n = functions.length; i < n; ++i) packer.body(functions[i]);
}

function findOrigins(a: Analysis, functions: FunctionSymbol[]): void {
  for (let i = 0, n = a.globals.length; i < n; ++i) a.controls.addText(a.globals[i].initialString);
  const origins = new Origins(a.controls);
  let walks = 0;
  do {
    origins.changed = false;
    if (++walks > MOST_ORIGIN_WALKS) {
      distrustAll(a, functions);
      break;
    }
    walkUnits(a, origins);
    for (let i = 0, n = functions.length; i < n; ++i) origins.body(functions[i]);
  } while (origins.changed);
  a.controls.finish();
}

function warnAll(a: Analysis, functions: FunctionSymbol[], called: FunctionSymbol[]): void {
  warnUnused(a, functions, called);
  const shell = new ShellCheck(a.reporter);
  walkUnits(a, shell);
  for (let i = 0, n = functions.length; i < n; ++i) {
    const body = functions[i].declaration.body;
    if (body && !a.functionFiles[functions[i].order].isTapset) shell.block(body);
  }
}

/** Takes every variable for the machine's. */
function distrustAll(a: Analysis, functions: FunctionSymbol[]): void {
  for (let i = 0, n = a.globals.length; i < n; ++i) {
    a.globals[i].holds = Holds.All;
    a.globals[i].keysHold.fill(Holds.All);
  }
  for (let i = 0, n = a.units.length; i < n; ++i) distrust(a.units[i].locals);
  for (let i = 0, n = functions.length; i < n; ++i) {
    functions[i].holds = Holds.All;
    distrust(functions[i].locals);
  }
}

function distrust(locals: LocalSymbol[]): void {
  for (let i = 0, n = locals.length; i < n; ++i) locals[i].holds = Holds.All;
}

function checkSupport(a: Analysis, functions: FunctionSymbol[]): void {
  const check = new SupportCheck(a.reporter);
  for (let i = 0, n = a.globals.length; i < n; ++i) {
    if (a.globals[i].isAny(GlobalUse.Read | GlobalUse.Written)) check.global(a.globals[i]);
  }
  walkUnits(a, check);
  for (let i = 0, n = functions.length; i < n; ++i) check.body(functions[i]);
  const registers = new RegisterCheck(a.reporter, a.options.facts.arch, a.options.preprocess.guru);
  walkUnits(a, registers);
  for (let i = 0, n = functions.length; i < n; ++i) {
    const body = functions[i].declaration.body;
    if (body) registers.block(body);
  }
}

/** Says of the sites of a handler which parameters its code uses. */
function needParameters(a: Analysis, unit: CodeUnit, handler: Handler): void {
  for (let i = 0, n = a.sites.length; i < n; ++i) {
    const site = a.sites[i];
    if (site.handler !== handler) continue;
    const kind = attachRow(site.attach).target;
    const what = kind == TargetKind.Tracepoint ? "tracepoint" : kind == TargetKind.Hook ? "hook" : "function";
    for (let k = 0, m = unit.parameters.length; k < m; ++k) {
      site.needs.push(`${PARAMETER_FEATURE}${what} ${site.target.name} ${unit.parameters[k]}`);
    }
  }
}

/** Where the kernel preempts nothing, raw tracepoints lose nothing; where it does, they would. */
function needNoPreemption(a: Analysis): void {
  const facts = a.options.facts;
  if (!a.options.relocates || !facts.known || facts.has(Feature.Preemptible)) return;
  for (let i = 0, n = a.sites.length; i < n; ++i) {
    const site = a.sites[i];
    if (site.attach != AttachKind.RawTracepoint || isAtomic(site.target.name)) continue;
    site.needs.push(LACKING_FEATURE + PREEMPTIBLE);
  }
}

/** Says for which kernel the script's code is right, or what it was compiled for if it can be relocated. */
function nameKernel(a: Analysis, script: Script): void {
  const kernel = a.options.facts.kernel;
  const relocations = a.types.relocations;
  script.kernel = kernel;
  if (relocations === null) return;
  script.relocations = relocations.list;
  if (relocations.pins.length > 0) script.kernel = kernel + KERNEL_REASON + relocations.pins.join(", ");
  else script.kernel = TYPES_FEATURE + kernel.substring(KERNEL_FEATURE.length);
}

function finish(a: Analysis, kept: FunctionSymbol[], used: FunctionSymbol[]): Script {
  const script = new Script();
  script.controls = a.controls;
  if (a.calls !== null) script.calls = callTables(a.calls!);
  if (a.types.areUsed) nameKernel(a, script);
  needNoPreemption(a);
  for (let i = 0, n = a.globals.length; i < n; ++i) {
    const global = a.globals[i];
    if (!global.isAny(GlobalUse.Read | GlobalUse.Written)) continue;
    if (global.arity < 0) global.arity = 0;
    global.index = script.globals.length;
    script.globals.push(global);
  }
  for (let i = 0, n = kept.length; i < n; ++i) kept[i].index = i;
  script.functions = kept;
  script.usedFunctions = used;
  for (let i = 0, n = a.units.length; i < n; ++i) {
    const unit = a.units[i];
    for (let j = 0, m = unit.handlers.length; j < m; ++j) {
      const handler = unit.handlers[j];
      handler.index = script.handlers.length;
      handler.functions = unit.callees;
      if (unit.parameters.length > 0) needParameters(a, unit, handler);
      for (let k = 0; k < unit.parts.length; ++k) handler.bodies.push(unit.parts[k].block);
      for (let k = 0; k < unit.conditions.length; ++k) handler.conditions.push(unit.conditions[k].expression);
      script.handlers.push(handler);
    }
  }
  for (let i = 0, n = a.sites.length; i < n; ++i) a.sites[i].index = i;
  script.probes = a.sites;
  return script;
}
