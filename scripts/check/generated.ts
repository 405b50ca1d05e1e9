// Checks that the committed generated files are up to date. It runs each generator with --check, which writes nothing
// and fails if something would change.

import { spawnSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";

/** Complaints about generated files, one a line. */
export function checkGenerated(root: string): string[] {
  const folder = join(root, "scripts/generate");
  if (!existsSync(folder)) return [];
  const problems: string[] = [];
  for (const name of readdirSync(folder).filter((file) => file.endsWith(".ts"))) {
    const args = ["--import", "tsx", join(folder, name), "--check"];
    const result = spawnSync(process.execPath, args, { cwd: root, encoding: "utf8" });
    if (result.status !== 0) problems.push(`scripts/generate/${name}: ${result.stdout}${result.stderr}`);
  }
  return problems;
}
