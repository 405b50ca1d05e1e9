// Kernel types (BTF) as other tools see them: what clang makes of C is printed as bpftool prints it, with the offsets
// that clang gives the members. scripts/compare-types.ts does the same with all types of all test kernels.

import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { declarationsOf, differences, fieldsOf } from "../../scripts/c-types.ts";
import { bpftoolTypes, clangOffsets, printTypes } from "../../scripts/compare-types.ts";
import { builtCompiler } from "../../scripts/fuzz.ts";

const TYPES = `
typedef unsigned char u8;
typedef int (*compare_t)(const void *, const char *const *, ...);
struct list { struct list *next, **pprev; };
enum colour { RED, GREEN = 7, BLUE = -1 };
enum wide { WIDE = 1ull << 40, WIDEST = ~0ull };
union word { u8 bytes[4]; unsigned whole; struct { unsigned low : 3, : 2, high : 27; }; };
struct packed { u8 a; unsigned long b; char c[3][5]; } __attribute__((packed));
struct inside { int before; struct { int x; union { int y; char *z; }; } named, several[2]; };
struct outer {
  const volatile int flags;
  struct list links;
  struct { union word w; enum colour colour; };
  enum { NONE, SOME } state;
  compare_t compare;
  void (*const handler)(u8, struct outer *restrict);
  int (*(*table)[4])(struct inside *);
  struct inside *inside[2];
  long long bits : 40;
  _Bool last : 1;
  double ratio;
  enum wide wide;
  struct packed packed __attribute__((aligned(32)));
  struct never_defined *unknown;
  char rest[];
};
`;
const USES =
  "struct outer outer; struct inside inside; int probe(struct outer *o) { return o->state + inside.before; }";

test("types of a C file are printed as bpftool prints them, at the offsets that clang gives them", () => {
  const folder = mkdtempSync(join(tmpdir(), "types-test-"));
  try {
    writeFileSync(join(folder, "types.h"), TYPES);
    writeFileSync(join(folder, "types.c"), `${TYPES}${USES}`);
    const [source, object, btf] = ["types.c", "types.o", "btf"].map((name) => join(folder, name)) as [
      string,
      string,
      string,
    ];
    execFileSync("clang", ["--target=bpf", "-g", "-O1", "-w", "-c", source, "-o", object]);
    execFileSync("llvm-objcopy", ["--dump-section", `.BTF=${btf}`, object]);
    const ours = printTypes(readFileSync(btf));
    assert.equal(differences(declarationsOf(ours), declarationsOf(bpftoolTypes(btf))), []);
    const fields = fieldsOf(ours);
    assert.ok(fields.length >= 25, `${fields.length} members`);
    const said = clangOffsets(fields, join(folder, "types.h"), folder);
    assert.equal(
      fields.map(({ type, path, offset }) => `${type}.${path} ${offset}`),
      fields.map(({ type, path }, i) => `${type}.${path} ${said[i]}`),
    );
    assert.match(ours, /\tlong long bits: 40; \/\* \d+\.0 \*\//);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test("a difference of types is seen", () => {
  const ours = declarationsOf("struct a {\n\tint x; /* 0 4 */\n};\n\ntypedef int t;\n");
  assert.equal(differences(ours, declarationsOf("typedef int t; struct b; struct a { int x; long : 32; };")), []);
  const different = declarationsOf("typedef int t; struct a { long x; };");
  assert.equal(
    differences(ours, different).map((line) => line.slice(0, 12).trim()),
    ["only ours:", "only theirs:"],
  );
});

test("what is no BTF is refused with the reason", () => {
  const bytes = new Uint8Array(100);
  const facts = { names: new Map(), absent: new Map(), bytes: [{ blob: "kernel-btf", offset: 0, size: 100, bytes }] };
  const scripts = [{ name: "x.stp", bytes: Buffer.from("probe begin { }") }];
  const result = builtCompiler().compile({ scripts, options: [["dump", "types:kernel-btf"]], args: [], facts });
  assert.is(result.status, "refused");
  assert.match(result.messages, "'kernel-btf' is no BTF that can be read: it does not begin like BTF");
});

test.run();
