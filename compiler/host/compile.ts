// compile(): scripts and facts in, an object or diagnostics or needs out. Node, Deno and browsers alike.
//
// What the compiler lacks of the tapset it is given here; what it lacks of the remote is the caller's to find out.
// `begin` gives a session, whose instance keeps its inputs: `add` sends what was found out and nothing else, so a round
// costs no more than its answers. `compile` of a session's `input` does it all again in a fresh instance and gives the
// same bytes: a compile can be replayed, whatever rounds it took.

import { RequestKind, RequestTag } from "../../common/format/request.ts";
import { compileModule, type Instance, instantiate } from "./load.ts";
import { type Section, textSection, writeRequest } from "./request.ts";
import { type CompileResult, PassClock, readResult } from "./result.ts";

export type { CompileResult, Diagnostic, Need, Place, Range } from "./result.ts";

/** A file with its name as the user shall see it. */
export interface NamedBytes {
  name: string;
  bytes: Uint8Array;
}

/** What is known of a remote kernel. */
export interface Facts {
  /** By kind ("functions", "tracepoints"): names that exist. */
  names: Map<string, string[]>;
  /** By kind, and "blob": names and patterns that were asked for and match nothing. */
  absent: Map<string, string[]>;
  /** Features that were probed and found; undefined = unknown. */
  features?: string[];
  /** Parts of blobs. Blobs that are asked for and do not exist are in `absent`, kind "blob". */
  bytes?: BlobPart[];
}

/** Bytes of a blob from an offset on, and how large the whole blob is. */
export interface BlobPart {
  blob: string;
  offset: number;
  size: number;
  bytes: Uint8Array;
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

/** A compile that is under way: needs are answered round by round. */
export interface CompileSession {
  /** What came of the inputs so far. */
  readonly result: CompileResult;
  /** All inputs so far; `compile` makes the same of them. */
  readonly input: CompileInput;
  /** Adds what was found out of the remote, and compiles again. */
  add(facts: Facts): CompileResult;
}

export interface Compiler {
  compile(input: CompileInput): CompileResult;
  /** The same, to be gone on with when the result has needs. */
  begin(input: CompileInput): CompileSession;
  /** Name and version of the module's interface, for reports. */
  readonly wasmBytes: number;
}

/** A compiler around one Wasm module and the tapset's files. */
export function createCompiler(wasm: Uint8Array, tapset: NamedBytes[], tapsetIndex: string): Compiler {
  const module = compileModule(wasm);
  const files = new Map(tapset.map((file) => [file.name, file.bytes]));
  const begin = (input: CompileInput): CompileSession => {
    const more = input.library;
    const all = more ? new Map([...files, ...more.files.map((file) => [file.name, file.bytes] as const)]) : files;
    return new Session(module, input, { files: all, index: tapsetIndex + (more?.index ?? "") });
  };
  return { wasmBytes: wasm.length, begin, compile: (input) => begin(input).result };
}

/** An instance that keeps its inputs, and what it was given. */
class Session implements CompileSession {
  result: CompileResult;
  input: CompileInput;
  private readonly clock = new PassClock();
  private readonly instance: Instance;
  private readonly given = new Set<string>();

  constructor(
    module: WebAssembly.Module,
    input: CompileInput,
    private readonly library: { files: Map<string, Uint8Array>; index: string },
  ) {
    this.input = input;
    this.instance = instantiate(module, { enterPass: (pass) => this.clock.enter(pass) });
    const sections = requestSections(input, library.index);
    // Macros are wanted while parsing, before anybody can ask for them. The files of the user are all checked.
    const checked = new Set((input.library?.files ?? []).map(({ name }) => name));
    for (const [name, data] of library.files) {
      if (!name.endsWith(".stpm") && !checked.has(name)) continue;
      sections.push({ tag: RequestTag.Tapset, name, data });
      if (!name.endsWith(".stpm")) sections.push(textSection(RequestTag.Option, "library", name));
      this.given.add(name);
    }
    this.result = this.supplied(this.run(sections, RequestKind.Whole));
  }

  add(facts: Facts): CompileResult {
    this.input = { ...this.input, facts: mergeFacts(this.input.facts, facts) };
    this.result = this.supplied(this.run(factSections(facts), RequestKind.More));
    return this.result;
  }

  /** A round a tapset file at worst; each round asks for files it was not given yet, so this ends. */
  private supplied(result: CompileResult): CompileResult {
    const { files } = this.library;
    for (;;) {
      const wanted = result.needs.filter((need) => need.kind === "tapset").flatMap((need) => need.names);
      const fresh = wanted.filter((name) => files.has(name) && !this.given.has(name));
      if (result.status !== "needs" || fresh.length === 0) return result;
      for (const name of fresh) this.given.add(name);
      const sections = fresh.map((name) => ({ tag: RequestTag.Tapset, name, data: files.get(name) as Uint8Array }));
      result = this.run(sections, RequestKind.More);
    }
  }

  private run(sections: Section<RequestTag>[], kind: RequestKind): CompileResult {
    this.clock.start();
    const response = this.instance.call("compile", writeRequest(sections, kind));
    this.clock.stop();
    return readResult(response, this.clock.passes, this.instance.memoryBytes());
  }
}

function requestSections(input: CompileInput, tapsetIndex: string): Section<RequestTag>[] {
  const sections: Section<RequestTag>[] = [];
  for (const script of input.scripts) {
    sections.push({ tag: RequestTag.Script, name: script.name, data: script.bytes });
  }
  for (const [name, value] of input.options) sections.push(textSection(RequestTag.Option, name, value));
  for (const argument of input.args) sections.push(textSection(RequestTag.Argument, "", argument));
  sections.push(textSection(RequestTag.TapsetIndex, "", tapsetIndex));
  return input.facts ? [...sections, ...factSections(input.facts)] : sections;
}

function factSections(facts: Facts): Section<RequestTag>[] {
  const sections: Section<RequestTag>[] = [];
  for (const [kind, names] of facts.names) sections.push(textSection(RequestTag.Names, kind, lines(names)));
  for (const [kind, names] of facts.absent) sections.push(textSection(RequestTag.Absent, kind, lines(names)));
  if (facts.features) sections.push(textSection(RequestTag.Features, "", lines(facts.features)));
  for (const { blob, offset, size, bytes } of facts.bytes ?? []) {
    sections.push({ tag: RequestTag.Bytes, name: `${blob} ${offset} ${size}`, data: bytes });
  }
  return sections;
}

function lines(names: string[]): string {
  return names.map((name) => `${name}\n`).join("");
}

/** Facts and those found later: the later ones follow, so that lists keep their order. */
function mergeFacts(before: Facts | undefined, more: Facts): Facts {
  if (!before) return more;
  return {
    names: mergeLists(before.names, more.names),
    absent: mergeLists(before.absent, more.absent),
    features: before.features || more.features ? [...(before.features ?? []), ...(more.features ?? [])] : undefined,
    bytes: [...(before.bytes ?? []), ...(more.bytes ?? [])],
  };
}

function mergeLists(before: Map<string, string[]>, more: Map<string, string[]>): Map<string, string[]> {
  const kinds = new Set([...before.keys(), ...more.keys()]);
  return new Map([...kinds].map((kind) => [kind, [...(before.get(kind) ?? []), ...(more.get(kind) ?? [])]]));
}
