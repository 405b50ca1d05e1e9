// The checks of `npm run check` on small trees of files: each finds what it should find, and nothing else.

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { isWithin } from "../../scripts/check/engines.ts";
import { checkExports } from "../../scripts/check/exports.ts";
import { circlesOf, importGraph, layersOf } from "../../scripts/check/graph.ts";
import { checkCircles, checkImports } from "../../scripts/check/imports.ts";
import { checkReadmes } from "../../scripts/check/readmes.ts";
import { excessOf } from "../../scripts/check/sizes.ts";
import { parseFiles } from "../../scripts/check/trees.ts";
import { picture } from "../../scripts/generate/imports.ts";

const graphOf = (edges: Record<string, string[]>) => new Map(Object.entries(edges));

/** Runs a check on a folder with these files. */
function inFolder<T>(files: Record<string, string>, check: (root: string, names: string[]) => T): T {
  const root = mkdtempSync(join(tmpdir(), "stap-check-"));
  try {
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(dirname(join(root, name)), { recursive: true });
      writeFileSync(join(root, name), text);
    }
    return check(root, Object.keys(files));
  } finally {
    rmSync(root, { recursive: true });
  }
}

test("a circle of two files is allowed, one of three is not", () => {
  const graph = graphOf({ "a.ts": ["b.ts"], "b.ts": ["a.ts", "c.ts"], "c.ts": [] });
  assert.equal(circlesOf(graph), [["a.ts", "b.ts"]]);
  assert.equal(checkCircles(graph), []);
  graph.set("c.ts", ["a.ts"]);
  assert.equal(checkCircles(graph), ["3 files import each other in a circle: a.ts, b.ts, c.ts"]);
});

test("layers put each node above all that it points to", () => {
  const graph = graphOf({ top: ["left", "right"], left: ["bottom"], right: [], bottom: [] });
  assert.equal(layersOf(graph), [["bottom", "right"], ["left"], ["top"]]);
});

test("the picture of rooms refuses an arrow that points back", () => {
  assert.match(picture(graphOf({ "compiler/a": ["compiler/b"], "compiler/b": [] })), "1  a            → b\n0  b\n");
  assert.throws(() => picture(graphOf({ "compiler/a": ["compiler/b"], "compiler/b": ["compiler/a"] })), /each other/);
});

test("a room imports only what the table allows, and imports without an ending are found", () => {
  const files = {
    "common/format/x.ts": "export const X = 1;",
    "compiler/ir/y.ts": 'import { X } from "../../common/format/x";\nimport { Z } from "../semantic/z";',
    "compiler/semantic/z.ts": "export const Z = 1;",
  };
  const problems = inFolder(files, (root, names) => checkImports(importGraph(root, names)));
  assert.equal(problems, ["compiler/ir/y.ts: compiler/ir must not import compiler/semantic/z.ts"]);
});

const sizes = (text: string) =>
  inFolder({ "x.ts": text }, (root, names) => excessOf(parseFiles(root, names)[0]).map(({ problem }) => problem));

test("long lines, long functions and long files are found", () => {
  assert.equal(sizes(`// ${"x".repeat(117)}\n`), []);
  assert.equal(sizes(`// ${"x".repeat(118)}\n`), ["x.ts:1: 121 columns; 120 are the most"]);
  const lines = (count: number) => "  g();\n".repeat(count);
  assert.equal(sizes(`class A {\n  f() {\n${lines(48)}  }\n}\n`), []);
  assert.equal(sizes(`class A {\n  f() {\n${lines(49)}  }\n}\n`), ["x.ts:2: f has 51 lines; 50 are the most"]);
  assert.equal(sizes("\n".repeat(800)), []);
  assert.equal(sizes("\n".repeat(801)), ["x.ts: 801 lines; 800 are the most"]);
});

test("more than four parameters are found, whatever stands between them", () => {
  assert.equal(sizes("function f(a: () => void, b: [x: 1, y: 2], c = g(1, 2), d?: { e: 1 }) {}\n"), []);
  assert.equal(sizes("const f = (a, b, c, d, e) => a;\n"), ["x.ts:1: f has 5 parameters; 4 are the most"]);
  // A row of data has a parameter for each field.
  assert.equal(sizes("class R { constructor(public a: i32, b: i32, c: i32, d: i32, e: i32) { super(b); } }\n"), []);
  const works = "class R { constructor(a: i32, b: i32, c: i32, d: i32, e: i32) { g(); } }\n";
  assert.equal(sizes(works), ["x.ts:1: R has 5 parameters; 4 are the most"]);
});

test("code that is not TypeScript's grammar is an error, with its place", () => {
  assert.throws(() => sizes("const x = 1;\nconst = 2;\n"), /^x.ts:2: /);
});

test("exports that nobody imports and members that nobody names are found", () => {
  const files = {
    "a.ts": 'import { used, type Shape } from "./b";\nused(1 as unknown as Shape);\n',
    "b.ts":
      "export function used(s: Shape): void {}\nexport const unused = 1;\nexport interface Shape { x: Part }\n" +
      "export interface Part {}\nexport interface Lost {}\n",
    "c.ts": "class C {\n  called(): void {}\n  dead(): void {}\n  field = 1;\n}\nnew C().called();\n",
  };
  assert.equal(
    inFolder(files, (root, names) => checkExports(parseFiles(root, names))),
    [
      "b.ts: no other file imports unused",
      "b.ts: no other file imports Lost",
      "c.ts: nothing uses the member dead",
      "c.ts: nothing uses the member field",
    ],
  );
});

test("a README names every source of its folder, and no other", () => {
  const files = {
    "x/README.md": "`a.ts` `parse-*.ts` `gone.ts` `fuzz.ts [COUNT]` `x/a.ts`",
    "x/a.ts": "",
    "x/parse-y.ts": "",
    "x/fuzz.ts": "",
    "x/a.test.ts": "",
    "x/sub/b.ts": "",
    "z/c.ts": "",
  };
  assert.equal(
    inFolder(files, (root, names) => checkReadmes(root, names.slice(1))),
    ["z/c.ts: no README above it", "x/README.md: it does not name sub/b.ts", "x/README.md: gone.ts does not exist"],
  );
});

test("ranges of versions of Node are compared", () => {
  assert.ok(isWithin("^20.19.0 || ^22.12.0 || >=23", ">=20"));
  assert.ok(isWithin("^20.19.0 || ^22.12.0 || >=23", "^20.19.0 || ^22.12.0 || >=23"));
  assert.ok(isWithin(">=20", "6.* || 8.* || >= 10.*"));
  assert.not.ok(isWithin(">=20", "^20.19.0 || ^22.12.0 || >=23"));
  assert.not.ok(isWithin("^20.19.0 || >=22", "^20.19.0 || ^22.12.0 || >=23"));
});

test.run();
