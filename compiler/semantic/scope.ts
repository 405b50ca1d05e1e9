// Probes in programs that only some processes make fire. What decides stands before the handler's own code, in the
// words of the script: it is lowered before locks and frames are taken (lower/guards.ts).

import { TARGET_SET } from "../probes/family";
import { Source, SourceKind } from "../source/source";
import { parseFile } from "../syntax/parser";
import { Analysis, CodeUnit, FileScope, Part } from "./analysis";

/** Makes a unit return at once in other processes than its probe points are about (Attachment.scope). */
export function addScope(a: Analysis, unit: CodeUnit, scope: i64): void {
  const others = scope == TARGET_SET ? "!target_set_pid(pid())" : `pid() != ${scope}`;
  const source = Source.fromText("process", `probe never { if (${others}) next }`, SourceKind.Tapset);
  const file = parseFile(source, a.options.preprocess, a.reporter);
  unit.parts.unshift(new Part(file.probes[0].body, new FileScope(a.files.length, file)));
}
