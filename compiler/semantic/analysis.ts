// The state that the steps of pass 2 share: the files with their declarations, and everything that the probes reach.
// Only `collect.ts` adds declarations, and only `resolve-probes.ts` adds units and handlers.

import { findBuiltin } from "../builtins/table";
import { Reporter } from "../diagnostics/diagnostic";
import { BlobReader } from "../kernel/blobs";
import { KernelTypes } from "../kernel/kernel-types";
import { ProgramFiles } from "../kernel/program-file";
import { Relocations } from "../kernel/relocations";
import { CallGroup } from "../probes/call-code";
import { CallData } from "../probes/call-data";
import { NeedSet } from "../probes/needs";
import { Range, SourceKind } from "../source/source";
import { AliasDeclaration, BlockStatement, Expression, ProbeDeclaration, ScriptFile } from "../syntax/ast";
import { Summary } from "./effects";
import { SemanticOptions } from "./options";
import { Handler, ProbeSite, ScriptControls } from "./script";
import { SiteSignatures } from "./site-signature";
import { BuiltinSymbol, FunctionSymbol, GlobalSymbol, LocalSymbol, PrintSymbol } from "./symbols";
import { TargetNameCache } from "./target-names";

/** More undefined names than this get no similar ones: comparing them all takes too long. */
export const MOST_COMPARED: i32 = 50;

/** A parsed file and what only it sees. */
export class FileScope {
  /** Private names of this file, by name. */
  privateGlobals: Map<string, GlobalSymbol> = new Map<string, GlobalSymbol>();
  /** By `functionKey`. */
  privateFunctions: Map<string, FunctionSymbol[]> = new Map<string, FunctionSymbol[]>();
  /** Of the private functions by name alone: how many parameters they take. */
  privateArities: Map<string, i32[]> = new Map<string, i32[]>();
  constructor(
    public index: i32,
    public file: ScriptFile,
  ) {}

  get isTapset(): bool {
    return this.file.source.kind == SourceKind.Tapset;
  }
}

/** A probe alias and the file it is from. */
export class AliasEntry {
  constructor(
    public declaration: AliasDeclaration,
    /** The names of one of its points, joined by dots. */
    public name: string,
    public names: string[],
    public file: FileScope,
  ) {}
}

/** A block of a unit with the file whose private names it sees. */
export class Part {
  constructor(
    public block: BlockStatement,
    public file: FileScope,
  ) {}
}

/** A condition with the file whose private names it sees. */
export class Condition {
  constructor(
    public expression: Expression,
    public file: FileScope,
  ) {}
}

/** Code of a probe, for one path through the aliases. Its handlers share it; for `never` there are none. */
export class CodeUnit {
  conditions: Condition[] = [];
  parts: Part[] = [];
  locals: LocalSymbol[] = [];
  handlers: Handler[] = [];
  /** The first of its sites: its target variables mean the same at all of them. */
  site: ProbeSite | null = null;
  /** Functions that it calls, overloads included. */
  callees: FunctionSymbol[] = [];
  /** The parameters of its sites that its code uses, in code that is relocated: "2 count u8". */
  parameters: string[] = [];
  /** The system calls that it is for; null: it is for others events. */
  calls: CallGroup | null = null;
  /** Of return probes: the unit that keeps values when their functions begin, if @entry needs one. */
  entry: CodeUnit | null = null;
  /** It is such a unit. */
  isEntry: bool = false;
  constructor(
    public declaration: ProbeDeclaration,
    /** The first of its probe points. */
    public range: Range,
  ) {}
}

/** All that the steps of pass 2 share. */
export class Analysis {
  files: FileScope[] = [];
  /** All that are declared, in order. */
  globals: GlobalSymbol[] = [];
  globalsByName: Map<string, GlobalSymbol> = new Map<string, GlobalSymbol>();
  functions: FunctionSymbol[] = [];
  /** By `functionKey`; each list is the `overloads` of its members. */
  functionsByKey: Map<string, FunctionSymbol[]> = new Map<string, FunctionSymbol[]>();
  /** By name alone: whether it is a function at all, and how many parameters it takes. */
  arities: Map<string, i32[]> = new Map<string, i32[]>();
  /** Of each declared function, by its position in `functions`. */
  functionFiles: FileScope[] = [];
  aliases: AliasEntry[] = [];
  aliasesByName: Map<string, AliasEntry[]> = new Map<string, AliasEntry[]>();
  /** Files of the tapset whose own probes are still to be resolved. */
  unresolved: FileScope[] = [];
  units: CodeUnit[] = [];
  /** Units and functions whose names are resolved: those before these. */
  namedUnits: i32 = 0;
  namedFunctions: i32 = 0;
  /** What each unit does, calls included; filled by effects.ts. */
  summaries: Summary[] = [];
  sites: ProbeSite[] = [];
  controls: ScriptControls = new ScriptControls();
  needs: NeedSet = new NeedSet();
  /** Functions that calls name and whose bodies are still to be resolved. */
  reached: FunctionSymbol[] = [];
  /** All calls of the printf family. */
  prints: PrintSymbol[] = [];
  /** Builtins that calls name, by name. */
  private builtins: Map<string, BuiltinSymbol> = new Map<string, BuiltinSymbol>();
  /** Some code asks for its probe point: pp() and similar functions. */
  asksForSites: bool = false;
  /** Some call takes the kernel's stack as a string. */
  takesStacks: bool = false;
  /** Undefined names that were compared with others. */
  comparisons: i32 = 0;
  /** The tables of system calls, once something asked for them and they are here. */
  calls: CallData | null = null;
  /** Files of the tapset that were loaded or asked for, by name. */
  loaded: Set<string> = new Set<string>();
  /** Probe points that aliases expanded to, and bytes of script that they copied. */
  expansions: i32 = 0;
  copiedBytes: i64 = 0;
  /** C types of the kernel, and what the target variables of sites are. */
  types: KernelTypes;
  signatures: SiteSignatures;
  programs: ProgramFiles;
  targetNames: TargetNameCache = new TargetNameCache();
  constructor(
    public options: SemanticOptions,
    public reporter: Reporter,
    blobs: BlobReader,
  ) {
    this.programs = new ProgramFiles(blobs);
    const types = new KernelTypes(blobs, options.relocates ? new Relocations() : null);
    this.types = types;
    this.signatures = new SiteSignatures(options.facts, types);
  }

  /** Something must be known before the analysis can be finished. */
  get isLacking(): bool {
    return !this.needs.isEmpty || this.types.isPending;
  }

  /** The file that keeps a function of this name to itself; empty if there is none. */
  ownerOfPrivate(name: string): string {
    for (let i = 0, n = this.files.length; i < n; ++i) {
      if (this.files[i].privateArities.has(name)) return this.files[i].file.source.name;
    }
    return "";
  }

  /** The builtin of a name, or null: one symbol for all its calls. */
  builtin(name: string): BuiltinSymbol | null {
    if (this.builtins.has(name)) return this.builtins.get(name);
    const row = findBuiltin(name);
    if (!row) return null;
    const symbol = new BuiltinSymbol(row);
    this.builtins.set(name, symbol);
    return symbol;
  }
}

/** The key by which functions are found: overloads with different numbers of parameters are different functions. */
export function functionKey(name: string, arity: i32): string {
  return `${name}/${arity}`;
}
