// Files of facts: what is written is read, damaged ones are refused with a reason, and a kernel that is known from a
// file answers as an agent does.

import { deflateSync } from "node:zlib";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { QueryKind } from "../../common/format/frame.ts";
import { compareFacts, describeFacts } from "../../facts/describe.ts";
import { decodeFacts, FactsError } from "../../facts/file.ts";
import { type KernelFacts, OfflineKernel } from "../../facts/kernel.ts";
import { encodeFacts } from "../../facts/write.ts";

const test = suite("facts");

const TYPES = Buffer.from("as if it were BTF");

function sample(change: Partial<KernelFacts> = {}): KernelFacts {
  return {
    hello: {
      version: 3,
      machine: 62,
      cpus: 2,
      pageSize: 4096,
      uid: 0,
      pid: 0,
      hz: 250,
      release: "6.1.0",
      kernelVersion: "#1 SMP",
      buildId: "c0ffee00c0ffee00",
    },
    features: ["bpf", "atomics_fetch"],
    functions: ["vfs_read", "vfs_write", "copy.isra.0", "twice", "twice"],
    modules: ["ext4"],
    moduleFunctions: ["ext4:ext4_sync"],
    moduleBuilds: ["ext4=abcd"],
    tracepoints: ["sched:sched_switch", "irq:softirq_entry", "bare"],
    config: ["CONFIG_HZ=250"],
    blobs: [{ name: "kernel-btf", stream: deflateSync(TYPES) }],
    ...change,
  };
}

test("what is written is read, and equal facts are equal bytes", async () => {
  assert.equal(await decodeFacts(encodeFacts(sample())), sample());
  assert.equal(encodeFacts(sample()), encodeFacts(sample()));
});

test("damaged files are refused", async () => {
  const bytes = encodeFacts(sample());
  const refused: [Uint8Array, RegExp][] = [
    [Buffer.from("global n"), /no file of facts/],
    [new Uint8Array(0), /no file of facts/],
    [bytes.subarray(0, bytes.length - 1), /cut off/],
    [bytes.subarray(0, 20), /cut off/],
    [Buffer.concat([bytes, Buffer.from([0])]), /follows its end/],
    [changed(bytes, 8, 9), /version is 9/],
    [changed(bytes, 30, 1), /damaged/],
    [changed(bytes, bytes.length - 3, 0xaa), /'kernel-btf' in it is damaged/],
    [encodeFacts(sample({ modules: ["a\nb"] })), /damaged \('modules'\)/],
    [encodeFacts(sample({ features: [7 as unknown as string] })), /damaged \('features'\)/],
    [encodeFacts(sample({ hello: { ...sample().hello, hz: -1 } })), /damaged \('hello'\)/],
    [encodeFacts(sample({ functions: undefined })), /damaged \('functions'\)/],
  ];
  for (const [file, message] of refused) {
    const failure = await decodeFacts(file).catch((error) => error);
    assert.instance(failure, FactsError);
    assert.match(failure.message, message);
  }
});

function changed(bytes: Uint8Array, at: number, value: number): Uint8Array {
  const copy = Buffer.from(bytes);
  copy[at] = value;
  return copy;
}

test("thousands of mutated files are read or refused, and nothing else happens", async () => {
  const bytes = encodeFacts(sample());
  let seed = 1;
  const random = (below: number) => {
    seed = (seed * 1103515245 + 12345) & 0x7fffffff;
    return seed % below;
  };
  for (let round = 0; round < 5000; round++) {
    let copy: Uint8Array = Buffer.from(bytes);
    for (let i = random(4); i >= 0; i--) copy[random(copy.length)] = random(256);
    if (random(4) === 0) copy = copy.subarray(0, random(copy.length));
    try {
      await decodeFacts(copy);
    } catch (error) {
      assert.instance(error, FactsError);
    }
  }
});

test("answers questions as an agent does", async () => {
  const kernel = new OfflineKernel(sample());
  assert.equal(await kernel.query(QueryKind.Functions, ["vfs_read", "no"]), ["vfs_read"]);
  assert.equal(await kernel.query(QueryKind.Functions, ["vfs_*"]), ["vfs_read", "vfs_write"]);
  assert.equal(await kernel.query(QueryKind.Functions, ["copy"]), ["copy.isra.0"], "copies by the function's name");
  assert.equal(await kernel.query(QueryKind.Functions, ["twice"]), ["twice", "twice"], "several of one name");
  assert.equal(await kernel.query(QueryKind.ModuleFunctions, ["*:ext4_sync"]), ["ext4:ext4_sync"]);
  assert.equal(await kernel.query(QueryKind.Modules, ["ext*"]), ["ext4"]);
  assert.equal(await kernel.query(QueryKind.ModuleBuilds, ["ext4", "xfs"]), ["ext4=abcd"]);
  assert.equal(await kernel.query(QueryKind.Tracepoints, ["sched_switch", "bare"]), ["sched_switch", "bare"]);
  assert.equal(await kernel.query(QueryKind.Tracepoints, ["sched:*"]), ["sched:sched_switch"]);
  assert.equal(await kernel.query(QueryKind.Tracepoints, ["*"]), ["sched_switch", "softirq_entry", "bare"]);
  assert.equal(await kernel.query(QueryKind.Config, ["CONFIG_HZ", "CONFIG_X"]), ["CONFIG_HZ=250"]);
  assert.equal(await kernel.query(QueryKind.Features, ["atomics_fetch", "preemptible"]), ["atomics_fetch"]);
  assert.is(await kernel.size("kernel-btf"), TYPES.length);
  assert.is(await kernel.size("module-btf ext4"), undefined);
  assert.equal(Buffer.from(await kernel.read("kernel-btf", 3, 2)), TYPES.subarray(3, 5));
});

test("show says what a file has, and diff what differs", () => {
  const shown = describeFacts(sample(), 5000);
  for (const line of ["Linux 6.1.0, x86_64", "atomics_fetch (5.12)", "4 functions of the kernel", "3 tracepoints"]) {
    assert.ok(shown.includes(line), `${line} in\n${shown}`);
  }
  assert.match(shown, /^missing .*attach_cookie \(5\.15\)/m);
  assert.is(compareFacts(sample(), sample(), false), "");
  const other = sample({ features: ["bpf"], functions: ["vfs_read", "new"] });
  const text = compareFacts(sample(), other, false);
  assert.match(text, /^only the first has 1 feature: atomics_fetch \(5\.12\)$/m);
  assert.match(text, /^only the first has 3 functions: copy\.isra\.0 twice vfs_write$/m);
  assert.match(text, /^only the second has 1 function: new$/m);
});

test.run();
