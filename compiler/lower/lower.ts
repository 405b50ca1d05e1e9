// Pass 3: a resolved script → the functions, sites and probes of one object.

import { programType, SECTION_AGENT, sectionOf } from "../../common/format/attach";
import { ProgramType } from "../../common/format/bpf";
import { AttachKind, Engine, GlobalType, NONE } from "../../common/format/manifest";
import { Reporter } from "../diagnostics/diagnostic";
import { NoRef } from "../ir/function";
import { Op } from "../ir/op";
import { Unit, UnitGlobal, UnitProbe, UnitProgram } from "../ir/unit";
import { Handler, ProbeSite, Script } from "../semantic/script";
import { Effects, GlobalSymbol } from "../semantic/symbols";
import { Type } from "../syntax/type";
import { Contents } from "./contents";
import { lowerPending } from "./function";
import { actionsOf, lowerHandler } from "./handler";
import { Lowering, Shared } from "./lowering";
import { Base, capacityFor, literalPlace, Place } from "./place";
import { placeShards } from "./shards";
import { makeTables, placeHeaps, placeTable } from "./storage";
import { copyString } from "./string";
import { DEFAULT_ENTRIES, valueBytesOf } from "./table";

/** What lowering is told besides the script. */
export class LowerOptions {
  /** MAXSTRINGLEN - 1 */
  maxLength: i32 = 511;
  maxErrors: i32 = 0;
  maxSkipped: i32 = 100;
  suppressErrors: bool = false;
  /** MAXMAPENTRIES */
  maxEntries: i32 = DEFAULT_ENTRIES;
  /** MAXACTION */
  maxActions: i32 = 1000;
  maxAgentActions: i32 = 10000;
  /** MAXNESTING; -1: what analysis finds. */
  maxNesting: i32 = -1;
  /** Indexes of handlers that must run in steps: lowered otherwise, their calls were too deep for the kernel. */
  inSteps: Set<i32> = new Set<i32>();
  /** Fetching atomics may be used: the facts say so, or the CPU needs them (arm64). */
  fetchingAtomics: bool = false;
  scriptName: string = "";
  /** Ticks of the kernel in a second. */
  hz: i32 = 250;
}

/** Reports what is too large whatever the code is: arrays and tables of regular expressions. */
export function checkSizes(script: Script, options: LowerOptions, reporter: Reporter): void {
  const shared = new Shared(reporter, options.maxLength, options.fetchingAtomics);
  const contents = new Contents(script);
  placeGlobals(shared, script, contents, options.maxEntries);
  shared.regexes.place(contents, shared);
}

/** Lowers a script; what does not fit is reported. */
export function lower(script: Script, options: LowerOptions, reporter: Reporter): Unit {
  const shared = new Shared(reporter, options.maxLength, options.fetchingAtomics);
  const unit = shared.unit;
  unit.maxErrors = options.maxErrors;
  unit.maxSkipped = options.maxSkipped;
  unit.suppressErrors = options.suppressErrors;
  unit.scriptName = options.scriptName;
  shared.maxActions = options.maxActions;
  shared.maxAgentActions = options.maxAgentActions;
  shared.maxNesting = options.maxNesting;
  shared.hz = options.hz;
  for (let i = 0, n = script.probes.length; i < n; ++i) shared.siteTexts.push(script.probes[i].texts);
  const contents = new Contents(script);
  shared.catchesMessages = contents.catchesMessages;
  // Handlers are lowered before the functions they call, and report their messages.
  if (contents.raisesMessages) shared.messagePlace();
  if (options.fetchingAtomics) unit.features.push("atomics_fetch");
  placeGlobals(shared, script, contents, options.maxEntries);
  shared.regexes.place(contents, shared);
  if (reporter.hasErrors) return unit;
  lowerInitializers(shared, script);
  for (let i = 0, n = script.handlers.length; i < n; ++i) {
    const handler = script.handlers[i];
    if ((handler.effects & Effects.Loops) != 0)
      shared.mostActions = max(shared.mostActions, actionsOf(shared, handler));
  }
  const programs: i32[] = [];
  for (let i = 0, n = script.handlers.length; i < n; ++i) {
    programs.push(lowerOneHandler(shared, script, script.handlers[i], options.inSteps.has(i)));
  }
  const orders = ordersOf(script.probes);
  for (let i = 0, n = script.probes.length; i < n; ++i) {
    const site = script.probes[i];
    const probe = probeOf(shared, site, programs[site.handler.index]);
    probe.order = orders[i];
    unit.probes.push(probe);
  }
  unit.frameBytes = shared.plan.finish();
  shared.plan.check(reporter);
  return unit;
}

