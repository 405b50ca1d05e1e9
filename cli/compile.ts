// Passes 1 to 4 as a command: scripts and options → a CompileInput; the compiler's questions → the remote; the object,
// or the text that was asked for → a file or standard output.

import { readFileSync, writeFileSync } from "node:fs";
import { basename } from "node:path";
import type { Hello } from "../agent/host/events.ts";
import {
  type CompileInput,
  type CompileResult,
  type Compiler,
  createCompiler,
  type NamedBytes,
} from "../compiler/host/compile.ts";
import { indexScripts } from "../compiler/host/library-index.ts";
import { ModuleLimit } from "../compiler/host/load.ts";
import { ARCH_OF_MACHINE, type Asked, compileWith } from "../facts/answer.ts";
import { readAsset, readTapset, readTapsetIndex } from "./assets.ts";
import { EXIT, ExitError } from "./exit.ts";
import { readLibrary } from "./library.ts";
import type { Settings } from "./options.ts";
import { reasonOf } from "./output.ts";

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
  // An object that is saved may meet another kernel.
  if (settings.pass === 4 && !settings.list) options.push(["relocations", "1"]);
  const dump = settings.library ?? settings.dump;
  if (dump !== undefined) options.push(["dump", dump]);
  options.push(["module", objectName(settings).replace(/\.bo$/, "")]);
  for (const define of settings.define) options.push(["define", define]);
  for (const set of settings.set) options.push(["global", set]);
  if (settings.noGlobals) options.push(["no-globals", "1"]);
  if (settings.suppressTimeLimits) options.push(["suppress-time-limits", "1"]);
  if (settings.attach !== undefined) options.push(["attach", settings.attach]);
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

/** Compiles, and asks the remote (and the cache of its earlier answers) for what the compiler needs. */
export async function compileFor(compiler: Compiler, input: CompileInput, asked?: Asked): Promise<CompileResult> {
  try {
    return noNeeds(await compileWith(compiler, input, asked));
  } catch (error) {
    if (!(error instanceof ModuleLimit)) throw error;
    throw new ExitError(EXIT.failed, error.message, "use fewer and shorter probes, functions and arguments");
  }
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
