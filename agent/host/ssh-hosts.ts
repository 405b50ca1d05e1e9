// The names of hosts that the user's ssh configuration and known_hosts offer, for lists and completion. Files that
// cannot be read offer nothing; whether a name works, only connecting tells.

import { readFileSync } from "node:fs";
import { isAbsolute, join } from "node:path";
import { expandGlob } from "./config-files.ts";
import { readLines } from "./config-lines.ts";
import { expandHome, userHome } from "./ssh-tokens.ts";

/** A name, and where it stands. */
export interface OfferedHost {
  name: string;
  /** The configuration, where it has settings of its own, or a list of known keys. */
  from: "configuration" | "known hosts";
}

const MOST_FILES = 100;

/** All names, each once, those of the configuration first. Patterns and hashed names are none. */
export function offeredHosts(folder: string = join(userHome(), ".ssh")): OfferedHost[] {
  const names = new Map<string, OfferedHost>();
  const offer = (name: string, from: OfferedHost["from"]) => {
    if (name !== "" && !/[*?!|\s]/.test(name) && !names.has(name)) names.set(name, { name, from });
  };
  const files = [join(folder, "config")];
  for (let i = 0; i < files.length && i < MOST_FILES; i++) {
    for (const { keyword, words } of linesOf(files[i] as string)) {
      if (keyword === "host") for (const word of words) offer(word, "configuration");
      if (keyword === "include") for (const word of words) files.push(...included(word, folder));
    }
  }
  for (const line of textOf(join(folder, "known_hosts")).split("\n")) {
    const [first = "", second = ""] = line.trim().split(/\s+/);
    if (first.startsWith("#")) continue;
    for (const word of (first.startsWith("@") ? second : first).split(",")) {
      // A port other than the usual one stands behind brackets: [box]:2222.
      offer(word.replace(/^\[([^\]:]+)\]:(\d+)$/, "$1:$2"), "known hosts");
    }
  }
  return [...names.values()];
}

function included(pattern: string, folder: string): string[] {
  const path = expandHome(pattern);
  return expandGlob(isAbsolute(path) ? path : join(folder, path));
}

function linesOf(file: string) {
  try {
    return readLines(textOf(file), file);
  } catch {
    return []; // ssh itself says what is wrong with it
  }
}

function textOf(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}
