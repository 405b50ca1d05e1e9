// Passes 1 to 4 as a command: scripts and options → a CompileInput; the compiler's questions → the remote; the object,
// or the text that was asked for → a file or standard output.

import { readFileSync, writeFileSync } from "node:fs";
import { basename } from "node:path";
import type { Hello } from "../agent/host/events.ts";
import type { FactsCache } from "../agent/host/facts-cache.ts";
import type { Session } from "../agent/host/session.ts";
import { QueryKind } from "../common/format/frame.ts";
import { plainName } from "../common/format/function-name.ts";
import { KERNEL_FEATURE } from "../common/format/manifest.ts";
import {
  type CompileInput,
  type CompileResult,
  type Compiler,
  createCompiler,
  type Facts,
  type NamedBytes,
} from "../compiler/host/compile.ts";
import { ModuleLimit } from "../compiler/host/load.ts";
import { readBlobs, type Source } from "../compiler/host/source.ts";
import { matches } from "../facts/names.ts";
import { readAsset, readTapset, readTapsetIndex } from "./assets.ts";
import { EXIT, ExitError } from "./exit.ts";
import { indexScripts, readLibrary } from "./library.ts";
import type { Settings } from "./options.ts";
import { reasonOf } from "./output.ts";

/** ELF machine numbers of the CPUs there are agents for. */
export const ARCH_OF_MACHINE: Record<number, "x86_64" | "arm64"> = { 62: "x86_64", 183: "arm64" };

/** The most rounds of questions for one compile; each round asks for something new, so few are needed. */
const MAX_ROUNDS = 16;

/** The compiler with its library. */
export function loadCompiler(): Compiler {
  const tapset = readTapset();
  return createCompiler(readAsset("compiler.wasm"), tapset, readTapsetIndex() || indexScripts(tapset));
}

/** The scripts of the command line: the main one, and those of -E. */
export function readScriptsOf(settings: Settings): NamedBytes[] {
  const extra = settings.extra.map((text, i) => ({
    name: i === 0 ? "<extra>" : `<extra ${i + 1}>`,
    bytes: new TextEncoder().encode(`${text}\n`),
  }));
  if (settings.library !== undefined) return libraryScripts(settings);
  return [readScript(settings), ...extra];
}

/** To list what the library has, its files are read like scripts. */
function libraryScripts({ include, release, arch }: Settings): NamedBytes[] {
  const own = include.flatMap((directory) => readLibrary(directory, release ?? "", arch ?? "x86_64"));
  return [...readTapset(), ...own].filter(({ name }) => name.endsWith(".stp"));
}

/** -e, a file, or standard input; to list probe points, a probe on them. */
function readScript(settings: Settings): NamedBytes {
  const { list } = settings;
  if (list) return { name: "<input>", bytes: new TextEncoder().encode(`probe ${list.pattern} {}\n`) };
  if (settings.script !== undefined)
    return { name: "<input>", bytes: new TextEncoder().encode(`${settings.script}\n`) };
  const file = settings.file as string;
  if (file === "-") return { name: "<input>", bytes: readFileSync(0) };
  return { name: file, bytes: readFile(file, "script") };
}

/** A file the user named; one clear line if it cannot be read. */
export function readFile(file: string, what: string): Uint8Array {
  try {
    return readFileSync(file);
  } catch (error) {
    throw new ExitError(EXIT.failed, `cannot read ${what} '${file}': ${reasonOf(error)}`);
  }
}

