// What a compilation was asked for: the request's options, checked and typed.

import { RequestTag } from "../common/format/request";
import { Reporter } from "./diagnostics/diagnostic";
import { Inputs } from "./inputs";
import { Arch, archMachine, archName, findArch } from "./kernel/facts";
import { checkLimit, standardLimit } from "./limits";
import { Request } from "./request";
import { FunctionAttach, Listing, SemanticOptions } from "./semantic/options";
import { Source, SourceKind } from "./source/source";
import { PreprocessOptions } from "./syntax/options";
import { compareVersions } from "./syntax/wildcard";

/** Size of the output ring unless -s says otherwise: 4 MiB holds 100,000 short lines until they are sent. */
const DEFAULT_RING_BYTES: i32 = 4194304;
const LEAST_RING_BYTES: i32 = 4096;
const MOST_RING_MIB: i64 = 1024;

/** Options of all passes. */
export class CompileOptions {
  /** The last of stap's passes to run: 1 to 4. */
  lastPass: i32 = 4;
  dump: string = "";
  arch: Arch = Arch.X86_64;
  check: bool = false;
  unoptimized: bool = false;
  suppressErrors: bool = false;
  /** Handlers on events of the kernel return at once in the agent's own process. */
  excludeAgent: bool = false;
  /** What is printed carries the time and the CPU. */
  stamps: bool = false;
  /** The control group whose tasks are traced: a directory, or the beginning of a container's id; empty: all tasks. */
  cgroup: string = "";
  /** Handlers may run as long as they like, and take all of the machine's time. */
  suppressTimeLimits: bool = false;
  outputRingBytes: i32 = DEFAULT_RING_BYTES;
  /** Name of the object (-m). */
  objectName: string = "";
  preprocess: PreprocessOptions = new PreprocessOptions();
  semantic: SemanticOptions = new SemanticOptions();

  /** ELF machine number. */
  get machine(): i32 {
    return archMachine(this.arch);
  }

  /** Whether -D defines a name. */
  defines(name: string): bool {
    return this.semantic.defines.has(name);
  }

  /** The value of a limit: what -D says, else its default or `otherwise`. */
  limit(name: string, otherwise: i32 = standardLimit(name)): i32 {
    const defines = this.semantic.defines;
    if (!defines.has(name)) return otherwise;
    const value = I64.parseInt(defines.get(name), 10);
    return <i32>max<i64>(0, min<i64>(value, i32.MAX_VALUE));
  }
}

/** Reads the options of a compile; reports those that mean nothing. */
export function readOptions(inputs: Inputs, reporter: Reporter): CompileOptions {
  const request = inputs.request;
  const options = new CompileOptions();
  options.semantic.facts = inputs.facts;
  reporter.quiet = request.option("warn") == "w" || request.option("list").length > 0;
  const arch = request.option("arch", "x86_64");
  const found = findArch(arch);
  if (found < 0) reporter.error(null, `unknown architecture '${arch}'`, "use x86_64 or arm64");
  else options.arch = <Arch>found;
  const pass = <i32>I64.parseInt(request.option("pass", "4"), 10);
  if (pass < 1 || pass > 5) reporter.error(null, `no such pass: ${request.option("pass")}`, "passes are 1 to 4");
  options.lastPass = pass < 1 || pass > 4 ? 4 : pass;
  options.dump = request.option("dump");
  options.check = request.flag("check");
  options.unoptimized = request.flag("unoptimized");
  options.semantic.prunes = !options.unoptimized;
  options.semantic.relocates = request.flag("relocations");
  options.excludeAgent = request.flag("exclude-agent");
  options.stamps = request.flag("stamps");
  options.cgroup = request.option("cgroup");
  options.semantic.process = request.option("process");
  readAttach(options, request, reporter);
  options.suppressErrors = request.flag("suppress-errors");
  options.suppressTimeLimits = request.flag("suppress-time-limits");
  options.semantic.printsUnread = !request.flag("no-globals");
  options.semantic.folded = request.flag("folded");
  options.objectName = request.option("module");
  readRing(options, request, reporter);
  readDefines(options, request, reporter);
  readPreprocess(options, request, reporter);
  readSemantic(options, request, reporter);
  options.semantic.maxEntries = options.limit("MAXMAPENTRIES");
  return options;
}

