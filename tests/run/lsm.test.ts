// Hooks of security modules: seen, denied with -g, and refused where the kernel does not call programs there.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Remote } from "./remote.ts";

const test = suite("lsm");
let remote: Remote;
let isActive = false;

test.before(async () => {
  remote = await Remote.open();
  isActive = /\bbpf\b/.test((await remote.shell("cat /sys/kernel/security/lsm")).out);
  await remote.shell("echo secret > /tmp/lsm-test");
});
test.after(async () => {
  await remote.shell("rm -f /tmp/lsm-test");
  await remote.close();
});

const NAMED = 'execname() == "cat" && d_name($file->f_path->dentry) == "lsm-test"';
const cat = async () => {
  await remote.shell("cat /tmp/lsm-test");
};

test("a kernel that does not call programs at hooks is refused", async () => {
  if (isActive) return;
  const { status, err } = await remote.run(["-e", "probe lsm.file_open { exit() }"]);
  assert.is(status, 4);
  assert.match(err, /this kernel does not call programs at hooks: lsm\.file_open; Boot it with lsm=/);
});

test("a hook fires with its arguments, in several probes that share a handler", async () => {
  if (!isActive) return;
  const script = `global n
    probe lsm.file_open, lsm.file_permission { if (${NAMED}) n[pn(), $return]++ }
    probe lsm.file_open { if (${NAMED}) for (i = 0; i < 3; i++) n["loop", $file != 0]++ }
    probe end { foreach ([point+, value] in n) println(point, " ", value, " ", n[point, value] > 0) }`;
  const { status, out, err } = await remote.run(["-e", script], { attached: cat });
  assert.is(status, 0, err);
  assert.is(out, "loop 1 1\nlsm.file_open 0 1\nlsm.file_permission 0 1\n");
});

test("with -g a handler denies, and only what it means to", async () => {
  if (!isActive) return;
  const script = `global n probe lsm.file_open { if (${NAMED}) { $return = -13; n++ } } probe end { println(n) }`;
  let seen = "";
  const attached = async () => {
    const { out } = await remote.shell("cat /tmp/lsm-test 2>&1; cp /tmp/lsm-test /tmp/lsm-copy && cat /tmp/lsm-copy");
    seen = out;
  };
  const { status, out, err } = await remote.run(["-g", "-e", script], { attached });
  await remote.shell("rm -f /tmp/lsm-copy");
  assert.equal([status, out], [0, "1\n"], err);
  assert.match(seen, /^cat: .*Permission denied\nsecret\n$/);
  assert.is((await remote.shell("cat /tmp/lsm-test")).out, "secret\n");
});

test("what is no error number is an error of the handler, and denies nothing", async () => {
  if (!isActive) return;
  const script = `probe lsm.file_open { if (${NAMED}) $return = 1 }`;
  let seen = "";
  const attached = async () => {
    seen = (await remote.shell("cat /tmp/lsm-test 2>&1")).out;
  };
  const { err } = await remote.run(["-g", "-e", script], { attached });
  assert.is(seen, "secret\n");
  assert.match(err, "what a hook returns must be 0 or a negative error number");
});

test("a hook that the kernel does not have, and denying without -g, are refused", async () => {
  const none = await remote.run(["-e", "probe lsm.file_opne { exit() }"]);
  assert.match(none.err, /the kernel has no hook 'file_opne' of security modules \(similar: file_open\)/);
  const plain = await remote.run(["-e", "probe lsm.file_open { $return = -1 }"]);
  assert.match(plain.err, "denying what a hook is about needs guru mode; use -g");
});

test.run();
