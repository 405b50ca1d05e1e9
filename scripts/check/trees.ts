// Parses all sources with TypeScript's own parser. AssemblyScript has TypeScript's grammar, so one parser reads both.
// The parser is a separate program in the package. Its client API is marked unstable; only this file uses it.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type Node, type SourceFile, SyntaxKind } from "typescript/unstable/ast";
import { API } from "typescript/unstable/sync";

export type { Node, SourceFile };
export { SyntaxKind };

/** A parsed source. */
export interface Tree {
  file: string;
  text: string;
  root: SourceFile;
}

/** Parses files, whose paths are relative to `root`. */
export function parseFiles(root: string, files: string[]): Tree[] {
  const config = join(root, "all-sources.tsconfig.json");
  const options = { noLib: true, noResolve: true, types: [], allowJs: true, allowImportingTsExtensions: true };
  const content = JSON.stringify({
    compilerOptions: { ...options, noEmit: true, experimentalDecorators: true },
    files: files.map((file) => join(root, file)),
  });
  // The project exists in memory only: `undefined` sends the parser to the real file.
  const api = new API({
    cwd: root,
    fs: {
      readFile: (name) => (name === config ? content : undefined),
      fileExists: (name) => (name === config ? true : undefined),
    },
  });
  try {
    const [project] = api.updateSnapshot({ openProjects: [config] }).getProjects();
    return files.map((file) => {
      const path = join(root, file);
      const tree = project.program.getSourceFile(path);
      if (!tree) throw new Error(`${file}: TypeScript's parser did not read it`);
      const [problem] = project.program.getSyntacticDiagnostics(path);
      const text = readFileSync(path, "utf8");
      if (problem) throw new Error(`${file}:${lineAt(text, problem.pos)}: ${problem.text}`);
      return { file, text, root: tree };
    });
  } finally {
    api.close();
  }
}

/** The line of an offset, from 1. */
export function lineAt(text: string, offset: number): number {
  return text.slice(0, offset).split("\n").length;
}

/** Calls `visit` for a node and all below it. */
export function walk(node: Node, visit: (node: Node) => void): void {
  visit(node);
  node.forEachChild((child) => walk(child, visit));
}
