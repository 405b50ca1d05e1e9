// `object show`: what it says of an object equals what the script says, and damaged objects are one sentence.

import { test } from "uvu";
import * as assert from "uvu/assert";
import { describeObject, objectText } from "../../agent/host/describe-object.ts";
import { ObjectError } from "../../agent/host/elf.ts";
import { readAsset, readTapset, readTapsetIndex } from "../../cli/assets.ts";
import { createCompiler } from "../../compiler/host/compile.ts";

const compiler = createCompiler(readAsset("compiler.wasm"), readTapset(), readTapsetIndex());
const SCRIPT = `global n, name
probe kernel.function("vfs_read") { n[execname()]++ }
probe kernel.trace("sched_switch") ? { name = execname() }
probe timer.s(2) { foreach (k in n) printf("%s %d\\n", k, n[k]) }
probe end { println(name) }
`;

function compile(): Uint8Array {
  const scripts = [{ name: "x.stp", bytes: Buffer.from(SCRIPT) }];
  const names = new Map([
    ["functions", ["vfs_read"]],
    ["tracepoints", ["sched_switch"]],
  ]);
  const result = compiler.compile({
    scripts,
    options: [],
    args: [],
    facts: { names, absent: new Map(), features: [] },
  });
  assert.ok(result.object, result.messages);
  return result.object as Uint8Array;
}

test("probes, programs and globals are those of the script", () => {
  const object = compile();
  const shown = describeObject(object);
  assert.equal([shown.script, shown.machine, shown.bytes], ["x.stp", 62, object.length]);
  assert.equal(
    shown.probes.map(({ point, where, optional, at }) => [point, where, optional, at]),
    [
      ['kernel.function("vfs_read")', "kprobe on vfs_read", false, "x.stp:2:7"],
      ['kernel.trace("sched_switch")', "raw tracepoint sched_switch", true, "x.stp:3:7"],
      ["timer.s(2)", "timer of 2000000000 ns", false, "x.stp:4:7"],
      ["end", "", false, "x.stp:5:7"],
    ],
  );
  for (const { program } of shown.probes) {
    const found = shown.programs.find(({ name }) => name === program);
    assert.ok(found && found.instructions > 0 && Number.isInteger(found.instructions), program);
  }
  assert.equal(
    shown.globals.map(({ name, type }) => `${name}:${type}`),
    ["n:long", "name:string"],
  );
  assert.equal(
    shown.maps.map(({ name }) => name),
    ["stp_output", "stp_control"],
  );
  const ofRead = shown.relocations.filter(({ section }) => section === "kprobe/vfs_read");
  assert.ok(ofRead.some(({ symbol, count }) => symbol === ".bss" && count > 0));
  assert.match(
    objectText(shown, "x86_64"),
    /^ {2}kernel\.function\("vfs_read"\) {2}\/\* kprobe on vfs_read, p0_vfs_read/m,
  );
});

test("a damaged object is refused in words, or described; nothing else", () => {
  const object = compile();
  let seed = 1;
  const random = (below: number) => {
    seed = (Math.imul(seed, 1103515245) + 12345) >>> 0;
    return (seed >>> 8) % below;
  };
  let refused = 0;
  for (let i = 0; i < 3000; i++) {
    const bytes = object.slice(0, random(10) === 0 ? random(object.length) : object.length);
    for (let k = 0; k < 4 && bytes.length > 0; k++) {
      // Half of the changes are in the header and the section headers, which everything hangs on.
      const at =
        random(2) === 0 ? random(Math.min(64, bytes.length)) : bytes.length - 1 - random(Math.min(1500, bytes.length));
      bytes[at] = random(256);
    }
    try {
      objectText(describeObject(bytes), "x86_64");
    } catch (error) {
      assert.ok(error instanceof ObjectError || error instanceof RangeError, (error as Error).stack);
      refused++;
    }
  }
  assert.ok(refused > 300 && refused < 3000, `${refused} of 3000 refused`);
});

test.run();
