// What a run takes of the remote: shown by -v, and named where the kernel gives no more.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Remote } from "./remote.ts";

const test = suite("resources");
let remote: Remote;

test.before(async () => {
  remote = await Remote.open();
});
test.after(() => remote.close());

test("a run that needs too many files is refused with the limit", async () => {
  const nrOpen = "/proc/sys/fs/nr_open";
  const before = (await remote.shell(`cat ${nrOpen}; echo 64 > ${nrOpen}`)).out.trim();
  try {
    const probes = Array.from({ length: 40 }, () => 'probe kernel.function("vfs_read") { n++ }').join("\n");
    const { status, err } = await remote.run(["-w", "-e", `global n ${probes}`]);
    assert.is(status, 4, err);
    assert.match(err, /Too many open files: the agent may have 64\. .* fs\.nr_open/);
  } finally {
    await remote.shell(`echo ${before} > ${nrOpen}`);
  }
});

test("-v shows the memory and the files of a run, which has more than it was given", async () => {
  const probes = Array.from({ length: 40 }, () => 'probe kernel.function("vfs_read") { n++ }').join("\n");
  const arrays = 'global n, a[100000] probe kernel.function("vfs_write") { a[tid()]++ }';
  const script = `${arrays} ${probes} probe timer.s(1) { exit() }`;
  const { status, err } = await remote.run(["-v", "-w", "-e", script]);
  assert.is(status, 0, err);
  const line =
    /memory: (\S+) MiB for maps and programs, (\S+) MiB for the agent \(0.0 MiB locked\); (\d+) of (\d+) file/;
  const [, kernel, agent, files, most] = line.exec(err)!.map(Number);
  assert.ok(kernel! > 4 && kernel! < 40, `an array of 100,000 elements and a ring of 4 MiB: ${err}`);
  assert.ok(agent! > 1 && agent! < 60, err);
  assert.ok(files! > 80 && files! < 300 && most! >= 1 << 20, `two for each probe and a program: ${err}`);
});

test.run();
