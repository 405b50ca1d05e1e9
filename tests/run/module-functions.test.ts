// Functions of modules: guests have a few loaded, and one of them reads random numbers when asked (/dev/hwrng).

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Remote } from "./remote.ts";

const test = suite("module-functions");
let remote: Remote;

test.before(async () => {
  remote = await Remote.open();
});
test.after(() => remote.close());

const read = async () => {
  // More than the kernel may have left of the last time.
  const { status, err } = await remote.shell("dd if=/dev/hwrng of=/dev/null bs=256 count=1 2>/dev/null");
  assert.is(status, 0, err);
};

test("a function of a module is probed at its entry and its return, by both names", async () => {
  const script = `global n
    probe module("virtio_rng").function("virtio_read") { n[pp(), probemod(), probefunc()]++ }
    probe module("virtio-rng").function("virtio_read").call { n[pp(), probemod(), probefunc()]++ }
    probe module("virtio_rng").function("virtio_read").return { n[pp(), probemod(), probefunc()]++ }
    probe kprobe.module("virtio_rng").function("virtio_read") { n[pp(), probemod(), probefunc()]++ }
    probe kprobe.module("virtio_rng").function("virtio_read").return { n[pp(), probemod(), probefunc()]++ }
    probe end { foreach ([point+, module, name] in n) println(point, " ", module, " ", name) }`;
  const { status, out, err } = await remote.run(["-e", script], { attached: read });
  assert.is(status, 0, err);
  assert.is(
    out,
    `kprobe.module("virtio_rng").function("virtio_read") virtio_rng virtio_read
kprobe.module("virtio_rng").function("virtio_read").return virtio_rng virtio_read
module("virtio_rng").function("virtio_read") virtio_rng virtio_read
module("virtio_rng").function("virtio_read").call virtio_rng virtio_read
module("virtio_rng").function("virtio_read").return virtio_rng virtio_read
`,
  );
});

test("patterns in both names find the functions of all modules, and none of the kernel's", async () => {
  const { out, status, err } = await remote.run(["-l", 'module("*").function("v*_read")']);
  assert.is(status, 0, err);
  assert.is(out, 'module("virtio_rng").function("virtio_read")\n');
  const all = await remote.run(["-l", 'module("virtio_*").function("*")']);
  const listed = new Set(all.out.trim().split("\n"));
  assert.ok(listed.size > 50, `${listed.size} functions`);
  for (const one of listed) assert.match(one, /^module\("virtio_\w+"\)\.function\("[\w.]+"\)$/);
  const kernel = await remote.run(["-l", 'kernel.function("virtio_read")?, kernel.function("vfs_rea?")']);
  assert.is(kernel.out, 'kernel.function("vfs_read")\n', kernel.err);
});

test("hundreds of functions of modules fire, with patterns", async () => {
  const script = `global n probe module("virtio_*").function("*") { n[probemod()]++ }
    probe module("virtio_rng").function("*").return { n["return"]++ }
    probe end { println("virtio_rng" in n, "virtio_net" in n, "return" in n) }`;
  const { status, out, err } = await remote.run(["-e", script], { attached: read });
  assert.is(status, 0, err);
  assert.is(out, "111\n", err);
});

test("of functions with one name in a module and in the kernel, the one that is meant fires", async () => {
  const { out: found } = await remote.shell("grep -c ' device_show.\\[virtio\\]' /proc/kallsyms");
  // Where virtio is built in, no module of the guests shares the name of a function with the kernel.
  if (Number(found) === 0) return;
  const script = `global n
    probe module("virtio").function("device_show") { n["module"]++ }
    probe kernel.function("device_show") { n["kernel"]++ }
    probe end { println("module" in n, "kernel" in n) }`;
  const show = (bus: string) => async () => {
    const { status, err } = await remote.shell(`cat /sys/bus/${bus}/devices/*/device`);
    assert.is(status, 0, err);
  };
  assert.is((await remote.run(["-e", script], { attached: show("virtio") })).out, "10\n");
  assert.is((await remote.run(["-e", script], { attached: show("pci") })).out, "01\n");
});

test("parameters of a module's functions have the module's types", async () => {
  const script = `probe module("virtio_rng").function("virtio_read") { printf("%s %d\\n", $$parms, $size > 0) exit() }`;
  const { status, out, err } = await remote.run(["-e", script], { attached: read });
  if ((await remote.shell("test -e /sys/kernel/btf/virtio_rng")).status !== 0) {
    // Kernels before 5.11 have no types of modules.
    assert.is(status, 1);
    assert.match(err, /the types of the module 'virtio_rng' are not known: the kernel has no BTF of it/);
    return;
  }
  assert.is(status, 0, err);
  assert.match(out, /^rng=0x[0-9a-f]+ buf=0x[0-9a-f]+ size=0x[0-9a-f]+ wait=0x[01] 1\n$/);
});

test("a module that is not loaded is a warning, also if it was loaded before, and an error of a pattern", async () => {
  const script = 'probe module("virtio_rng").function("virtio_read") { println(1) }';
  const list = await remote.run(["-p2", "-e", script]);
  assert.is(list.status, 0, list.err);
  await remote.shell("rmmod virtio_rng");
  try {
    const { status, err } = await remote.run(["-p2", "-e", script]);
    assert.is(status, 0, err);
    assert.match(err, /module 'virtio_rng' is not loaded \(similar: [\w, ]*virtio_net.*: the probe waits until it is/);
    const other = await remote.run(["-e", 'probe module("no_such_module").function("f*") {}']);
    assert.match(other.err, /module 'no_such_module' is not loaded[\s\S]*hint: loaded are .*virtio_net/);
  } finally {
    await remote.shell("insmod /lib/modules/$(uname -r)/virtio_rng.ko");
  }
});

test("a function that the kernel does not have is named with its module", async () => {
  const { status, err } = await remote.run(["-e", 'probe kernel.function("virtio_read") {}']);
  assert.is(status, 1);
  assert.match(err, /module 'virtio_rng' has one: write module\("virtio_rng"\)\.function\("virtio_read"\)/);
  const wrong = await remote.run(["-e", 'probe module("virtio_rng").function("virtio_raed") {}']);
  assert.match(wrong.err, /module 'virtio_rng' has no function 'virtio_raed' \(similar: virtio_read\)/);
});

test.run();
