// The inputs of pass 2, apart from the files.

import { Facts } from "../kernel/facts";
import { PreprocessOptions } from "../syntax/options";
import { TapsetLibrary } from "./tapset";

/** Bytes of the longest string with its NUL, as MAXSTRINGLEN counts them. */
export const DEFAULT_STRING_BYTES: i32 = 512;
export const LEAST_STRING_BYTES: i32 = 16;
export const MOST_STRING_BYTES: i32 = 4096;

/** Addresses of a stack, as MAXBACKTRACE counts them. */
export const DEFAULT_FRAMES: i32 = 20;
/** The same for flame graphs, where all stacks must have the same root: as many as the longest string holds packed. */
const FOLDED_FRAMES: i32 = 63;
/** The kernel takes no more (kernel.perf_event_max_stack). */
export const MOST_FRAMES: i32 = 127;

/** How functions are probed (--attach). */
export const enum FunctionAttach {
  /** By what is cheapest and loses nothing on the remote. */
  Best,
  Kprobe,
  /** By fentry and fexit; where they cannot be used is an error. */
  Fentry,
}

/** What -l and -L ask for. */
export const enum Listing {
  None,
  /** The probe points. */
  Points,
  /** The probe points with the variables that aliases set. */
  Variables,
}

/** Options of pass 2. */
export class SemanticOptions {
  /** -D NAME=value, as texts. */
  defines: Map<string, string> = new Map<string, string>();
  /** -G name=value, as texts. */
  globals: Map<string, string> = new Map<string, string>();
  facts: Facts = new Facts();
  tapset: TapsetLibrary = new TapsetLibrary();
  /** What files of the tapset are parsed with. */
  preprocess: PreprocessOptions = new PreprocessOptions();
  /** Whether warnings about unused and never assigned names are wanted (not with -w). */
  warnings: bool = true;
  listing: Listing = Listing.None;
  functionAttach: FunctionAttach = FunctionAttach.Best;
  /** Whether the code is saved and may run in other kernels. */
  relocates: bool = false;
  /** Whether code without effect is taken out (not with -u). */
  prunes: bool = true;
  /** Whether globals that nothing reads are printed at the end. */
  printsUnread: bool = true;
  /** Whether those of them that are arrays with stacks as keys are printed for flame-graph tools. */
  folded: bool = false;
  /** The program that `process` without a name means, as the remote finds it; empty: there is no target process. */
  process: string = "";
  /** Elements of an array whose declaration gives no size (MAXMAPENTRIES). */
  maxEntries: i64 = 2048;

  /** Greatest length of any string, without its NUL (MAXSTRINGLEN - 1). */
  get maxStringLength(): i32 {
    if (!this.defines.has("MAXSTRINGLEN")) return DEFAULT_STRING_BYTES - 1;
    const bytes = I64.parseInt(this.defines.get("MAXSTRINGLEN"), 10);
    return <i32>max<i64>(LEAST_STRING_BYTES, min<i64>(bytes, MOST_STRING_BYTES)) - 1;
  }

  /** Most addresses of a stack (MAXBACKTRACE). */
  get maxFrames(): i32 {
    if (!this.defines.has("MAXBACKTRACE")) return this.folded ? FOLDED_FRAMES : DEFAULT_FRAMES;
    return <i32>max<i64>(1, min<i64>(I64.parseInt(this.defines.get("MAXBACKTRACE"), 10), MOST_FRAMES));
  }
}
