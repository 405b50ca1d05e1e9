// The compiler's table of contents: passes in order, from a script's text to an object's bytes.
//
// The four passes are stap's: 1 parse, 2 elaborate, 3 translate, 4 build the object. Within pass 3 the back end has a
// table of its own (bpf/compile.ts). A pass leaves its result in the `Compilation`; after each one the driver asks
// whether to go on: there were errors, something is needed first, or no more was asked for (-p, --dump).

import { joinTexts } from "../common/as/text-builder";
import { Engine } from "../common/format/manifest";
import { RequestTag } from "../common/format/request";
import { dumpBlob, isBlobDump } from "./blob-dump";
import { Chains } from "./bpf/chain";
import { BackendOptions, Code, RelocationKind } from "./bpf/code";
import { compileFunction, MACHINE_PHASES, passName } from "./bpf/compile";
import { packCode, unpackCode } from "./bpf/pack";
import { printCode } from "./bpf/print";
import { checkWalk, hasUncountedLoop } from "./bpf/walk";
import { enterPass } from "./clock";
import { Compilation } from "./compilation";
import { Reporter } from "./diagnostics/diagnostic";
import { Func, Linkage } from "./ir/function";
import { printFunction } from "./ir/print";
import { Feature } from "./kernel/facts";
import { dumpLibrary, isLibraryDump } from "./library-dump";
import { MOST_STEPS } from "./lower/loop";
import { checkSizes, lower } from "./lower/lower";
import { LowerOptions } from "./lower/options";
import { keep, makeRoom, markMemory, memoryTop } from "./memory";
import { writeObject } from "./object/write";
import { CompileOptions } from "./options";
import { Need } from "./probes/needs";
import { analyse } from "./semantic/analyse";
import { Listing } from "./semantic/options";
import { printListing, printScript } from "./semantic/print";
import { Range, Source, SourceKind } from "./source/source";
import { dumpFile } from "./syntax/dump";
import { parseFile, parseMacroFile } from "./syntax/parser";
import { printFile } from "./syntax/print";
import { dumpTypes, isTypeDump } from "./type-dump";

/** One pass: its number in stap's count, its name (`--dump=`), what it does. */
export class Pass {
  constructor(
    public number: i32,
    /** Dumps of this name show what the pass made. */
    public dump: string,
    public run: (c: Compilation) => void,
    public print: (c: Compilation) => string,
  ) {}
}

/** Stands for the code of a function that no program reaches. */
const ABSENT = new Code(new Func("(unreached)", Linkage.Subprogram, 0));

/** What helps a handler or a function that is too large. */
const TOO_LARGE: string = "move parts of it into functions, or use fewer and shorter expressions";

/** The passes, in order. */
const PASSES: StaticArray<Pass> = [
  new Pass(1, "ast", parse, dumpAst),
  new Pass(2, "script", elaborate, printResolved),
  new Pass(3, "il", translate, printIl),
  new Pass(3, "bpf", generate, printBpf),
  new Pass(4, "object", assemble, printNothing),
];

/** Runs the passes that the request asks for. */
export function runPasses(c: Compilation): void {
  const last = c.options.lastPass;
  const dump = c.options.dump;
  if (isBlobDump(dump)) {
    c.text = dumpBlob(c.blobs, dump, c.reporter);
    return;
  }
  if (isTypeDump(dump)) {
    c.text = dumpTypes(c.blobs, dump, c.reporter);
    return;
  }
  if (isLibraryDump(dump)) {
    parse(c);
    if (!c.reporter.hasErrors) c.text = dumpLibrary(c.files, dump);
    return;
  }
  const phase = isBackendDump(dump) ? "bpf" : dump;
  for (let i = 0; i < PASSES.length; ++i) {
    const pass = PASSES[i];
    if (pass.number > last) break;
    enterPass(pass.number);
    pass.run(c);
    if (c.reporter.hasErrors || c.isLacking) return;
    if (pass.dump == phase) {
      c.text = phase == dump ? pass.print(c) : c.dumped;
      return;
    }
  }
  if (last == 1) c.text = printAst(c);
  else if (last == 2) c.text = printResolved(c);
  else if (last == 3) c.text = printBpf(c);
}

/** Reports a dump that no pass has. */
export function checkDump(options: CompileOptions, reporter: Reporter): void {
  if (options.dump.length == 0 || isDumpName(options.dump)) return;
  reporter.error(null, `no phase is called '${options.dump}'`, `phases: ${dumpNames(options.dump)}`);
}

/** Whether the back end makes the dump while it compiles: `il:PASS`, `il:*`, or one of its own phases. */
function isBackendDump(name: string): bool {
  if (name.startsWith("il:")) return true;
  for (let i = 0; i < MACHINE_PHASES.length; ++i) {
    if (MACHINE_PHASES[i] == name) return true;
  }
  return false;
}

