// Modules that are loaded, removed and loaded again while their functions are probed. Guests have one that can go.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Remote } from "./remote.ts";

const test = suite("modules-later");
const TIMES = 20;
let remote: Remote;
let file = "";

test.before(async () => {
  remote = await Remote.open();
  file = `/lib/modules/$(uname -r)/virtio_rng.ko`;
});
test.after(async () => {
  await remote.shell(`grep -q ^virtio_rng /proc/modules || insmod ${file}`);
  await remote.close();
});

async function shell(command: string): Promise<void> {
  const { status, err } = await remote.shell(command);
  assert.is(status, 0, err);
}

test("a probe waits for its module, sees its init function, and comes back with it each time", async () => {
  await shell("rmmod virtio_rng");
  const script = `global n
    probe module("virtio_rng").function("virtio_rng_driver_init") { n["init"]++ }
    probe module("virtio_rng").function("virtio_rng_driver_init").return { n["init returns"]++ }
    probe kprobe.module("virtio_rng").function("virtrng_probe") { n["probe"]++ }
    probe end { foreach (name+ in n) println(name, " ", n[name]) }`;
  const loop = `for i in $(seq ${TIMES}); do insmod ${file} && rmmod virtio_rng || exit 1; done`;
  const { status, out, err } = await remote.run(["-e", script], { attached: () => shell(loop) });
  await shell(`insmod ${file}`);
  assert.is(status, 0, err);
  assert.is(out, `init ${TIMES}\ninit returns ${TIMES}\nprobe ${TIMES}\n`);
  assert.match(err, /^WARNING: module 'virtio_rng' is not loaded .*the probe waits until it is/m);
  assert.not.match(err, /skipped/);
});

test("probes of a module that is loaded do not keep it from being removed, and come back with it", async () => {
  const script = `global n
    probe module("virtio_rng").function("virtio_read") { n[pp(), probemod(), $size > 0]++ }
    probe module("virtio_rng").function("*") { n["all"]++ }
    probe module("virtio_rng").function("virtio_read").return { n["returns"]++ }
    probe end { foreach ([name+, module, sized] in n) printf("%s %s %d\\n", name, module, sized) }`;
  const plain = script
    .replace(", $size > 0", ", 1")
    .replaceAll('["all"]', '["all", "", 0]')
    .replaceAll('["returns"]', '["returns", "", 0]');
  const reload = `rmmod virtio_rng && insmod ${file} && dd if=/dev/hwrng of=/dev/null bs=256 count=1 2>/dev/null`;
  const { status, out, err } = await remote.run(["-e", plain], { attached: () => shell(reload) });
  assert.is(status, 0, err);
  assert.is(out, 'all  0\nmodule("virtio_rng").function("virtio_read") virtio_rng 1\nreturns  0\n');
});

test("parameters of a module that is not loaded have the types in its file", async () => {
  await shell("rmmod virtio_rng");
  const script = 'probe module("virtio_rng").function("virtio_read") { printf("%s %d\\n", $$parms, $size > 0) exit() }';
  const load = `insmod ${file} && dd if=/dev/hwrng of=/dev/null bs=256 count=1 2>/dev/null`;
  const { status, out, err } = await remote.run(["-e", script], { attached: () => shell(load) });
  await remote.shell(`grep -q ^virtio_rng /proc/modules || insmod ${file}`);
  if (/the types of the module 'virtio_rng' are not known/.test(err)) return; // 5.10 has none
  assert.is(status, 0, err);
  assert.match(out, /^rng=0x[0-9a-f]+ buf=0x[0-9a-f]+ size=0x[0-9a-f]+ wait=0x[01] 1\n$/);
});

test("an optional point is left out if its module is not loaded", async () => {
  const script = 'probe module("no_such_module").function("f")!, timer.ms(10) { println("timer") exit() }';
  const { status, out, err } = await remote.run(["-e", script]);
  assert.equal([status, out, err], [0, "timer\n", ""]);
});

test.run();