/** The compiler's input before anything is known about the remote. */
export function compileInput(settings: Settings, scripts: NamedBytes[], hello?: Hello): CompileInput {
  const options: [string, string][] = [];
  const arch = hello ? (ARCH_OF_MACHINE[hello.machine] ?? `machine ${hello.machine}`) : settings.arch;
  if (hello && settings.arch && settings.arch !== arch) {
    throw new ExitError(EXIT.usage, `the remote has a CPU of type ${arch}, not ${settings.arch}`);
  }
  if (arch) options.push(["arch", arch]);
  if (hello && settings.release !== undefined && settings.release !== hello.release) {
    throw new ExitError(EXIT.usage, `the remote runs Linux ${hello.release}, not ${settings.release}`);
  }
  const release = hello?.release ?? settings.release;
  if (release) options.push(["release", release]);
  if (settings.compatible !== undefined) options.push(["compatible", settings.compatible]);
  if (settings.list) options.push(["list", settings.list.variables ? "variables" : "points"]);
  options.push(["pass", String(settings.list ? 2 : Math.min(settings.pass, 4))]);
  const dump = settings.library ?? settings.dump;
  if (dump !== undefined) options.push(["dump", dump]);
  options.push(["module", objectName(settings).replace(/\.bo$/, "")]);
  for (const define of settings.define) options.push(["define", define]);
  for (const set of settings.set) options.push(["global", set]);
  if (settings.noGlobals) options.push(["no-globals", "1"]);
  if (settings.suppressTimeLimits) options.push(["suppress-time-limits", "1"]);
  if (settings.excludeAgent) options.push(["exclude-agent", "1"]);
  if (settings.cgroup !== undefined) options.push(["cgroup", settings.cgroup]);
  if (settings.json || settings.stamps !== undefined) options.push(["stamps", "1"]);
  const process = targetProgram(settings);
  if (process !== "") options.push(["process", process]);
  if (settings.folded) options.push(["folded", "1"]);
  if (settings.suppressHandlerErrors) options.push(["suppress-errors", "1"]);
  if (settings.buffer > 0) options.push(["buffer", String(settings.buffer)]);
  // Files of the library may use what scripts may not.
  if (settings.guru || settings.library !== undefined) options.push(["guru", "1"]);
  if (settings.check) options.push(["check", "1"]);
  if (settings.unoptimized) options.push(["unoptimized", "1"]);
  // What -w hides, -W does not see.
  if (settings.noWarnings) options.push(["warn", "w"]);
  else if (settings.warningsAsErrors) options.push(["warn", "W"]);
  const library = settings.include.flatMap((directory) => readLibrary(directory, release ?? "", arch ?? "x86_64"));
  return { scripts, options, args: settings.args, library: { files: library, index: indexScripts(library) } };
}

