// `stap-remote help NAME`: what the library says of a probe point, a function or a macro. A pattern lists.

import { readTapset } from "./assets.ts";
import { EXIT, ExitError, type ExitStatus } from "./exit.ts";
import { writeText } from "./output.ts";
import type { Surroundings } from "./surroundings.ts";
import { entryLine, entryText, findEntries, nearNames, readEntries, type TapsetEntry } from "./tapset-help.ts";

/** So many entries are shown whole: a probe point and its return. */
const MOST_WHOLE = 2;

/** Prints what is known of each name, or pattern. */
export async function libraryHelp(patterns: string[], around: Surroundings): Promise<ExitStatus> {
  const entries = readEntries(readTapset());
  const texts = patterns.map((pattern) => textOf(entries, pattern));
  await writeText(around.openOutput(undefined), texts.join("\n"));
  return EXIT.done;
}

function textOf(entries: TapsetEntry[], pattern: string): string {
  const found = findEntries(entries, pattern);
  if (found.length > MOST_WHOLE) return `${found.map(entryLine).join("\n")}\n`;
  if (found.length > 0) return found.map(entryText).join("\n");
  const near = nearNames(entries, pattern);
  const all = "'stap-remote help '*'' lists all; -L 'syscall.NAME' has the variables of a system call";
  const hint = near.length > 0 ? `similar: ${near.join(", ")}` : all;
  throw new ExitError(EXIT.failed, `the library has nothing called '${pattern}'`, hint);
}
