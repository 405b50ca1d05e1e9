// Probes in programs of user space: functions by symbol, in all processes, in a process, in what a command starts.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { compileProgram, install } from "./program.ts";
import { linesOf, PATIENT, Remote } from "./remote.ts";

const test = suite("programs");
let remote: Remote;

/** Adds as often as its argument says; with a second argument a child adds once more. */
const CODE = `
static const char WORD[] = "hello";
NOINLINE long add(long a, int b, const char *s) { asm volatile("" : "+r"(a), "+r"(s) :: "memory"); return a + b; }
static NOINLINE int helper_one(int x) { asm volatile("" : "+r"(x)); return x * 2; }
static NOINLINE int helper_two(int x) { asm volatile("" : "+r"(x)); return x * 3; }
NOINLINE long deep(long n) {
  long below = n ? deep(n - 1) : 0;
  asm volatile("" : "+r"(below));
  return below + 1;
}
int run(long count, char **words) {
  long n = count > 1 ? number(words[1]) : 1, sum = deep(3);
  for (long i = 0; i < n; i++) sum += add(i, -7, WORD) + helper_one(i) + helper_two(i);
  if (count > 2 && call(SYS(57, 220), SYS(0, 17), 0, 0) == 0) { add(100, 1, WORD); return 0; }
  if (count > 2) call(SYS(61, 260), -1, 0, 0);
  return sum == 12345678;
}
`;

test.before(async () => {
  remote = await Remote.open();
  await install(remote, "/tmp/one", compileProgram(remote, CODE));
});
test.after(async () => {
  await remote.shell("rm -f /tmp/one /tmp/two");
  await remote.close();
});

const lines = (script: string, ...options: string[]) => linesOf(remote, script, ...options);

async function refusal(script: string, ...options: string[]): Promise<string> {
  const { status, err } = await remote.run([...PATIENT, "-e", script, ...options]);
  assert.is.not(status, 0, err);
  return err;
}

test("arguments, strings and results of a function are read, and where it is", async () => {
  const script = `probe process("/tmp/one").function("add") {
    printf("%s %s %s %s %d %d %s %d\\n", pp(), probefunc(), ppfunc(), execname(), long_arg(1), int_arg(2),
      user_string(pointer_arg(3)), pid() == target())
  }
  probe process("/tmp/one").function("add").return { printf("%s %d\\n", pp(), returnval()) }`;
  const point = 'process("/tmp/one").function("add")';
  assert.equal(await lines(script, "-c", "/tmp/one 2"), [
    `${point} add add one 0 -7 hello 1`,
    `${point}.return -7`,
    `${point} add add one 1 -7 hello 1`,
    `${point}.return -6`,
  ]);
});

test("every call and every return is seen, recursive ones too, and each at its own function", async () => {
  const script = `global calls, returns
  probe process("/tmp/one").function("*e*p*").call { calls[ppfunc()]++ }
  probe process("/tmp/one").function("*e*p*").return { returns[ppfunc()]++ }
  probe end { foreach (f+ in calls) printf("%s %d %d\\n", f, calls[f], returns[f]) }`;
  assert.equal(await lines(script, "-c", "/tmp/one 50"), ["deep 4 4", "helper_one 50 50", "helper_two 50 50"]);
});

test("without a path it is the program of the command, in its children too", async () => {
  const script = 'probe process.function("add") { printf("%d %d\\n", pid() == target(), long_arg(1)) }';
  assert.equal(await lines(script, "-c", "/tmp/one 1 fork"), ["1 0", "0 100"]);
});

test("with -c and -x other processes of the program do not count, without them all do", async () => {
  const script = 'global n probe process("/tmp/one").function("add") { n++ } probe end { println(n) }';
  const attached = async () => void (await remote.shell("/tmp/one 5"));
  assert.is((await remote.run(["-e", script], { attached })).out, "5\n");
  assert.equal(await lines(script, "-c", "/bin/sh -c '/tmp/one 2; exec /tmp/one 1'"), ["3"]);
  const other = await remote.run(["-e", script, "-c", "/bin/sleep 3"], { attached });
  assert.is(other.out, "0\n");
});

test("a process is named by its number", async () => {
  const started = await remote.shell("sh -c 'sleep 1000; true' >/dev/null 2>&1 & echo $!");
  const pid = started.out.trim();
  const point = `process(${pid}).library("libc.so.6").function("read")`;
  const listed = await lines(`probe ${point} { println(1) }`, "-p2");
  assert.match(listed.join("\n"), new RegExp(`/proc/${pid}/root/.*libc.so.6`));
  await remote.shell(`kill ${pid}`);
  assert.match(await refusal('probe process(99999999).function("x") { println(1) }'), /there is no process 99999999/);
});

