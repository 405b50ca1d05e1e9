// The tapset library, as far as this compile has it. The generated index says which file declares a name. A file is
// parsed when the script names something in it. If its text is not here, a need of kind "tapset" asks for it.

import { Source } from "../source/source";

/** Index and texts of the tapset. */
export class TapsetLibrary {
  /** File that declares a function, by name. */
  functions: Map<string, string> = new Map<string, string>();
  /** File that declares a global. */
  globals: Map<string, string> = new Map<string, string>();
  /** File that declares a probe alias, by its name (components joined by dots). */
  aliases: Map<string, string> = new Map<string, string>();
  /** File that declares a macro, by its name. */
  macros: Map<string, string> = new Map<string, string>();
  /** File with the constants for @const; empty: there is none. */
  constants: string = "";
  /** Texts at hand, by file name. */
  sources: Map<string, Source> = new Map<string, Source>();

  /** Takes the index: lines "kind name file". */
  readIndex(text: string): void {
    let file = "";
    for (let start = 0, end = 0; start < text.length; start = end + 1) {
      end = text.indexOf("\n", start);
      if (end < 0) end = text.length;
      const kindEnd = text.indexOf(" ", start);
      const nameEnd = text.indexOf(" ", kindEnd + 1);
      if (kindEnd < 0 || nameEnd < 0 || nameEnd > end) continue;
      // The file's name may contain spaces. Those that follow each other are mostly of the same file.
      const isSame = end - nameEnd - 1 == file.length && text.startsWith(file, nameEnd + 1);
      if (!isSame) file = text.substring(nameEnd + 1, end);
      this.declare(text.charCodeAt(start), text.substring(kindEnd + 1, nameEnd), file);
    }
  }

  /** Takes one line, whose kind has this first letter. */
  private declare(kind: i32, name: string, file: string): void {
    if (kind == 0x66) this.functions.set(name, file);
    else if (kind == 0x67) this.globals.set(name, file);
    else if (kind == 0x61) this.aliases.set(name, file);
    else if (kind == 0x6d) this.macros.set(name, file);
    else if (kind == 0x63) this.constants = file;
  }

  /** Forgets a file and what it declares. */
  drop(file: string): void {
    this.sources.delete(file);
    dropFrom(this.functions, file);
    dropFrom(this.globals, file);
    dropFrom(this.aliases, file);
  }
}

function dropFrom(index: Map<string, string>, file: string): void {
  const names = index.keys();
  for (let i = 0, n = names.length; i < n; ++i) {
    if (index.get(names[i]) == file) index.delete(names[i]);
  }
}
