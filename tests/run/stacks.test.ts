// The kernel's stack and its symbols: our frames against those that the kernel itself says, as keys and values of
// arrays, in every kind of probe.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { PATIENT, Remote } from "./remote.ts";

const test = suite("stacks");
let remote: Remote;
let kernel = "";

test.before(async () => {
  remote = await Remote.open();
  kernel = (await remote.shell("uname -r")).out;
});
test.after(() => remote.close());

/** Runs in the guest while the probes are attached. */
const shell = (command: string) => async () => {
  const { status, err } = await remote.shell(command);
  assert.is(status, 0, err);
};

test("a stack has the frames that the kernel itself says, with offsets, sizes and modules", async () => {
  const script = `global n, s
    probe kernel.trace("sched_switch") { if (execname() == "sleep") s[tid()] = backtrace() }
    probe end { foreach (t in s) { printf("== %d\\n", t); print_stack(s[t]) } }`;
  let own = "";
  const { status, out, err } = await remote.run(["-e", script], {
    attached: async () => {
      // It sleeps on until the script has ended: its end would be seen, too.
      const command = "sleep 20 >/dev/null 2>&1 & sleep 1; echo == $!; cat /proc/$!/stack";
      const ended = await remote.shell(command);
      assert.is(ended.status, 0, ended.err);
      own = ended.out;
    },
  });
  assert.is(status, 0, err);
  // " 0xffffffff81000000 : do_nanosleep+0x67/0x130 [kernel]", "[<0>] do_nanosleep+0x67/0x130"
  const [, tid, rest] = /^== (\d+)\n([\s\S]*)$/.exec(own)!;
  const expected = rest
    .trim()
    .split("\n")
    .map((line) => line.replace(/^\[<0>\] /, ""));
  assert.ok(expected.length >= 4, own);
  const mine = out
    .slice(out.indexOf(`== ${tid}\n`))
    .split("\n")
    .slice(1);
  const frames = mine.slice(
    0,
    mine.findIndex((line) => !line.startsWith(" 0x")),
  );
  const shown = frames.map((line) => line.replace(/^ 0x[0-9a-f]+ : /, "").replace(" [kernel]", ""));
  // The kernel leaves out what belongs to the scheduler.
  assert.equal(shown.slice(-expected.length), expected, `${out}\n${own}`);
  for (const frame of shown.slice(0, -expected.length)) assert.match(frame, /^((__)?schedule|do_nanosleep)/);
});

test("stacks are keys and values of arrays, printed as addresses, names and lines", async () => {
  const script = `global n, m, by, last
    function remember(s) { last = s }
    probe kernel.function("vfs_write") {
      if (execname() != "dd" || ulong_arg(3) != 512) next
      n[backtrace()]++
      for (i = 0; i < 2; i++) m[callers(2), i]++
      by[tid()] = backtrace()
      remember(callers(3))
    }
    probe end {
      foreach (s in n) { print_stack(s); printf("%d\\n", n[s]) }
      foreach ([s, i] in m) printf("%d %d %s|", i, m[s, i], sprint_stack(s))
      foreach (t in by) printf("\\n%s\\n%s\\n%s\\n", by[t], folded_stack(by[t]), last)
    }`;
  const load = "dd if=/dev/zero of=/tmp/stacks bs=512 count=20 2>/dev/null; rm /tmp/stacks";
  const { status, out, err } = await remote.run([...PATIENT, "-e", script], { attached: shell(load) });
  assert.is(status, 0, err);
  assert.match(out, /^ 0x[0-9a-f]{16} : vfs_write\+0x[0-9a-f]+\/0x[0-9a-f]+ \[kernel\]\n/);
  assert.match(out, /\n20\n/);
  assert.match(out, /[01] 20 vfs_write\+0x\w+\/0x\w+ \[kernel\]\n\w+\+0x\w+\/0x\w+ \[kernel\]\n\|/);
  const [hex, folded, three] = out.split("\n").slice(-4);
  assert.match(folded, /^[\w.]+(;[\w.]+)*;(ksys_write|__arm64_sys_write|__x64_sys_write);vfs_write$/);
  assert.is(hex.split(" ").length, folded.split(";").length);
  assert.is(three, hex.split(" ").slice(0, 3).join(" "));
});

test("a script that looks into a stack sees the addresses as text", async () => {
  const script = `global t
    probe kernel.function("vfs_write") {
      if (execname() != "dd") next
      t = backtrace()
      if (strlen(t) % 19 != 18 || t != callers(-1)) error("length")
      word = tokenize(t, " ")
      for (i = 0; word != ""; i++) {
        if (strtol(word, 16) != 0x7fffffffffffffff && sprintf("0x%x", stack(i)) != word) error(word)
        word = tokenize("", " ")
      }
      printf("%d %d %s\\n", i > 3, stack(1000) + stack(-1), symname(caller_addr()))
      print_syms(t)
      exit()
    }`;
  const load = "dd if=/dev/zero of=/dev/null bs=512 count=3 2>/dev/null";
  const { status, out, err } = await remote.run(["-e", script], { attached: shell(load) });
  assert.is(status, 0, err);
  assert.match(out, /^1 0 (ksys_write|__arm64_sys_write)\n 0x\w+ : vfs_write\+/);
});