function isDumpName(name: string): bool {
  for (let i = 0; i < PASSES.length; ++i) {
    if (PASSES[i].dump == name) return true;
  }
  if (name == "il:*" || isBlobDump(name) || isTypeDump(name) || isLibraryDump(name)) return true;
  for (let k = 0; passName(k).length > 0; ++k) {
    if (name == "il:" + passName(k)) return true;
  }
  return isBackendDump(name) && !name.startsWith("il:");
}

/** Names of dumps; those of the passes on the IR are many, and follow when one of them was meant. */
function dumpNames(wanted: string): string {
  const names: string[] = [];
  if (wanted.startsWith("il:")) {
    for (let k = 0; passName(k).length > 0; ++k) {
      if (!names.includes("il:" + passName(k))) names.push("il:" + passName(k));
    }
    names.push("il:*");
    return joinTexts(names, ", ");
  }
  for (let i = 0; i < PASSES.length; ++i) {
    if (PASSES[i].dump == "object") continue;
    names.push(PASSES[i].dump);
    if (PASSES[i].dump != "il") continue;
    names.push("il:PASS");
    for (let k = 0; k < MACHINE_PHASES.length; ++k) names.push(MACHINE_PHASES[k]);
  }
  return joinTexts(names, ", ");
}

// -------------------------------------------------------------------------------------------------------- pass by pass

function parse(c: Compilation): void {
  const library = c.request.all(RequestTag.Tapset);
  for (let i = 0, n = library.length; i < n; ++i) {
    if (!library[i].name.endsWith(".stpm")) continue;
    const source = new Source(library[i].name, library[i].data, SourceKind.Tapset);
    parseMacroFile(source, c.options.preprocess, c.reporter);
  }
  checkLibrary(c);
  const scripts = c.request.all(RequestTag.Script);
  for (let i = 0, n = scripts.length; i < n; ++i) {
    const source = new Source(scripts[i].name, scripts[i].data, SourceKind.UserScript);
    c.files.push(parseFile(source, c.options.preprocess, c.reporter));
  }
  // Library files may use arguments, too, and are known after the next pass.
  if (c.options.lastPass == 1 && !c.reporter.hasErrors) warnUnusedArguments(c);
  askForConfig(c);
}

/** Files of -I with errors are skipped, whether the script needs them or not; the first error of each is shown. */
function checkLibrary(c: Compilation): void {
  const names = c.request.options("library");
  const tapset = c.options.semantic.tapset;
  for (let i = 0, n = names.length; i < n; ++i) {
    if (!tapset.sources.has(names[i])) continue;
    const reporter = new Reporter();
    parseFile(tapset.sources.get(names[i]), c.options.preprocess, reporter);
    if (!reporter.hasErrors) continue;
    const first = reporter.shown()[0];
    c.reporter.warning(first.range, `library file '${names[i]}' has errors, and is skipped: ${first.message}`);
    tapset.drop(names[i]);
  }
}

function warnUnusedArguments(c: Compilation): void {
  const options = c.options.preprocess;
  for (let i = 1, n = options.args.length; i <= n; ++i) {
    if (!options.usedArgs.has(i)) c.reporter.warning(null, `unused command line option $${i}/@${i}`);
  }
}

/** Conditionals may test the kernel's configuration. Until it is known, what the pass has reported does not count. */
function askForConfig(c: Compilation): void {
  const names = c.options.preprocess.configNeeds;
  if (names.size == 0) return;
  const quiet = c.reporter.quiet;
  c.reporter = new Reporter();
  c.reporter.quiet = quiet;
  c.needs = [new Need("config", names.values().sort())];
}

function printAst(c: Compilation): string {
  let text = "";
  for (let i = 0, n = c.files.length; i < n; ++i) {
    text += `# file ${c.files[i].source.name}\n` + printFile(c.files[i]);
  }
  return text;
}

function dumpAst(c: Compilation): string {
  const parts: string[] = [];
  for (let i = 0, n = c.files.length; i < n; ++i) parts.push(dumpFile(c.files[i]));
  return joinTexts(parts);
}

function elaborate(c: Compilation): void {
  const script = analyse(c.files, c.options.semantic, c.reporter, c.blobs);
  warnUnusedArguments(c);
  if (script !== null) {
    c.script = script;
    c.needs = script.needs;
    // -p2 ends here, and sizes are otherwise checked in pass 3.
    const last = c.options.lastPass == 2 && c.options.semantic.listing == Listing.None;
    if (last && c.needs.length == 0) checkSizes(script, lowerOptions(c), c.reporter);
  }
  askForConfig(c);
}

