// Pass 2: from parsed files to a `Script`. The steps, in order, each in a file of its own:
//
//   collect → resolve probe points (aliases) → resolve names (tapset) → infer types → fold → inline → effects → check

import { Reporter } from "../diagnostics/diagnostic";
import { Facts } from "../kernel/facts";
import { ScriptFile } from "../syntax/ast";
import { Script } from "./script";
import { TapsetLibrary } from "./tapset";

/** What a compilation tells pass 2, apart from the files. */
export class SemanticOptions {
  /** -D NAME=value. */
  defines: Map<string, string> = new Map<string, string>();
  /** -G name=value. */
  globals: Map<string, string> = new Map<string, string>();
  facts: Facts = new Facts();
  tapset: TapsetLibrary = new TapsetLibrary();
  /** Whether warnings about unused and never assigned names are wanted (not with -w). */
  warnings: bool = true;
  /** -u: keep what nothing uses. */
  unoptimized: bool = false;
}

/** Analyses a script. Null if there were errors (the reporter has them); the result's `needs` may ask for more. */
export function analyse(files: ScriptFile[], options: SemanticOptions, reporter: Reporter): Script | null {
  return null;
}
