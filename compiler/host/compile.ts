// compile(): scripts and facts in, an object or diagnostics or needs out. Node, Deno and browsers alike.
//
// Each call runs in a fresh instance of one compiled module, so a compile depends on its input alone and can be replayed.
// What the compiler lacks of the tapset it is given here; what it lacks of the remote is the caller's to ask.

import { RequestTag, ResponseStatus, ResponseTag } from "../../common/format/request.ts";
import { compileModule, instantiate } from "./load.ts";
import { readResponse, type Section, textSection, writeRequest } from "./request.ts";

/** A file with its name as the user shall see it. */
export interface NamedBytes {
  name: string;
  bytes: Uint8Array;
}

/** What is known of a remote kernel. */
export interface Facts {
  /** By kind ("functions", "tracepoints"): names that exist. */
  names: Map<string, string[]>;
  /** By kind: names and patterns that were asked for and match nothing. */
  absent: Map<string, string[]>;
  /** Features that were probed and found; undefined = unknown. */
  features?: string[];
  btf?: Uint8Array;
}

export interface CompileInput {
  scripts: NamedBytes[];
  /** Options in order, repeatable (common/format/request.ts lists them). */
  options: [string, string][];
  /** Script arguments. */
  args: string[];
  /** Library scripts beside the compiler's own, with their index; they count more than its own. */
  library?: { files: NamedBytes[]; index: string };
  facts?: Facts;
}

/** A place in a script; lines and columns (bytes) count from 1. */
export interface Place {
  file: string;
  line: number;
  column: number;
  endLine: number;
  endColumn: number;
}

/** One diagnostic as the compiler's JSON gives it. */
export interface Diagnostic {
  severity: "error" | "warning";
  kind: "parse error" | "semantic error" | "warning";
  message: string;
  saw?: string;
  hint?: string;
  place?: Place;
  notes?: { message: string; place?: Place }[];
  /** The same as text, in stap's form. */
  rendered: string;
}

/** Something the compiler must know of the remote before it can go on. */
export interface Need {
  kind: string;
  names: string[];
}

export interface CompileResult {
  status: "done" | "refused" | "needs";
  object?: Uint8Array;
  /** What a -p1…-p3 or --dump asked for. */
  text?: string;
  /** Diagnostics in stap's form, errors and warnings. */
  messages: string;
  diagnostics: Diagnostic[];
  needs: Need[];
  /** Passes entered, with their wall-clock time. */
  passes: { name: string; realMs: number }[];
  /** Bytes of the instance's memory at the end; it never shrinks, so this is the peak. */
  memoryBytes: number;
  /** Counts for -v: functions, globals, probes, … */
  counts: Record<string, number>;
}

export interface Compiler {
  compile(input: CompileInput): CompileResult;
  /** Name and version of the module's interface, for reports. */
  readonly wasmBytes: number;
}

/** What `enterPass(n)` numbers: stap's passes, as the compiler's driver reports them. */
const PASS_NAMES = ["start", "parse", "elaborate", "translate", "object"];

/** A compiler around one Wasm module and the tapset's files. */
export function createCompiler(wasm: Uint8Array, tapset: NamedBytes[], tapsetIndex: string): Compiler {
  const module = compileModule(wasm);
  const files = new Map(tapset.map((file) => [file.name, file.bytes]));
  return {
    wasmBytes: wasm.length,
    compile(input: CompileInput): CompileResult {
      const passes: { name: string; realMs: number }[] = [];
      const more = input.library;
      const sections = requestSections(input, tapsetIndex + (more?.index ?? ""));
      const all = more ? new Map([...files, ...more.files.map((file) => [file.name, file.bytes] as const)]) : files;
      const given = new Set<string>();
      // Macros are wanted while parsing, before anybody can ask for them.
      for (const [name, data] of all) {
        if (name.endsWith(".stpm")) sections.push({ tag: RequestTag.Tapset, name, data });
      }
      // A round a tapset file at worst; each round asks for files it was not given yet, so this ends.
      for (;;) {
        const result = runOnce(module, sections, passes);
        const wanted = result.needs.filter((need) => need.kind === "tapset").flatMap((need) => need.names);
        const fresh = wanted.filter((name) => all.has(name) && !given.has(name));
        if (result.status !== "needs" || fresh.length === 0) return result;
        for (const name of fresh) {
          given.add(name);
          sections.push({ tag: RequestTag.Tapset, name, data: all.get(name) as Uint8Array });
        }
      }
    },
  };
}

