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
    const lines = text.split("\n");
    for (let i = 0, n = lines.length; i < n; ++i) {
      const line = lines[i];
      const kindEnd = line.indexOf(" ");
      const nameEnd = line.indexOf(" ", kindEnd + 1);
      if (kindEnd < 0 || nameEnd < 0) continue;
      const kind = line.substring(0, kindEnd);
      const name = line.substring(kindEnd + 1, nameEnd);
      // The file's name may contain spaces.
      const file = line.substring(nameEnd + 1);
      if (kind == "function") this.functions.set(name, file);
      else if (kind == "global") this.globals.set(name, file);
      else if (kind == "alias") this.aliases.set(name, file);
      else if (kind == "macro") this.macros.set(name, file);
      else if (kind == "constants") this.constants = file;
    }
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
