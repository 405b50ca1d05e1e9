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
  /** Texts at hand, by file name. */
  sources: Map<string, Source> = new Map<string, Source>();

  /** Takes the index: lines "kind name file". */
  readIndex(text: string): void {
    const lines = text.split("\n");
    for (let i = 0, n = lines.length; i < n; ++i) {
      const words = lines[i].split(" ");
      if (words.length != 3) continue;
      if (words[0] == "function") this.functions.set(words[1], words[2]);
      else if (words[0] == "global") this.globals.set(words[1], words[2]);
      else if (words[0] == "alias") this.aliases.set(words[1], words[2]);
      else if (words[0] == "macro") this.macros.set(words[1], words[2]);
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
