// The kernel's types on their way from a real kernel: once, compressed, and the same bytes.

import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { inflateSync } from "node:zlib";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Remote } from "./remote.ts";

const test = suite("types");
let remote: Remote;

test.before(async () => {
  remote = await Remote.open();
});
test.after(() => remote.close());

/** A command line that makes the compiler ask for a blob. */
const look = (blob: string) => remote.run(["-v", "-p2", `--dump=blob:${blob},0,64`, "-e", "probe begin {}"]);
const sha256 = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");
const hashOf = async (path: string) => (await remote.shell(`sha256sum ${path}`)).out.split(" ")[0];

test("types are transferred compressed at the first start, and a warm start transfers a few kilobytes", async () => {
  const first = await look("kernel-btf");
  assert.is(first.status, 0, first.err);
  const [, bytes, transferred] = /types of the kernel: (\d+) bytes, (\d+) bytes transferred from/.exec(first.err)!;
  assert.ok(Number(transferred) < Number(bytes) * 0.45, `${transferred} of ${bytes} bytes`);
  assert.ok(first.received > Number(transferred) && first.received < Number(transferred) + 10_000, `${first.received}`);
  const kept = readdirSync(remote.factsFolder).filter((name) => name.endsWith(".btf.z"));
  const notes = (await remote.shell("od -An -tx1 -v /sys/kernel/notes")).out.replace(/\s/g, "");
  // 4 bytes of name, 20 of data, type 3, "GNU".
  const [, id] = /040000001400000003000000474e5500([0-9a-f]{40})/.exec(notes)!;
  assert.equal(kept, [`${id}.btf.z`]);
  const types = inflateSync(readFileSync(join(remote.factsFolder, kept[0]!)));
  assert.is(types.length, Number(bytes));
  assert.is(sha256(types), await hashOf("/sys/kernel/btf/vmlinux"));
  const warm = await look("kernel-btf");
  assert.match(warm.err, `types of the kernel: ${bytes} bytes, from the cache`);
  assert.is(warm.out, first.out);
  assert.ok(warm.received < 4096, `${warm.received} bytes were received`);
});

test("a module's types are the module's, and kept by its build", async () => {
  const path = "/sys/kernel/btf/virtio_net";
  const first = await look("module-btf virtio_net");
  if ((await remote.shell(`test -e ${path}`)).status !== 0) {
    // Kernels before 5.11 have types of the kernel only.
    assert.match(first.err, /the remote has no blob 'module-btf virtio_net'/);
    return;
  }
  assert.match(first.err, /types of module 'virtio_net': \d+ bytes, \d+ bytes transferred/);
  const file = readdirSync(remote.factsFolder).find((name) => name.includes(".virtio_net."));
  assert.is(sha256(inflateSync(readFileSync(join(remote.factsFolder, file!)))), await hashOf(path));
  const note = await remote.shell("od -An -tx1 -v /sys/module/virtio_net/notes/.note.gnu.build-id");
  const id = note.out.replace(/\s/g, "").slice(32);
  assert.match(id, /^[0-9a-f]{40}$/);
  assert.ok(file!.endsWith(`.virtio_net.${id}.btf.z`), file);
  const warm = await look("module-btf virtio_net");
  assert.match(warm.err, /types of module 'virtio_net': \d+ bytes, from the cache/);
  assert.ok(warm.received < 4096, `${warm.received} bytes were received`);
});

test("a script without types transfers none", async () => {
  const { status, err, received } = await remote.run(["-e", "probe begin { exit() }"]);
  assert.is(status, 0, err);
  assert.ok(received < 4096, `${received} bytes were received`);
});

test.run();
