// Files and lines of bearable size: a file is one topic. Exceptions stand here, each with its reason.

import { readFileSync } from "node:fs";
import { join } from "node:path";

const MOST_LINES = 800;
const MOST_COLUMNS = 140;

/** Files that may be longer, and why. */
const LONGER: Record<string, string> = {};

/** Complaints about sizes, one a line. */
export function checkSizes(root: string, files: string[]): string[] {
  const problems: string[] = [];
  for (const file of files) {
    const lines = readFileSync(join(root, file), "utf8").split("\n");
    if (lines.length > MOST_LINES && !LONGER[file]) {
      problems.push(`${file}: ${lines.length} lines; more than ${MOST_LINES} need a reason in scripts/check/sizes.ts`);
    }
    lines.forEach((line, i) => {
      if (line.length > MOST_COLUMNS && !line.includes("http")) {
        problems.push(`${file}:${i + 1}: ${line.length} columns; ${MOST_COLUMNS} are the most`);
      }
    });
  }
  return problems;
}