function printResolved(c: Compilation): string {
  const listing = c.options.semantic.listing;
  if (listing != Listing.None) return printListing(c.script!, listing == Listing.Variables);
  return printScript(c.script!);
}

function translate(c: Compilation): void {
  // The IR of many small handlers takes one and a half times what the passes before it have used.
  makeRoom(memoryTop() + (memoryTop() >> 1));
  translateWith(c, new Set<i32>());
}

/** Lowers the script; the handlers in `inSteps` run in steps. */
function translateWith(c: Compilation, inSteps: Set<i32>): void {
  const options = lowerOptions(c);
  options.inSteps = inSteps;
  c.unit = lower(c.script!, options, c.reporter);
}

function lowerOptions(c: Compilation): LowerOptions {
  const options = new LowerOptions();
  options.maxLength = c.options.semantic.maxStringLength;
  options.maxFrames = c.options.semantic.maxFrames;
  options.maxErrors = c.options.limit("MAXERRORS");
  options.maxSkipped = c.options.limit("MAXSKIPPED");
  options.maxEntries = c.options.limit("MAXMAPENTRIES");
  options.patience = <i64>c.options.limit("MAXTRYLOCK") * <i64>c.options.limit("TRYLOCKDELAY") * 1000;
  options.maxNesting = c.options.limit("MAXNESTING");
  options.active = c.options.limit("KRETACTIVE", 0);
  options.maxActions = c.options.limit("MAXACTION");
  const tenTimes = <i32>min<i64>(<i64>options.maxActions * 10, i32.MAX_VALUE);
  options.maxAgentActions = c.options.limit("MAXACTION_INTERRUPTIBLE", tenTimes);
  limitTime(c.options, options);
  options.excludeAgent = c.options.excludeAgent;
  options.stamps = c.options.stamps;
  options.cgroup = c.options.cgroup;
  options.suppressErrors = c.options.suppressErrors;
  const facts = c.options.semantic.facts;
  options.arch = facts.arch;
  options.hz = facts.hz;
  options.relocates = c.options.semantic.relocates;
  options.fetchingAtomics = facts.has(Feature.AtomicFetch);
  options.placesByAddress = !facts.has(Feature.AttachCookie);
  options.scriptName = c.scriptName;
  return options;
}

/** How long handlers may run, and how much of the machine's time they may take. */
function limitTime(from: CompileOptions, options: LowerOptions): void {
  if (from.suppressTimeLimits) {
    options.maxActions = MOST_STEPS;
    options.maxAgentActions = MOST_STEPS;
  } else if (!from.defines("STP_NO_OVERLOAD")) {
    options.overload.threshold = from.limit("STP_OVERLOAD_THRESHOLD");
    options.overload.interval = from.limit("STP_OVERLOAD_INTERVAL");
  }
}

function printIl(c: Compilation): string {
  const functions = c.unit!.ir.functions;
  const parts: string[] = [];
  for (let i = 0, n = functions.length; i < n; ++i) parts.push(printFunction(functions[i]) + "\n");
  return joinTexts(parts);
}

function generate(c: Compilation): void {
  generateAll(c);
  if (c.reporter.hasErrors) return;
  const deep = handlersTooDeep(c);
  if (deep.size > 0) {
    // Lower the script again, with those handlers in steps (decision 0012). What is too deep even then is reported.
    translateWith(c, deep);
    if (c.reporter.hasErrors) return;
    generateAll(c);
    if (c.reporter.hasErrors) return;
  }
  checkPrograms(c);
}

function generateAll(c: Compilation): void {
  c.codes = [];
  const functions = c.unit!.ir.functions;
  const options = new BackendOptions();
  options.optimize = !c.options.unoptimized;
  options.check = c.options.check;
  // A saved object may meet a kernel without.
  options.signedDivision = !c.options.semantic.relocates && c.options.semantic.facts.has(Feature.SignedDivision);
  if (isBackendDump(c.options.dump)) {
    options.dump = c.options.dump.startsWith("il:") ? c.options.dump.substring(3) : c.options.dump;
    options.lines = positionLines(c);
  }
  const order = new CompileOrder(c);
  for (let i = order.next(); i >= 0; i = order.next()) {
    const code = options.dump.length > 0 ? compileFunction(functions[i], options) : compileAndForget(c, i, options);
    if (code.error.length > 0) {
      const owner = ownerOf(c, code.name);
      c.reporter.error(owner.range, `${owner.name} does not fit the kernel's limits: it ${code.error}`, TOO_LARGE);
      return;
    }
    c.codes[i] = code;
    order.reach(code);
  }
  c.dumped = options.dumped;
}

/** What of a script a function of the IR was made of. */
class Owner {
  constructor(
    public name: string,
    public range: Range | null,
  ) {}
}