test("every kind of probe has a stack that begins with what it probes, or with its caller", async () => {
  const script = `global seen, n
    function show(name) { if (seen[name]++ == 0) { printf("%s %s\\n", name, folded_stack(backtrace())); n++ } }
    probe kernel.function("vfs_write") { if (execname() == "dd") show("entry") }
    probe kernel.function("vfs_write").return { if (execname() == "dd") show("return") }
    probe kernel.trace("sched_switch") { show("trace") }
    probe timer.profile { if (stack(1)) show("profile") }
    probe begin { printf("begin %s.\\n", backtrace()) }`;
  const load = "dd if=/dev/zero of=/dev/null bs=512 count=300 2>/dev/null";
  const { status, out, err } = await remote.run([...PATIENT, "-e", script], { attached: shell(load) });
  assert.is(status, 0, err);
  assert.match(out, /^begin \.$/m);
  assert.match(out, /^entry [^ ]*;vfs_write$/m);
  assert.match(out, /^trace ([^ ]*;)?__schedule$/m);
  assert.match(out, /^profile [\w.]+(;[\w.]+)+$/m);
  // Linux 5.10 does not find its way back from there.
  if (!kernel.startsWith("5.10")) assert.match(out, /^return [^ ]*;(ksys_write|__arm64_sys_write)(;vfs_write)?$/m);
});

test("MAXBACKTRACE frames are kept, and not one more", async () => {
  const script = `probe kernel.function("vfs_write") {
      if (execname() == "dd") { printf("%s\\n", backtrace()); println(stack(1) != 0, stack(2) != 0); exit() } }`;
  const load = "dd if=/dev/zero of=/dev/null bs=512 count=3 2>/dev/null";
  const run = await remote.run(["-D", "MAXBACKTRACE=2", "-e", script], { attached: shell(load) });
  assert.is(run.status, 0, run.err);
  assert.match(run.out, /^0x\w+ 0x\w+\n10\n$/);
});

test("--folded prints what flame-graph tools read", async () => {
  const script = `global n, s, other
    probe kernel.function("vfs_write") {
      if (execname() == "dd" && ulong_arg(3) == 512) { n[execname(), backtrace()]++; s[backtrace()] <<< 7; other++ } }`;
  const load = "dd if=/dev/zero of=/dev/null bs=512 count=9 2>/dev/null";
  const { status, out, err } = await remote.run([...PATIENT, "--folded", "-e", script], { attached: shell(load) });
  assert.is(status, 0, err);
  const lines = out.trimEnd().split("\n");
  assert.is(lines.length, 3, out);
  assert.match(lines[0]!, /^dd;[\w.]+(;[\w.]+)*;vfs_write 9$/);
  assert.match(lines[1]!, /^[\w.]+(;[\w.]+)*;vfs_write 9$/);
  assert.is(lines[2], "other=9");
});

test("a symbol is named as the kernel names it, also in a module, and not where there is none", async () => {
  const list =
    "awk '$2 ~ /^[tT]$/ && $4 == \"[virtio_rng]\" && $3 !~ /^\\$/ { print $1, $3 }' /proc/kallsyms | sort | head -3";
  const lines = (await remote.shell(`grep -w vfs_read /proc/kallsyms; ${list}`)).out.trim().split("\n");
  const read = lines[0]!.split(" ")[0];
  const [address, name] = lines[1]!.split(" ") as [string, string];
  const script = `probe begin {
      printf("%s %s|", symname(0x${read} + 4), modname(0x${read}))
      printf("%s %s|%s", symdata(0x${address} + 2), modname(0x${address}), symname(16))
      exit() }`;
  const { status, out, err } = await remote.run(["-e", script]);
  assert.is(status, 0, err);
  assert.match(out, new RegExp(`^vfs_read kernel\\|${name}\\+0x2/0x[0-9a-f]+ \\[virtio_rng\\] virtio_rng\\|0x10$`));
});

test("names are values where a script looks inside: in handlers of the kernel from Linux 5.13 on", async () => {
  const script = `global n
    probe kernel.function("vfs_write") {
      if (execname() != "dd") next
      for (i = 0; i < 2; i++) names .= symname(stack(i)) . ";"
      n[symname(addr()), modname(addr()), names, symdata(16)]++
      if (caller() != sprintf("%s 0x%x", symname(stack(1)), caller_addr())) error(caller())
      exit() }
    probe end { foreach ([a, b, c, d] in n) println(a, " ", b, " ", c, " ", d) }`;
  const load = "dd if=/dev/zero of=/dev/null bs=512 count=3 2>/dev/null";
  const { status, out, err } = await remote.run(["-e", script], { attached: shell(load) });
  if (kernel.startsWith("5.10")) {
    assert.is(status, 4);
    assert.match(err, /this kernel has no names of its symbols for programs \(bpf_snprintf\); Linux 5\.13 or newer/);
    return;
  }
  assert.is(status, 0, err);
  assert.match(out, /^vfs_write kernel vfs_write;(ksys_write|__arm64_sys_write); 0x10$/m);
});

test("names are values in the handlers that the agent runs, on every kernel", async () => {
  const list =
    "awk '$2 ~ /^[tT]$/ && $4 == \"[virtio_rng]\" && $3 !~ /^\\$/ { print $1, $3 }' /proc/kallsyms | head -1";
  const [address, name] = (await remote.shell(list)).out.trim().split(" ") as [string, string];
  const script = `probe begin {
      a = 0x${address}
      printf("%s", symname(a) . "|" . modname(a) . "|" . symdata(a) . "|" . symname(1) . "|" . modname(1))
      exit() }`;
  const { status, out, err } = await remote.run(["-e", script]);
  assert.is(status, 0, err);
  assert.match(
    out,
    new RegExp(`^${name}\\|virtio_rng\\|${name}\\+0x0/0x[0-9a-f]+ \\[virtio_rng\\]\\|0x1\\|<unknown>$`),
  );
});

test.run();