test("libraries are found, and probed in the command that uses them", async () => {
  const script = `probe process("sh").library("libc.so.6").function("write").call {
    printf("%s %d\\n", ppfunc(), int_arg(1))
  }`;
  assert.equal((await lines(script, "-c", "/bin/sh -c 'echo hello'")).sort(), ["hello", "write 1"]);
});

test("calls of functions of other files are probed where the program makes them", async () => {
  const script = `probe process("sh").plt("write") { printf("%s %s %d\\n", pp(), $$name, int_arg(1)) }
  probe process("sh").plt("wri*").return { printf("%d\\n", returnval()) }`;
  const point = 'process("/usr/bin/dash").plt("write")';
  assert.equal((await lines(script, "-c", "/bin/sh -c 'echo hello'")).sort(), ["6", "hello", `${point} write 1`]);
  const { out } = await remote.run(["-l", 'process("sh").plt']);
  assert.ok(out.split("\n").length > 20, out);
  assert.match(
    await refusal('probe process("sh").plt("wrote") { println(1) }'),
    /calls no function 'wrote'.*similar: .*write/,
  );
  assert.match(await refusal('probe process("/tmp/one").plt { println(1) }'), /by a PLT/);
});

test("an address is probed if an instruction begins there", async () => {
  const found = await lines(
    'probe process("/tmp/one").function("deep") { printf("%x\\n", addr()); exit() }',
    "-c",
    "/tmp/one",
  );
  const address = Number.parseInt(found[0], 16);
  const at = (n: number) => `process("/tmp/one").statement(0x${n.toString(16)}).absolute`;
  const counts = await lines(`global n probe ${at(address)} { n++ } probe end { println(n) }`, "-c", "/tmp/one");
  assert.equal(counts, ["4"]);
  const wrong = remote.guest.arch === "x86_64" ? [1, 2, 3, 4, 5, 6, 7, 8] : [1, 2, 3];
  const answers = await Promise.resolve(wrong);
  let refused = 0;
  for (const n of answers) {
    const { status, err } = await remote.run(["-p2", "-e", `probe ${at(address + n)} { println(1) }`]);
    if (status === 0) continue;
    assert.match(err, /in the middle of an instruction|no instruction begins/);
    refused++;
  }
  assert.ok(refused > 0 && (remote.guest.arch === "arm64" || refused < wrong.length), `${refused} refused`);
  assert.match(await refusal(`probe ${at(0x10)} { println(1) }`), /has no code at 0x10/);
});

test("an object for another build of the program is refused with both build ids", async () => {
  await install(remote, "/tmp/two", compileProgram(remote, CODE));
  const build = await remote.run([
    "-p4",
    "-o",
    "/tmp/stap-two.bo",
    "-e",
    'probe process("/tmp/two").function("add") { println(1) }',
  ]);
  assert.is(build.status, 0, build.err);
  const other = CODE.replace("x * 3", "x * 5");
  await install(remote, "/tmp/two", compileProgram(remote, other));
  const { status, err } = await remote.run(["run", "/tmp/stap-two.bo"]);
  assert.is(status, 4, err);
  assert.match(err, /'\/tmp\/two' is another build/);
  assert.match(err, /build id is [0-9a-f]{16,}, and [0-9a-f]{16,} was expected/);
});

test("what is not there is refused with the reason", async () => {
  const point = (text: string) => refusal(`probe ${text} { println(1) }`);
  assert.match(await point('process("/tmp/nothing").function("x")'), /the remote has no program "\/tmp\/nothing"/);
  assert.match(await point('process("/etc/passwd").function("x")'), /has no program/);
  assert.match(
    await point('process("/tmp/one").function("helper_onne")'),
    /has no function 'helper_onne' \(similar: .*helper_one/,
  );
  assert.match(await point('process("/tmp/one").function("x*")'), /no function of '\/tmp\/one' matches "x\*"/);
  assert.match(await point('process.function("x")'), /which program 'process' means is said by -c or -x/);
  assert.match(await point('process("/tmp/one").insn'), /BPF programs cannot do that/);
  assert.match(await point('process("/tmp/one").statement("add@x.c:3")'), /debug information/);
  assert.match(await point('process("/bin/sh").function("main")'), /stripped/);
});

test.run();