/** The program of the target process, as the agent finds programs; empty: there is no target process. */
function targetProgram({ pid, command }: Settings): string {
  if (pid !== 0) return `/proc/${pid}/exe`;
  const [first = ""] = (command ?? "").trim().split(/\s+/);
  return first.replace(/^(["'])(.*)\1$/, "$2");
}

/** NAME.bo of -m, or the script's name, or stap.bo. */
export function objectName(settings: Settings): string {
  if (settings.module !== undefined) return `${settings.module.replace(/\.bo$/, "")}.bo`;
  const { script, file } = settings;
  if (script !== undefined || file === undefined || file === "-") return "stap.bo";
  return `${basename(file).replace(/\.stp$/, "")}.bo`;
}

/** A remote that can be asked about its kernel. */
export interface Asked {
  session: Pick<Session, "query">;
  cache: FactsCache;
  /** Its large inputs; none if absent. */
  blobs?: Source;
  /** The features that were probed; an empty list means that the remote was asked and has none. */
  features: string[];
  warn?: (text: string) => void;
  /** Told each kind of name that the compiler wants to know. */
  onNeed?: (kind: string) => void;
}

/** Features by which the compiler chooses code (compiler/kernel/facts.ts). */
const FEATURES = ["atomics_fetch", "attach_cookie", "preemptible"];

/** What code generation has to know of a kernel: features, the length of a jiffy, and which kernel it is. */
export async function featuresOf(session: Pick<Session, "query" | "hello">): Promise<string[]> {
  const { hz, buildId, release, kernelVersion } = session.hello;
  const found = await session.query(QueryKind.Features, FEATURES);
  const kernel = KERNEL_FEATURE + (buildId || `${release} ${kernelVersion}`);
  return [...FEATURES.filter((name) => found.includes(name)), ...(hz > 0 ? [`hz=${hz}`] : []), kernel];
}

/** Compiles, and asks the remote (and the cache of its earlier answers) for what the compiler needs. */
export async function compileFor(compiler: Compiler, input: CompileInput, asked?: Asked): Promise<CompileResult> {
  try {
    return await compileRounds(compiler, input, asked);
  } catch (error) {
    if (!(error instanceof ModuleLimit)) throw error;
    throw new ExitError(EXIT.failed, error.message, "use fewer and shorter probes, functions and arguments");
  }
}

async function compileRounds(compiler: Compiler, input: CompileInput, asked?: Asked): Promise<CompileResult> {
  const facts = asked ? { names: emptyKinds(), absent: emptyKinds(), features: asked.features } : undefined;
  const session = compiler.begin({ ...input, facts });
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const { result } = session;
    if (result.status !== "needs") return result;
    const found = await answer(session.input.facts, result, asked);
    if (!found) return noNeeds(result);
    session.add(found);
  }
  throw new ExitError(EXIT.failed, "internal error: the compiler never stops asking the remote");
}

const QUERY_KINDS: Record<string, QueryKind> = {
  functions: QueryKind.Functions,
  modules: QueryKind.Modules,
  "module-functions": QueryKind.ModuleFunctions,
  tracepoints: QueryKind.Tracepoints,
  config: QueryKind.Config,
  programs: QueryKind.Programs,
};

function emptyKinds(): Map<string, string[]> {
  return new Map(Object.keys(QUERY_KINDS).map((kind) => [kind, []]));
}

/** Finds out about the needs; undefined if there is nothing new among those that can be answered. */
async function answer(known: Facts | undefined, result: CompileResult, asked?: Asked): Promise<Facts | undefined> {
  const found = await readBlobs(result.needs, asked?.blobs);
  let progress = (found.absent.get("blob") ?? []).length + (found.bytes ?? []).length > 0;
  for (const { kind, names } of result.needs) {
    if (!asked || QUERY_KINDS[kind] === undefined) continue;
    asked.onNeed?.(kind);
    const before = new Set([...(known?.names.get(kind) ?? []), ...(known?.absent.get(kind) ?? [])]);
    const fresh = names.filter((name) => !before.has(name));
    if (fresh.length === 0) continue;
    progress = true;
    const present = await findNames(kind, fresh, asked);
    // A pattern that was answered is added to the names itself, so that the compiler knows that it was asked.
    const answered = fresh.filter((name) => present.some((one) => isAnswer(kind, name, one)));
    const once = new Set([...present, ...answered].filter((name) => !before.has(name)));
    // Names that several functions have stand there twice.
    found.names.set(kind, [...once, ...repeatedIn(present).filter((name) => once.has(name))]);
    found.absent.set(
      kind,
      fresh.filter((name) => !answered.includes(name)),
    );
  }
  asked?.cache.save();
  return progress ? found : undefined;
}

/** Whether what the remote has answers a question: programs stand behind what was asked, other names alone. */
function isAnswer(kind: string, asked: string, found: string): boolean {
  return kind === "programs" ? found.startsWith(`${asked}=`) : matches(asked, found);
}

/** Names that a list has more than once. */
function repeatedIn(names: string[]): string[] {
  const seen = new Set<string>();
  const repeated = new Set<string>();
  for (const name of names) (seen.has(name) ? repeated : seen).add(name);
  return [...repeated];
}

async function findNames(kind: string, names: string[], { session, cache, warn }: Asked): Promise<string[]> {
  const unknown = names.filter((name) => !cache.has(kind, name));
  const cached = names.filter((name) => cache.has(kind, name));
  if (unknown.length === 0) return cached;
  const found = await session.query(QUERY_KINDS[kind] as QueryKind, unknown);
  if (kind === "config") {
    // These are values, not names, and a run asks for them once, so they are not cached.
    if (found.includes("?")) warn?.("the remote has no kernel configuration to read: every CONFIG_… counts as not set");
    return found.filter((one) => one !== "?");
  }
  // What is loaded changes, and what is installed.
  if (kind !== "modules" && kind !== "programs") cache.add(kind, aloneOf(found));
  // What the cache has is the name of one function; a pattern may have found it, too.
  return [...cached.filter((name) => !found.includes(name)), ...found];
}

/** The names that are the whole answer to themselves: no other function has them, and there are no copies of it. */
function aloneOf(names: string[]): string[] {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(plainName(name), (counts.get(plainName(name)) ?? 0) + 1);
  return names.filter((name) => counts.get(plainName(name)) === 1);
}

function noNeeds(result: CompileResult): CompileResult {
  if (result.status !== "needs") return result;
  const what = result.needs.map((need) => `${need.kind}: ${need.names.join(" ")}`).join("; ");
  throw new ExitError(EXIT.failed, `the script needs facts about the remote (${what})`, "use --host or --facts");
}

/** Writes the object where -o, -m or the script's name say; returns the file's name. */
export function writeObject(settings: Settings, object: Uint8Array, file = objectName(settings)): string {
  try {
    writeFileSync(file, object);
  } catch (error) {
    throw new ExitError(EXIT.failed, `cannot write '${file}': ${reasonOf(error)}`);
  }
  return file;
}
