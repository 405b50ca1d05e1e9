// Checks that package.json's engines allow no version of Node that a locked dependency refuses.

import { readFileSync } from "node:fs";
import { join } from "node:path";

interface Package {
  dev?: boolean;
  optional?: boolean;
  engines?: { node?: string };
}

/** The oldest minor version of each major version that a range such as `^20.19.0 || >=23` contains. */
function oldestOf(range: string): Map<number, number> {
  const oldest = new Map<number, number>();
  const majors = Array.from({ length: 41 }, (_, major) => major);
  for (const part of range.split("||").map((text) => text.trim())) {
    const [, kind, first, minor] = /^(>=|\^)? *(\d+)(?:\.(\d+|\*))?/.exec(part) ?? [];
    for (const major of majors) {
      const isIn = kind === ">=" ? major >= Number(first) : major === Number(first);
      const least = major === Number(first) ? Number(minor?.replace("*", "0") ?? 0) : 0;
      if (isIn) oldest.set(major, Math.min(oldest.get(major) ?? least, least));
    }
  }
  return oldest;
}

/** Whether each version of one range is in the other, too. */
export function isWithin(range: string, other: string): boolean {
  const allowed = oldestOf(other);
  return [...oldestOf(range)].every(([major, minor]) => (allowed.get(major) ?? Number.POSITIVE_INFINITY) <= minor);
}

/** Complaints about package.json's engines, one a line. */
export function checkEngines(root: string): string[] {
  const { packages } = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8")) as {
    packages: Record<string, Package>;
  };
  const own = (JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as Package).engines?.node ?? "*";
  const problems: string[] = [];
  if (packages[""].engines?.node !== own) problems.push("package-lock.json: its engines are not those of package.json");
  for (const [name, { dev, optional, engines }] of Object.entries(packages)) {
    if (name === "" || dev || optional || !engines?.node || isWithin(own, engines.node)) continue;
    problems.push(`package.json: engines "${own}" has versions of Node that ${name} refuses ("${engines.node}")`);
  }
  return problems;
}
