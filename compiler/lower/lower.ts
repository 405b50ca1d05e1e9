// Pass 3, first half: turns a resolved script into the functions, sites and probes of one object.

import { CGROUP_MAP, programType, SECTION_AGENT, sectionOf } from "../../common/format/attach";
import { MapType, ProgramType } from "../../common/format/bpf";
import { AttachKind, CGROUP_FEATURE, Engine, NONE } from "../../common/format/manifest";
import { Reporter } from "../diagnostics/diagnostic";
import { NoRef } from "../ir/function";
import { Op } from "../ir/op";
import { Unit, UnitProbe, UnitProgram } from "../ir/unit";
import { copyString } from "../runtime/copy";
import { Base, capacityFor, literalPlace, Place } from "../runtime/place";
import { Handler, ProbeSite, Script } from "../semantic/script";
import { GlobalSymbol } from "../semantic/symbols";
import { Type } from "../syntax/type";
import { Contents } from "./contents";
import { finishContext } from "./context";
import { lowerPending } from "./function";
import { placeGlobals } from "./globals";
import { HandlerTask, lowerHandler } from "./handler";
import { newLowering, Tree } from "./lowering";
import { LowerOptions } from "./options";
import { reservePlaces } from "./place";
import { placeRegexes } from "./regex";
import { Shared } from "./shared";
import { ScriptTree } from "./tree";

/** Reports what is too large whatever the code is: arrays and tables of regular expressions. */
export function checkSizes(script: Script, options: LowerOptions, reporter: Reporter): void {
  placeData(new Shared(reporter, options), script);
}

/** Reserves memory for globals, sorted loops and regular expressions. Reports what does not fit. */
function placeData(shared: Shared, script: Script): void {
  const contents = new Contents(script);
  shared.catchesMessages = contents.catchesMessages;
  shared.raisesNumbers = contents.raisesNumbers;
  // Handlers are lowered before the functions they call, and report the messages of these functions.
  if (contents.raisesMessages) shared.messagePlace();
  placeGlobals(shared, script, contents);
  placeRegexes(shared, contents);
  // Code knows where the frames begin: nothing is reserved after this.
  reservePlaces(shared, script);
}

/** Lowers a script. Reports what does not fit. */
export function lower(script: Script, options: LowerOptions, reporter: Reporter): Unit {
  const shared = new Shared(reporter, options);
  const tree = new ScriptTree();
  const unit = shared.unit;
  unit.maxErrors = options.maxErrors;
  unit.maxSkipped = options.maxSkipped;
  unit.overload = options.overload;
  unit.suppressErrors = options.suppressErrors;
  unit.scriptName = options.scriptName;
  unit.controls = script.controls.characters;
  unit.afterEscape = script.controls.afterEscape;
  if (options.fetchingAtomics) unit.features.push("atomics_fetch");
  if (script.kernel.length > 0) unit.features.push(script.kernel);
  unit.relocations = script.relocations;
  if (options.cgroup.length > 0) {
    unit.features.push(CGROUP_FEATURE + options.cgroup);
    shared.cgroupMap = unit.addMap(CGROUP_MAP, 4, 1, MapType.CgroupArray);
  }
  for (let i = 0, n = script.probes.length; i < n; ++i) shared.siteTexts.push(script.probes[i].texts);
  shared.calls = script.calls;
  placeData(shared, script);
  if (reporter.hasErrors) return unit;
  lowerInitializers(shared, tree, script);
  const programs: i32[] = [];
  const first = firstSites(script);
  for (let i = 0, n = script.handlers.length; i < n; ++i) {
    programs.push(lowerOneHandler(shared, tree, script.handlers[i], first[i]));
  }
  addProbes(shared, script.probes, programs);
  unit.frameBytes = shared.runtime.plan.finish();
  const problem = shared.runtime.plan.problem;
  if (problem != "") {
    const range = script.handlers[shared.runtime.plan.largest].range;
    reporter.error(range, problem, "use fewer and shorter strings, or -D MAXSTRINGLEN=N");
  }
  return unit;
}

/** Adds the probes, each with its program. */
function addProbes(shared: Shared, sites: ProbeSite[], programs: i32[]): void {
  const orders = ordersOf(sites);
  for (let i = 0, n = sites.length; i < n; ++i) {
    const probe = probeOf(shared, sites[i], programs[sites[i].handler.index]);
    probe.order = orders[i];
    shared.unit.probes.push(probe);
  }
  nameProbes(shared.unit, sites);
}