function requestSections(input: CompileInput, tapsetIndex: string): Section<RequestTag>[] {
  const sections: Section<RequestTag>[] = [];
  for (const script of input.scripts) {
    sections.push({ tag: RequestTag.Script, name: script.name, data: script.bytes });
  }
  for (const [name, value] of input.options) sections.push(textSection(RequestTag.Option, name, value));
  for (const argument of input.args) sections.push(textSection(RequestTag.Argument, "", argument));
  sections.push(textSection(RequestTag.TapsetIndex, "", tapsetIndex));
  const facts = input.facts;
  if (!facts) return sections;
  for (const [kind, names] of facts.names) sections.push(textSection(RequestTag.Names, kind, lines(names)));
  for (const [kind, names] of facts.absent) sections.push(textSection(RequestTag.Absent, kind, lines(names)));
  if (facts.features) sections.push(textSection(RequestTag.Features, "", lines(facts.features)));
  if (facts.btf) sections.push({ tag: RequestTag.Btf, name: "vmlinux", data: facts.btf });
  return sections;
}

function lines(names: string[]): string {
  return names.map((name) => `${name}\n`).join("");
}

function runOnce(
  module: WebAssembly.Module,
  sections: Section<RequestTag>[],
  passes: { name: string; realMs: number }[],
): CompileResult {
  const clock = passClock(passes);
  const instance = instantiate(module, { enterPass: clock.enter });
  const response = readResponse(instance.call("compile", writeRequest(sections)));
  clock.stop();
  const decoder = new TextDecoder();
  const data = (tag: ResponseTag) => response.sections.find((section) => section.tag === tag)?.data;
  const text = (tag: ResponseTag) => {
    const bytes = data(tag);
    return bytes === undefined ? undefined : decoder.decode(bytes);
  };
  const needs = response.sections
    .filter((section) => section.tag === ResponseTag.Need)
    .map((section) => ({ kind: section.name, names: decoder.decode(section.data).split("\n").filter(Boolean) }));
  return {
    status: STATUS_NAMES[response.status],
    object: data(ResponseTag.Object),
    text: text(ResponseTag.Text),
    messages: text(ResponseTag.Messages) ?? "",
    diagnostics: JSON.parse(text(ResponseTag.Diagnostics) ?? "[]"),
    needs,
    passes,
    memoryBytes: instance.memoryBytes(),
    counts: readCounts(text(ResponseTag.Counts) ?? ""),
  };
}

const STATUS_NAMES: Record<ResponseStatus, CompileResult["status"]> = {
  [ResponseStatus.Done]: "done",
  [ResponseStatus.Refused]: "refused",
  [ResponseStatus.Needs]: "needs",
};

/** Keeps the time between `enterPass` calls; the module has no clock. Repeated passes add up. */
function passClock(passes: { name: string; realMs: number }[]) {
  let current: { name: string; realMs: number } | undefined;
  let since = performance.now();
  const stop = () => {
    const now = performance.now();
    if (current) current.realMs += now - since;
    since = now;
    current = undefined;
  };
  const enter = (pass: number): undefined => {
    stop();
    const name = PASS_NAMES[pass] ?? `pass ${pass}`;
    current = passes.find((known) => known.name === name);
    if (!current) {
      current = { name, realMs: 0 };
      passes.push(current);
    }
  };
  return { enter, stop };
}

function readCounts(text: string): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const line of text.split("\n")) {
    const [name, value] = line.split(" ");
    if (name && value) counts[name] = Number(value);
  }
  return counts;
}
