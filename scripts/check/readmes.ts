// Checks that READMEs and folders agree: each source file is named in the nearest README above it, and each source file
// that a README names exists. Tests, and everything under tests/, are left out, because READMEs describe them by
// folder.

import { existsSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";

/** Whether a name in a README, such as `parse-*.ts`, means the file at a path relative to the README. */
function means(name: string, path: string): boolean {
  const pattern = name.replace(/[.+^$()[\]\\]/g, "\\$&").replaceAll("*", "[^/]*");
  return new RegExp(`^(.*/)?${pattern}$`).test(path);
}

/** The nearest README: that of the folder of a file, or of a folder above it. */
function readmeOf(root: string, file: string): string | undefined {
  for (let folder = dirname(file); folder !== "."; folder = dirname(folder)) {
    const readme = join(folder, "README.md");
    if (existsSync(join(root, readme))) return readme;
  }
  return undefined;
}

/** Names of sources in backticks: `x.ts`, `attach/x.ts`, `parse-*.ts`, `x.ts [--check]`. */
function namesIn(text: string): string[] {
  return [...text.matchAll(/`([\w./*-]+\.(?:ts|mjs))(?: [^`]*)?`/g)].map(([, name]) => name);
}

/** Complaints about one README: the sources that it is nearest to, and those that it names. */
function checkReadme(root: string, readme: string, own: string[], files: string[]): string[] {
  const folder = dirname(readme);
  const names = namesIn(readFileSync(join(root, readme), "utf8"));
  const paths = own.map((file) => file.slice(folder.length + 1));
  const missing = paths.filter((path) => {
    // A name without its folder must not mean two files.
    const isNamed = names.some(
      (name) =>
        means(name, path) && (name.includes("*") || !paths.some((other) => other !== path && means(name, other))),
    );
    return !isNamed;
  });
  const isThere = (name: string) =>
    paths.some((path) => means(name, path)) ||
    [join(folder, name), join("compiler", name), name].some((path) =>
      files.some((file) => means(normalize(path), file) && (name.includes("*") || normalize(path) === file)),
    );
  const gone = names.filter((name) => !isThere(name));
  return [
    ...missing.map((path) => `${readme}: it does not name ${path}`),
    ...gone.map((name) => `${readme}: ${name} does not exist`),
  ];
}

/** Complaints about READMEs, one a line. */
export function checkReadmes(root: string, files: string[]): string[] {
  const sources = files.filter((file) => !/\.test\.ts$|\.d\.ts$|\/testing\//.test(file) && !file.startsWith("tests/"));
  const byReadme = new Map<string, string[]>();
  const problems: string[] = [];
  for (const file of sources) {
    const readme = readmeOf(root, file);
    if (readme) byReadme.set(readme, (byReadme.get(readme) ?? []).concat(file));
    else if (file.includes("/")) problems.push(`${file}: no README above it`);
  }
  for (const [readme, own] of byReadme) {
    problems.push(...checkReadme(root, readme, own, files));
  }
  return problems;
}