/** Says of each place that prints in which probe it is, where there is only one. */
function nameProbes(unit: Unit, sites: ProbeSite[]): void {
  const before = unit.probes.length - sites.length;
  const probes = new Map<i32, i32>();
  for (let i = 0, n = sites.length; i < n; ++i) {
    const handler = sites[i].handler.index;
    probes.set(handler, probes.has(handler) ? NONE : before + i);
  }
  for (let i = 0, n = unit.sites.length; i < n; ++i) {
    const site = unit.sites[i];
    if (probes.has(site.handler)) site.probe = probes.get(site.handler);
  }
}

function lowerOneHandler(shared: Shared, tree: Tree, handler: Handler, site: ProbeSite | null): i32 {
  const unit = shared.unit;
  const target = site === null ? "" : site.target.name;
  const name = programName(handler, target);
  const task = new HandlerTask(shared, tree, handler, name);
  shared.sites.handler = handler.index;
  const lowering = lowerHandler(task, shared.options.inSteps.has(handler.index));
  shared.sites.handler = NONE;
  const func = unit.ir.add(lowering.fn);
  // No function uses the arrays of a handler that holds a stripe.
  shared.holdsStripe = false;
  lowerPending(shared, tree);
  finishContext(lowering, handler);
  const program = new UnitProgram(
    func,
    name,
    sectionOf(handler.attach, handler.engine, target),
    handler.engine,
    programType(handler.attach, handler.engine),
    shared.sites.position(handler.range),
  );
  const places = shared.placeTables[handler.index];
  if (places !== null) {
    program.placeTable = places.offset;
    program.placeCount = places.count;
  }
  unit.programs.push(program);
  return unit.programs.length - 1;
}

/** The first site of each handler, by the handler's index; null if it has none. */
function firstSites(script: Script): (ProbeSite | null)[] {
  const first = new Array<ProbeSite | null>(script.handlers.length).fill(null);
  for (let i = script.probes.length - 1; i >= 0; --i) first[script.probes[i].handler.index] = script.probes[i];
  return first;
}

/** The kernel shows the first 15 characters. The number identifies the handler; the target says what it probes. */
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

/** The order numbers of begin, end and error probes: as written if all fit in 32 bits, else their ranks. */
function ordersOf(sites: ProbeSite[]): i32[] {
  const distinct: i64[] = [];
  let small = true;
  for (let i = 0, n = sites.length; i < n; ++i) {
    const order = sites[i].order;
    if (order <= <i64>i32.MIN_VALUE || order > <i64>i32.MAX_VALUE) small = false;
    if (!distinct.includes(order)) distinct.push(order);
  }
  // A subtraction could overflow.
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
  probe.active = site.active > 0 ? site.active : site.attach == AttachKind.Kretprobe ? shared.options.active : 0;
  probe.flags = site.flags;
  probe.position = shared.sites.position(site.range);
  probe.point = site.point;
  probe.features = site.needs;
  if (site.handler.asksPlace) probe.place = site.index;
  return probe;
}

function startsNonZero(global: GlobalSymbol): bool {
  return global.hasInitial && (global.initialNumber != 0 || global.initialString.length > 0);
}

/** Lowers the initial values of globals. .bss starts as zeros, so a handler that runs before all others stores them. */
function lowerInitializers(shared: Shared, tree: Tree, script: Script): void {
  let any = false;
  for (let i = 0, n = script.globals.length; i < n; ++i) any = any || startsNonZero(script.globals[i]);
  if (!any) return;
  const lowering = newLowering(shared, tree, "stp_initialize", true);
  for (let i = 0, n = script.globals.length; i < n; ++i) {
    const global = script.globals[i];
    if (!startsNonZero(global)) continue;
    const offset = shared.storageOf(global).offset;
    if (global.type == Type.String) {
      const to = new Place(Base.Bss, NoRef, offset, capacityFor(global.maxLength));
      copyString(lowering.frame, literalPlace(global.initialString), to);
    } else {
      lowering.b.store(Op.Store64, lowering.bss(), offset, lowering.constant(global.initialNumber));
    }
  }
  lowering.b.ret(lowering.constant(0));
  const unit = shared.unit;
  const func = unit.ir.add(lowering.fn);
  unit.programs.push(new UnitProgram(func, "stp_initialize", SECTION_AGENT, Engine.Agent, ProgramType.Unspec, NONE));
  const probe = new UnitProbe(unit.programs.length - 1, AttachKind.Begin);
  probe.order = i32.MIN_VALUE;
  probe.point = "begin";
  unit.probes.push(probe);
}
