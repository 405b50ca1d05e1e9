// Finds dead code: exports that no other file imports, and members of classes whose name occurs nowhere else.
//
// It compares exports with the names in import statements, and members with the identifiers of all sources. So
// everything that it reports is unused. It does not find a member that shares its name with something else. A type may
// be exported without being imported, because the signatures of exported functions name it.

import { dirname, join } from "node:path";
import { type Node, SyntaxKind, type Tree, walk } from "./trees.ts";

/** Modules whose exports are called from outside: entry points of Wasm modules, in tests too, and of the library. */
const WASM_ENTRIES = /^(compiler\/index|agent\/remote\/main|common\/as\/print\/index|tests\/(il\/)?as\/\w+)\.ts$/;
const LIBRARY_ENTRIES = /^lib\/(node|web)\.ts$/;

type Named = Node & { name?: Node & { text: string }; propertyName?: { text: string } };
type Import = Node & {
  moduleSpecifier?: { text: string };
  importClause?: { name?: Node; namedBindings?: Node & { elements?: Named[] } };
  exportClause?: Node & { elements?: Named[] };
};

/** `file name` of everything that some file takes from another; `file *` if it takes all. */
function importedNames(trees: Tree[]): Set<string> {
  const known = new Set(trees.map((tree) => tree.file));
  const used = new Set<string>();
  for (const tree of trees) {
    walk(tree.root, (node) => {
      if (node.kind !== SyntaxKind.ImportDeclaration && node.kind !== SyntaxKind.ExportDeclaration) return;
      const { moduleSpecifier, importClause, exportClause } = node as Import;
      if (!moduleSpecifier?.text.startsWith(".")) return;
      const path = join(dirname(tree.file), moduleSpecifier.text);
      const target = [path, `${path}.ts`, `${path}/index.ts`].find((name) => known.has(name));
      const elements = importClause?.namedBindings?.elements ?? exportClause?.elements;
      if (!elements) used.add(`${target} *`);
      for (const element of elements ?? []) used.add(`${target} ${(element.propertyName ?? element.name)?.text}`);
    });
    // A dynamic import takes what it likes.
    for (const [, name] of tree.text.matchAll(/import\("(\.[^"]*)"\)/g)) {
      used.add(`${join(dirname(tree.file), name)} *`);
    }
  }
  return used;
}

/** What a top-level statement exports: the names of values, and those of types. */
function exportsOf(statement: Node): { values: string[]; types: string[] } {
  const { modifiers } = statement as { modifiers?: Node[] };
  if (!modifiers?.some((one) => one.kind === SyntaxKind.ExportKeyword)) return { values: [], types: [] };
  if (statement.kind === SyntaxKind.VariableStatement) {
    const list = (statement as unknown as { declarationList: { declarations: Named[] } }).declarationList;
    return { values: list.declarations.map((declaration) => declaration.name?.text ?? ""), types: [] };
  }
  const names = [(statement as Named).name?.text ?? ""];
  return statement.kind === SyntaxKind.FunctionDeclaration
    ? { values: names, types: [] }
    : { values: [], types: names };
}

const MEMBERS: Set<SyntaxKind> = new Set([
  SyntaxKind.MethodDeclaration,
  SyntaxKind.PropertyDeclaration,
  SyntaxKind.GetAccessor,
  SyntaxKind.SetAccessor,
]);

/** How often each identifier occurs in all sources. */
function countIdentifiers(trees: Tree[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const tree of trees) {
    walk(tree.root, (node) => {
      if (node.kind !== SyntaxKind.Identifier && node.kind !== SyntaxKind.PrivateIdentifier) return;
      const { text } = node as unknown as { text: string };
      counts.set(text, (counts.get(text) ?? 0) + 1);
    });
  }
  return counts;
}

/** Complaints about dead code, one a line. */
export function checkExports(trees: Tree[]): string[] {
  const used = importedNames(trees);
  const counts = countIdentifiers(trees);
  const problems: string[] = [];
  for (const tree of trees) {
    const { file, root } = tree;
    if (WASM_ENTRIES.test(file) || LIBRARY_ENTRIES.test(file) || file.endsWith(".d.ts")) continue;
    walk(root, (node) => {
      const name = MEMBERS.has(node.kind) ? (node as Named).name?.text : undefined;
      if (name && counts.get(name) === 1) problems.push(`${file}: nothing uses the member ${name}`);
    });
    if (file.endsWith(".test.ts") || used.has(`${file} *`)) continue;
    const own = countIdentifiers([tree]);
    for (const statement of root.statements) {
      const { values, types } = exportsOf(statement);
      const unused = values.concat(types.filter((name) => own.get(name) === 1));
      for (const name of unused.filter((one) => !used.has(`${file} ${one}`))) {
        problems.push(`${file}: no other file imports ${name}`);
      }
    }
  }
  return problems;
}
