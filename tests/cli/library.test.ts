// Libraries of -I, scripts of -E, -r and -l: what the command line passes to the compiler, and the results.

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { compileInput, loadCompiler, readScriptsOf } from "../../cli/compile.ts";
import { parseOptions } from "../../cli/options.ts";

const test = suite<{ folder: string }>("library");

test.before.each((context) => {
  context.folder = mkdtempSync(join(tmpdir(), "stap-library-"));
});
test.after.each((context) => rmSync(context.folder, { recursive: true, force: true }));

function write(folder: string, files: Record<string, string>): void {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
}

/** What a command line without a remote prints, or its messages. */
function compiled(...argv: string[]): string {
  const settings = parseOptions(argv);
  const result = loadCompiler().compile(compileInput(settings, readScriptsOf(settings)));
  return result.text ?? result.messages;
}

test("a file is taken in when the script names something of it, with all that it has", ({ folder }) => {
  write(folder, {
    "a.stp": "global seen, other\nfunction note() { seen++ }\nprobe end { println(seen) }",
    "b.stp": "probe end { println(1) } function unnamed() { }",
  });
  const text = compiled("-p2", "-I", folder, "-e", "probe begin { note() }");
  assert.match(text, /^seen:long$/m);
  assert.is(text.match(/^end /gm)?.length, 1);
});

test("paths of a library may contain spaces", ({ folder }) => {
  write(folder, { "a b  c/d e.stp": "function spaced:long() { return 42 }" });
  const text = compiled("-p2", "-I", join(folder, "a b  c"), "-e", "probe begin { println(spaced()) }");
  assert.match(text, /^ *spaced:long \(\)/m);
});

test("what folders of the release and the CPU define takes the place of the rest", ({ folder }) => {
  write(folder, {
    "a.stp": 'function x() { return "plain" } function y() { return 1 }',
    "6.12/a.stp": "function x() { return 612 }",
    "6.12.7-foo/x86_64/a.stp": 'function x() { return 6127 } function z() { return "z" }',
    "5.10/b.stp": "function x() { return x() }",
  });
  const script = ["-e", 'probe begin { printf("%d", y()) print(x()) }'];
  assert.match(compiled("-p2", "-I", folder, ...script), /^x:string/m);
  assert.match(compiled("-p2", "-r", "6.12.1", "-I", folder, ...script), /^x:long/m);
  assert.match(compiled("-p2", "-r", "6.12.7-foo", "-I", folder, ...script), /^x:long/m);
});

test("macros of .stpm files are known everywhere", ({ folder }) => {
  write(folder, { "m.stpm": "@define TWICE(x) %( (2 * @x) %)", "f.stp": "function four() { return @TWICE(2) }" });
  const text = compiled("-p2", "-I", folder, "-e", "probe timer.s(1) { print(@TWICE(3) + four()) }");
  assert.match(text, /timer of/);
});

test("a pattern finds the aliases of all files", ({ folder }) => {
  write(folder, {
    "a.stp": "probe my.one = begin { n = 1 }",
    "b.stp": 'probe my.two = end { s = "x" } probe other = end {}',
  });
  assert.is(compiled("-I", folder, "-l", "my.*"), "my.one\nmy.two\n");
  assert.is(compiled("-I", folder, "-L", "my.*"), "my.one n:long\nmy.two s:string\n");
});

test("scripts of -E come beside the main one", () => {
  const text = compiled(
    "-p2",
    "-e",
    "probe begin { f() }",
    "-E",
    "function f() { println(1) }",
    "-E",
    "probe end { f() }",
  );
  assert.match(text, /^begin /m);
  assert.match(text, /^end /m);
});

test("-r tells conditionals the release", () => {
  const script = '%( kernel_v >= "6.1" %? probe begin { println(1) } %: probe end { println(2) } %)';
  assert.match(compiled("-p2", "-r", "6.12.3-x", "-e", script), /^begin/m);
  assert.match(compiled("-p2", "-r", "5.10.0", "-e", script), /^end/m);
});

