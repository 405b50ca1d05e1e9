// The cache of what kernels have, and the dialogue between compiler and remote that fills it.

import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { FactsCache } from "../../agent/host/facts-cache.ts";
import { compileFor } from "../../cli/compile.ts";
import type { QueryKind } from "../../common/format/frame.ts";
import { isGlob } from "../../common/format/glob.ts";
import { GLOB_CASES } from "../../common/format/testing/glob-cases.ts";
import type { CompileInput, CompileResult, Compiler, CompileSession, Facts } from "../../compiler/host/compile.ts";
import { indexScripts } from "../../compiler/host/library-index.ts";
import { matches } from "../../facts/names.ts";

const test = suite<{ folder: string }>("facts");
const BUILD_ID = "c0ffee0123456789";

test.before.each((context) => {
  context.folder = mkdtempSync(join(tmpdir(), "stap-facts-"));
});
test.after.each((context) => rmSync(context.folder, { recursive: true, force: true }));

test("names that were saved are known to the next run, and to no other kernel", ({ folder }) => {
  const cache = new FactsCache(BUILD_ID, folder);
  cache.add("functions", ["vfs_read"]);
  cache.save();
  assert.is(new FactsCache(BUILD_ID, folder).has("functions", "vfs_read"), true);
  assert.is(new FactsCache(BUILD_ID, folder).has("tracepoints", "vfs_read"), false);
  assert.is(new FactsCache("deadbeef0123", folder).has("functions", "vfs_read"), false);
});

test("a damaged file is an empty cache", ({ folder }) => {
  for (const text of ["", "{", '{"format":99,"kinds":{"functions":["a"]}}', '{"format":1}']) {
    writeFileSync(join(folder, `${BUILD_ID}.json`), text);
    assert.is(new FactsCache(BUILD_ID, folder).has("functions", "a"), false);
  }
});

test("a build id that could be a path is not used", ({ folder }) => {
  const cache = new FactsCache("../../evil", folder);
  cache.add("functions", ["a"]);
  cache.save();
  assert.equal(readdirSync(folder), []);
});

test("a folder that cannot be made is no error", () => {
  const cache = new FactsCache(BUILD_ID, "/dev/null/nowhere");
  cache.add("functions", ["a"]);
  cache.save();
  assert.is(cache.has("functions", "a"), true);
});

/** A compiler around a function; a session's facts are what it began with and what was added. */
function compilerOf(compile: (input: CompileInput) => CompileResult): Compiler {
  const joined = (a: Map<string, string[]>, b: Map<string, string[]>) =>
    new Map([...a.keys(), ...b.keys()].map((kind) => [kind, [...(a.get(kind) ?? []), ...(b.get(kind) ?? [])]]));
  const begin = (first: CompileInput): CompileSession => {
    const session = {
      input: first,
      result: compile(first),
      add(more: Facts) {
        const facts = session.input.facts!;
        const names = joined(facts.names, more.names);
        session.input = { ...first, facts: { ...facts, names, absent: joined(facts.absent, more.absent) } };
        session.result = compile(session.input);
        return session.result;
      },
    };
    return session;
  };
  return { compile, begin, wasmBytes: 0 };
}

/** A compiler that needs these names, then is done. */
function needing(names: string[]): { compiler: Compiler; inputs: CompileInput[] } {
  const inputs: CompileInput[] = [];
  const base = { messages: "", diagnostics: [], passes: [], memoryBytes: 0, counts: {} };
  const compile = (input: CompileInput): CompileResult => {
    inputs.push(structuredClone(input));
    const known = new Set([...input.facts!.names.get("functions")!, ...input.facts!.absent.get("functions")!]);
    const missing = names.filter((name) => !known.has(name));
    if (missing.length === 0) return { ...base, status: "done", needs: [] };
    return { ...base, status: "needs", needs: [{ kind: "functions", names: missing }] };
  };
  return { compiler: compilerOf(compile), inputs };
}

const INPUT: CompileInput = { scripts: [], options: [], args: [] };

test("needs are asked of the remote once, and what it lacks is told to the compiler", async ({ folder }) => {
  const asked: string[][] = [];
  const session = {
    query: async (_kind: QueryKind, names: string[]) => {
      asked.push(names);
      return ["vfs_read", "vfs_readv"];
    },
  };
  const { compiler, inputs } = needing(["vfs_read*", "vfs_read", "nope"]);
  const result = await compileFor(compiler, INPUT, { session, cache: new FactsCache(BUILD_ID, folder), features: [] });
  assert.is(result.status, "done");
  assert.equal(asked, [["vfs_read*", "vfs_read", "nope"]]);
  assert.equal(inputs.at(-1)!.facts!.names.get("functions"), ["vfs_read", "vfs_readv", "vfs_read*"]);
  assert.equal(inputs.at(-1)!.facts!.absent.get("functions"), ["nope"]);
  const again = needing(["vfs_readv"]);
  await compileFor(again.compiler, INPUT, { session, cache: new FactsCache(BUILD_ID, folder), features: [] });
  assert.is(asked.length, 1, "the second compile is answered from the cache");
});

test("a need that nobody can answer is an error, not a loop", async ({ folder }) => {
  const compile = (): CompileResult => ({
    ...{ status: "needs", messages: "", diagnostics: [], passes: [], memoryBytes: 0, counts: {} },
    needs: [{ kind: "moon", names: ["full"] }],
  });
  const session = { query: async () => [] };
  try {
    await compileFor(compilerOf(compile), INPUT, {
      session,
      cache: new FactsCache(BUILD_ID, folder),
      features: [],
    });
    assert.unreachable();
  } catch (error) {
    assert.match((error as Error).message, /needs facts about the remote \(moon: full\)/);
  }
});

test("patterns match as in the shell, and names with dots only themselves", () => {
  for (const one of GLOB_CASES.split("\n")) {
    const [pattern = "", name = "", expected] = one.split("\t");
    // A text without * ? [ is a name, in which a backslash stands for itself.
    if (isGlob(pattern)) assert.is(matches(pattern, name), expected === "yes", one);
  }
  assert.ok(matches("a.b", "a.b") && !matches("a.b", "axb") && !matches("a.*", "axb"));
});

test("the index finds functions, globals, aliases and macros", () => {
  const text =
    "global a, b = 3, c[10]\nfunction f:long () { }\nprivate function g () {}\n" +
    "probe my.alias.x = begin {}\n@define m(x) %( 1 %)\n";
  const index = indexScripts([{ name: "t.stp", bytes: new TextEncoder().encode(text) }]);
  assert.equal(index.trim().split("\n"), [
    "function f t.stp",
    "function g t.stp",
    "global a t.stp",
    "global b t.stp",
    "global c t.stp",
    "alias my.alias.x t.stp",
    "macro m t.stp",
  ]);
});

test.run();
