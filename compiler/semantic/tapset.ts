// The tapset library as far as this compile has it: the generated index says which file declares a name; files are parsed
// when a script names something in them, and asked for (Need "tapset") when their text is not here.

import { Source } from "../syntax/source";

/** Index and texts of the tapset. */
export class TapsetLibrary {
  /** File that declares a function, by name. */
  functions: Map<string, string> = new Map<string, string>();
  /** File that declares a global. */
  globals: Map<string, string> = new Map<string, string>();
  /** File that declares a probe alias, by its first component. */
  aliases: Map<string, string> = new Map<string, string>();
  /** Texts at hand, by file name. */
  sources: Map<string, Source> = new Map<string, Source>();
}