test("a conditional on the kernel's configuration asks for it", () => {
  const settings = parseOptions(["-p2", "-e", '%( CONFIG_SMP == "y" %? probe begin { println(1) } %: junk %)']);
  const compiler = loadCompiler();
  const input = compileInput(settings, readScriptsOf(settings));
  assert.equal(compiler.compile(input).needs, [{ kind: "config", names: ["CONFIG_SMP"] }]);
  const facts = { names: new Map([["config", ["CONFIG_SMP=y"]]]), absent: new Map([["config", ["CONFIG_SMP"]]]) };
  assert.match(compiler.compile({ ...input, facts }).text as string, /^begin/m);
});

test("limits must be numbers in range; names that do nothing get a warning", () => {
  const refused = (define: string) => compiled("-p2", "-D", define, "-e", "probe begin { exit() }");
  assert.match(refused("MAXERRORS=many"), /-D MAXERRORS=many: expected a number from 0/);
  assert.match(refused("MAXSTRINGLEN=9"), /expected a number from 16 to 4096/);
  const settings = parseOptions(["-p2", "-D", "MAXERRROS=3", "-D", "MAPHASHBIAS=2", "-e", "probe begin { exit() }"]);
  const { messages, status } = loadCompiler().compile(compileInput(settings, readScriptsOf(settings)));
  assert.is(status, "done");
  assert.match(messages, /MAXERRROS names no limit and changes nothing \(similar: MAXERRORS\)/);
  assert.match(messages, /MAPHASHBIAS changes nothing here/);
});

test("a library file with errors is skipped with a warning, needed or not", ({ folder }) => {
  write(folder, { "bad.stp": "function broken() { return 1", "good.stp": "function four() { return 4 }" });
  const settings = (script: string) => parseOptions(["-p2", "-I", folder, "-e", script]);
  const run = (script: string) => {
    const given = settings(script);
    return loadCompiler().compile(compileInput(given, readScriptsOf(given)));
  };
  const fine = run("probe begin { println(four()) }");
  assert.match(fine.text as string, /^four:long/m);
  assert.match(fine.messages, /WARNING: library file '.*bad\.stp' has errors, and is skipped: expected statement/);
  assert.match(run("probe begin { println(broken()) }").messages, /unresolved function 'broken'/);
});

test("a macro file with errors ends the compile", ({ folder }) => {
  write(folder, { "bad.stpm": "@define x %( 1" });
  assert.match(compiled("-p1", "-I", folder, "-e", "probe begin { println(1) }"), /parse error: definition of macro/);
});

test("lists the functions and aliases of the library and the forms of probe points", ({ folder }) => {
  write(folder, {
    "a.stp": "function _f() { } private function g() { } function h(a, s:string) { }\nprobe x.y = begin, end(1) { }",
  });
  const functions = compiled("--dump-functions", "-I", folder);
  assert.match(functions, /^h \(a, s:string\)$/m);
  assert.match(functions, /^strlen:long \(s:string\)$/m);
  assert.not.match(functions, /^(_f|g)\b/m);
  assert.match(compiled("--dump-probe-aliases", "-I", folder), /^x\.y = begin, end\(1\)$/m);
  assert.match(compiled("--dump-probe-types"), /^kernel\.function\(string\)\.return$/m);
});

test("-l reads its probe point as a script does", () => {
  assert.is(compiled("-l", "begin { if (a) next }#"), "begin\n");
});

test("a future version is refused", () => {
  const script = ["-e", "probe begin { println(1) }"];
  assert.match(compiled("-p1", "--compatible=99", ...script), /cannot be compatible with the future version 99/);
  assert.match(compiled("-p1", "--compatible=1.4", ...script), /println/);
});

test("a library that is not there is an error", () => {
  assert.throws(() => compiled("-p2", "-I", "/nonexistent", "-e", "probe begin { exit() }"), /no such directory/);
});

test.run();