/** The handler or function of the script that became the function of that name, or a part of it (a loop, a step). */
function ownerOf(c: Compilation, name: string): Owner {
  const programs = c.unit!.programs;
  for (let i = 0, n = programs.length; i < n; ++i) {
    if (isPartOf(name, programs[i].name)) return new Owner("the probe's handler", c.rangeOf(i));
  }
  const functions = c.script!.usedFunctions;
  for (let i = 0, n = functions.length; i < n; ++i) {
    const fn = functions[i];
    if (isPartOf(name, "stp_fn_" + fn.name)) return new Owner(`function '${fn.displayName}'`, fn.declaration.range);
  }
  return new Owner(`'${name}'`, null);
}

function isPartOf(name: string, whole: string): bool {
  return name == whole || name.startsWith(whole + "_loop") || name.startsWith(whole + "_step");
}

/** The functions that some program reaches, each once. What only code that was optimised away called is left out. */
class CompileOrder {
  private reached: StaticArray<bool>;
  private work: i32[] = [];

  constructor(c: Compilation) {
    const count = c.unit!.ir.functions.length;
    this.reached = new StaticArray<bool>(count);
    c.codes = new Array<Code>(count).fill(ABSENT);
    const programs = c.unit!.programs;
    for (let i = programs.length - 1; i >= 0; --i) this.add(programs[i].func);
  }

  private add(index: i32): void {
    if (this.reached[index]) return;
    this.reached[index] = true;
    this.work.push(index);
  }

  /** The function that comes next; -1 behind the last. */
  next(): i32 {
    return this.work.length > 0 ? this.work.pop() : -1;
  }

  /** Adds what a function calls. */
  reach(code: Code): void {
    const relocations = code.relocations;
    for (let i = 0, n = relocations.length; i < n; ++i) {
      if (relocations[i].kind == RelocationKind.Function) this.add(relocations[i].addend);
    }
  }
}

/** Compiles function `index`, and frees its IR and what the passes used. The text of a dump would be freed, too. */
function compileAndForget(c: Compilation, index: i32, options: BackendOptions): Code {
  const module = c.unit!.ir;
  const fn = module.functions[index];
  const mark = markMemory();
  const words = packCode(compileFunction(fn, options));
  if (options.check) assert(!hasUncountedLoop(fn), `a loop of ${fn.name} is not counted`);
  // Passes have changed the function's arrays, which may lie above the mark now.
  module.drop(index);
  return unpackCode(fn, keep<StaticArray<i32>>(mark, words));
}

/** Indexes of the handlers whose chains of calls the kernel would refuse. */
function handlersTooDeep(c: Compilation): Set<i32> {
  const deep = new Set<i32>();
  const programs = c.unit!.programs;
  const chains = new Chains(c.codes);
  for (let i = 0, n = programs.length; i < n; ++i) {
    const handler = c.handlerOf(i);
    if (programs[i].engine == Engine.Agent || handler < 0) continue;
    if (chains.problemOf(programs[i].func).length > 0) deep.add(handler);
  }
  return deep;
}

/** Reports, at their probes, programs that the kernel would refuse as a whole. */
function checkPrograms(c: Compilation): void {
  const programs = c.unit!.programs;
  const chains = new Chains(c.codes);
  for (let i = 0, n = programs.length; i < n; ++i) {
    const program = programs[i];
    if (program.engine == Engine.Agent) continue;
    const problem = chains.problemOf(program.func);
    if (problem.length > 0)
      c.reporter.error(c.rangeOf(i), `${problem}`, "use fewer nested loops and calls in this probe");
    const long = checkWalk(c.codes, program.func);
    if (long.length > 0)
      c.reporter.error(
        c.rangeOf(i),
        long,
        "use fewer arrays and string functions in one probe, or shorter strings: -D MAXSTRINGLEN=N",
      );
  }
}

function printBpf(c: Compilation): string {
  const lines = positionLines(c);
  const parts: string[] = [];
  for (let i = 0, n = c.codes.length; i < n; ++i) {
    if (c.codes[i] !== ABSENT) parts.push(printCode(c.codes[i], lines) + "\n");
  }
  return joinTexts(parts);
}

/** The script's text at each position, with its place. */
function positionLines(c: Compilation): string[] {
  const lines: string[] = [];
  const positions = c.unit!.positions;
  for (let i = 0, n = positions.length; i < n; ++i) {
    const at = positions[i];
    lines.push(`${at.file}:${at.line}:${at.column}: ${at.text.trim()}`);
  }
  return lines;
}

function assemble(c: Compilation): void {
  // The object of many handlers takes less than three eighths of what the compile has used so far.
  makeRoom((memoryTop() >> 3) * 3);
  c.object = writeObject(c.unit!, c.codes, c.options.machine, c.options.outputRingBytes);
}

function printNothing(c: Compilation): string {
  return "";
}