function lowerOneHandler(shared: Shared, script: Script, handler: Handler, inSteps: bool): i32 {
  const unit = shared.unit;
  const site = firstSite(script, handler);
  const target = site === null ? "" : site.target;
  const name = programName(handler, target);
  const lowering = lowerHandler(shared, handler, name, inSteps);
  const func = unit.ir.add(lowering.fn);
  lowerPending(shared);
  const program = new UnitProgram(
    func,
    name,
    sectionOf(handler.attach, handler.engine, target),
    handler.engine,
    programType(handler.attach, handler.engine),
    shared.position(handler.range),
  );
  unit.programs.push(program);
  return unit.programs.length - 1;
}

function firstSite(script: Script, handler: Handler): ProbeSite | null {
  for (let i = 0, n = script.probes.length; i < n; ++i) {
    if (script.probes[i].handler === handler) return script.probes[i];
  }
  return null;
}

/** The kernel shows the first 15 characters: the number tells handlers apart, the target says what it is. */
function programName(handler: Handler, target: string): string {
  const text = target.length > 0 ? target : handler.name;
  let name = `p${handler.index}_`;
  for (let i = 0, n = min(text.length, 48); i < n; ++i) {
    const c = text.charCodeAt(i);
    const letter = (c >= 0x30 && c <= 0x39) || (c >= 0x41 && c <= 0x5a) || (c >= 0x61 && c <= 0x7a);
    name += letter ? text.charAt(i) : "_";
  }
  return name;
}

/** The numbers of begin, end and error probes: as written if all have 32 bits, else their ranks. */
function ordersOf(sites: ProbeSite[]): i32[] {
  const distinct: i64[] = [];
  let small = true;
  for (let i = 0, n = sites.length; i < n; ++i) {
    const order = sites[i].order;
    if (order <= <i64>i32.MIN_VALUE || order > <i64>i32.MAX_VALUE) small = false;
    if (!distinct.includes(order)) distinct.push(order);
  }
  // A subtraction could wrap around.
  distinct.sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  const orders: i32[] = [];
  for (let i = 0, n = sites.length; i < n; ++i) {
    orders.push(small ? <i32>sites[i].order : distinct.indexOf(sites[i].order));
  }
  return orders;
}

function probeOf(shared: Shared, site: ProbeSite, program: i32): UnitProbe {
  const probe = new UnitProbe(program, site.attach);
  probe.target = site.target;
  probe.period = site.period;
  probe.jitter = site.jitter;
  probe.flags = site.flags;
  probe.position = shared.position(site.range);
  probe.point = site.point;
  return probe;
}

// ------------------------------------------------------------------------------------------------------------ globals

function placeGlobals(shared: Shared, script: Script, contents: Contents, maxEntries: i32): void {
  const unit = shared.unit;
  makeTables(shared, script, contents, maxEntries);
  for (let i = 0, n = script.globals.length; i < n; ++i) {
    const global = script.globals[i];
    const table = shared.tables[i];
    if (table !== null) {
      placeTable(shared, table);
      continue;
    }
    const isString = global.type == Type.String;
    const bytes = valueBytesOf(global);
    const shards = placeShards(shared, global);
    shared.shards.push(shards);
    const offset = shards !== null ? shards.offset : unit.reserve(bytes);
    shared.globalOffsets.push(offset);
    const type = isString ? GlobalType.String : GlobalType.Long;
    unit.globals.push(new UnitGlobal(global.displayName, type, offset, bytes));
  }
  placeHeaps(shared, contents);
}

function startsNonZero(global: GlobalSymbol): bool {
  return global.hasInitial && (global.initialNumber != 0 || global.initialString.length > 0);
}

/** .bss starts as zeros: a handler that runs before all others sets what starts with a value. */
function lowerInitializers(shared: Shared, script: Script): void {
  let any = false;
  for (let i = 0, n = script.globals.length; i < n; ++i) any = any || startsNonZero(script.globals[i]);
  if (!any) return;
  const l = new Lowering(shared, "stp_initialize", true);
  for (let i = 0, n = script.globals.length; i < n; ++i) {
    const global = script.globals[i];
    if (!startsNonZero(global)) continue;
    const offset = shared.globalOffsets[global.index];
    if (global.type == Type.String) {
      const to = new Place(Base.Bss, NoRef, offset, capacityFor(global.maxLength));
      copyString(l, literalPlace(global.initialString), to);
    } else {
      l.b.store(Op.Store64, l.bss(), offset, l.constant(global.initialNumber));
    }
  }
  l.b.ret(l.constant(0));
  const unit = shared.unit;
  const func = unit.ir.add(l.fn);
  unit.programs.push(new UnitProgram(func, "stp_initialize", SECTION_AGENT, Engine.Agent, ProgramType.Unspec, NONE));
  const probe = new UnitProbe(unit.programs.length - 1, AttachKind.Begin);
  probe.order = i32.MIN_VALUE;
  probe.point = "begin";
  unit.probes.push(probe);
}
