// The types of the library's interface. They import nothing, so that their declarations stand alone.

/** A script, or a file of a library of scripts, with the name that messages use. */
export interface ScriptFile {
  name: string;
  text: string;
}

/** A place in a script; lines and columns count from 1, columns count bytes. */
export interface SourcePlace {
  file: string;
  line: number;
  column: number;
  endLine: number;
  endColumn: number;
}

/** What the compiler has to say about a script. */
export interface Diagnostic {
  severity: "error" | "warning";
  message: string;
  hint?: string;
  place?: SourcePlace;
  notes?: { message: string; place?: SourcePlace }[];
  /** The same as text, in stap's form. */
  rendered: string;
}

/** What is compiled, and how. Options have the meaning of the command line's. */
export interface CompileRequest {
  /** The script's text. */
  script: string;
  /** Its name in messages and in the object; "<input>" if absent. */
  name?: string;
  /** Scripts beside it, as -E. */
  extra?: ScriptFile[];
  /** Files of a library of the user's own, as -I: `*.stp` and `*.stpm`. */
  library?: ScriptFile[];
  /** The script's arguments: $1, @1 … */
  args?: string[];
  /** The CPU to compile for without facts; "x86_64" if absent. */
  arch?: "x86_64" | "arm64";
  /** The kernel release for conditionals, without facts. */
  release?: string;
  /** A file that `stap-remote facts` has made: compiles for that machine. */
  facts?: Uint8Array;
  /** Limits, as -D. */
  define?: Record<string, string | number>;
  /** Values of globals, as -G. */
  globals?: Record<string, string | number>;
  /** Guru mode, as -g. */
  guru?: boolean;
  /** What is printed carries its time and CPU, for JSON Lines. */
  stamps?: boolean;
  /** A phase whose form is wanted as text instead of an object, as --dump: "ast", "script", "il", "bpf" … */
  dump?: string;
}

/** What came of a compile. */
export interface CompileOutcome {
  /** The BPF object; absent if the script was refused, or a dump was wanted. */
  object?: Uint8Array;
  /** The text of a dump or list. */
  text?: string;
  diagnostics: Diagnostic[];
  /** All diagnostics as text. */
  messages: string;
  /** What the compiler would have to know of a machine; empty unless that is why there is no object. */
  needs: { kind: string; names: string[] }[];
}

/** A compiler, loaded once. It keeps nothing between two compiles. */
export interface StapCompiler {
  /** Compiles a script. What is wrong with it is in the outcome; only broken facts are an exception. */
  compile(request: CompileRequest): Promise<CompileOutcome>;
  /** The probe points that match a pattern, as -l; with `variables` what their handlers can name, as -L. */
  listProbes(pattern: string, options?: { facts?: Uint8Array; variables?: boolean }): Promise<string[]>;
  /** Text of the records that an agent sends, for one object. */
  formatter(object: Uint8Array, options?: { json?: boolean }): RecordFormatter;
}

/** Turns frames of records into text. */
export interface RecordFormatter {
  /** The text of one frame's records, and the messages of those that are errors and warnings. */
  format(records: Uint8Array): { text: string; messages: string };
}

/** What an object holds. */
export interface ObjectSummary {
  script: string;
  /** ELF's number of the CPU: 62 x86_64, 183 arm64. */
  machine: number;
  bytes: number;
  probes: { point: string; program: string; attach: string; where: string; optional: boolean; at: string }[];
  programs: { name: string; section: string; engine: string; instructions: number; at: string }[];
  maps: { name: string; bytes: number }[];
  needs: { what: string; at: string }[];
  globals: { name: string; type: string; bytes: number }[];
}

/** Where to run, and what; options have the meaning of the command line's. */
export interface RunRequest extends Omit<CompileRequest, "facts" | "dump" | "arch" | "release"> {
  /** `[user@]box[:port]`; absent: this machine itself. */
  host?: string;
  /** A program instead of SSH, as --via. */
  via?: string;
  identity?: string[];
  knownHosts?: string[];
  acceptNew?: boolean;
  /** Become root with sudo. */
  sudo?: boolean;
  /** A command to run on the machine, as -c. */
  command?: string;
  /** What target() returns, as -x. */
  pid?: number;
  /** Ends the run after so many milliseconds. */
  timeoutMs?: number;
  /** Aborting it ends the run in order: `end` probes run. */
  signal?: AbortSignal;
}

/** What happens in a run: the lines of docs/json.md, and what the command line would say on standard error. */
export type RunEvent =
  | {
      type: "run";
      host: string;
      schema: number;
      script: string;
      kernel: string;
      arch: string;
      cpus: number;
      start: string;
    }
  | { type: "started"; host: string; probes: number }
  | PrintEvent
  | { type: "command"; host: string; stream: "stdout" | "stderr"; text: string }
  | EndEvent
  | { type: "failure"; host: string; status: number; text: string }
  | { type: "message"; text: string };

/** A print, warning or error of the script. */
export interface PrintEvent {
  type: "print" | "warning" | "error";
  host: string;
  /** Nanoseconds since 1970, rounded to what a number can hold. */
  time?: number;
  cpu?: number;
  probe?: string;
  text: string;
  values: unknown[];
  near?: string;
  file?: string;
  line?: number;
  column?: number;
}

/** The end of a run. */
export interface EndEvent {
  type: "end";
  host: string;
  reason: string;
  status: number;
  errors: number;
  skipped: { lock: number; reentrancy: number; kernel: number };
  lost: { output: number; messages: number };
  handlers: number | null;
}
