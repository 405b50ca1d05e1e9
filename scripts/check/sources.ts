// Lists the files to check: those that git tracks or would track, and that exist.

import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";

/** All files of the repository, as paths relative to its root. */
function trackedFiles(root: string): string[] {
  const list = execFileSync("git", ["ls-files", "--cached", "--others", "--exclude-standard"], { cwd: root });
  return list
    .toString()
    .split("\n")
    .filter((file) => file !== "" && existsSync(join(root, file)));
}

/** Those that are TypeScript, AssemblyScript or scripts of Node. */
export function trackedSources(root: string): string[] {
  return trackedFiles(root).filter((file) => /\.(ts|mjs)$/.test(file));
}