/** --attach. */
function readAttach(options: CompileOptions, request: Request, reporter: Reporter): void {
  const text = request.option("attach", "best");
  const hint = "use best, kprobe or fentry";
  if (text == "kprobe") options.semantic.functionAttach = FunctionAttach.Kprobe;
  else if (text == "fentry") options.semantic.functionAttach = FunctionAttach.Fentry;
  else if (text != "best") reporter.error(null, `no such way to probe functions: ${text}`, hint);
}

/** -s: megabytes, as in stap. */
function readRing(options: CompileOptions, request: Request, reporter: Reporter): void {
  const text = request.option("buffer");
  if (text.length == 0) return;
  const size = I64.parseInt(text, 10);
  if (size < 1 || size > MOST_RING_MIB) {
    reporter.error(null, `no such buffer size: ${text}`, `give megabytes, 1 to ${MOST_RING_MIB}`);
    return;
  }
  let bytes = LEAST_RING_BYTES;
  while (<i64>bytes < size << 20) bytes <<= 1;
  options.outputRingBytes = bytes;
}

function readDefines(options: CompileOptions, request: Request, reporter: Reporter): void {
  const defines = request.options("define");
  for (let i = 0, n = defines.length; i < n; ++i) {
    const equals = defines[i].indexOf("=");
    const name = equals < 0 ? defines[i] : defines[i].substring(0, equals);
    const value = equals < 0 ? "1" : defines[i].substring(equals + 1);
    if (name.length == 0) reporter.error(null, `-D ${defines[i]} names nothing`, "write -D NAME=VALUE");
    else options.semantic.defines.set(name, value);
    if (name.length > 0) checkLimit(name, value, reporter);
  }
  const globals = request.options("global");
  for (let i = 0, n = globals.length; i < n; ++i) {
    const equals = globals[i].indexOf("=");
    if (equals <= 0) reporter.error(null, `-G ${globals[i]} sets nothing`, "write -G NAME=VALUE");
    else options.semantic.globals.set(globals[i].substring(0, equals), globals[i].substring(equals + 1));
  }
}

/** --compatible: a version of the language up to the one that we have. */
function readCompatible(preprocess: PreprocessOptions, request: Request, reporter: Reporter): void {
  const newest = preprocess.systemtapVersion;
  const version = request.option("compatible", newest);
  preprocess.systemtapVersion = version;
  if (compareVersions(version, newest) <= 0) return;
  reporter.error(null, `cannot be compatible with the future version ${version}`, `the newest is ${newest}`);
}

function readPreprocess(options: CompileOptions, request: Request, reporter: Reporter): void {
  const preprocess = options.preprocess;
  preprocess.arch = archName(options.arch);
  preprocess.kernelRelease = request.option("release");
  preprocess.guru = request.flag("guru");
  readCompatible(preprocess, request, reporter);
  readConfigs(preprocess, request);
  const args = request.all(RequestTag.Argument);
  for (let i = 0, n = args.length; i < n; ++i) preprocess.args.push(args[i].text);
}

/** Facts of kind "config": NAME=value, and names that were asked for. */
function readConfigs(preprocess: PreprocessOptions, request: Request): void {
  const asked = new Set<string>();
  const absent = request.all(RequestTag.Absent);
  for (let i = 0, n = absent.length; i < n; ++i) {
    if (absent[i].name != "config") continue;
    const names = absent[i].text.split("\n");
    for (let j = 0, m = names.length; j < m; ++j) asked.add(names[j]);
  }
  const present = request.all(RequestTag.Names);
  for (let i = 0, n = present.length; i < n; ++i) {
    if (present[i].name != "config") continue;
    const lines = present[i].text.split("\n");
    for (let j = 0, m = lines.length; j < m; ++j) {
      const equals = lines[j].indexOf("=");
      if (equals > 0) preprocess.configs.set(lines[j].substring(0, equals), lines[j].substring(equals + 1));
    }
  }
  preprocess.configsAsked = asked;
}

function readSemantic(options: CompileOptions, request: Request, reporter: Reporter): void {
  const semantic = options.semantic;
  semantic.facts.arch = options.arch;
  semantic.preprocess = options.preprocess;
  const list = request.option("list");
  semantic.listing = list == "points" ? Listing.Points : list == "variables" ? Listing.Variables : Listing.None;
  semantic.warnings = !reporter.quiet;
  const index = request.find(RequestTag.TapsetIndex);
  if (index !== null) semantic.tapset.readIndex(index.text);
  const files = request.all(RequestTag.Tapset);
  for (let i = 0, n = files.length; i < n; ++i) {
    semantic.tapset.sources.set(files[i].name, new Source(files[i].name, files[i].data, SourceKind.Tapset));
  }
}
