// process.begin, .end, .thread.begin, .thread.end, .syscall and .syscall.return.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { compileProgram, install } from "./program.ts";
import { linesOf, Remote } from "./remote.ts";

const test = suite("lives");
let remote: Remote;

/** Starts children and threads, as many as its arguments say; getppid is called once at the end. */
const CODE = `
static char stack[65536];
NOINLINE void wait_long(void) { long t[2] = {0, 200000000}; call(SYS(35, 101), (long)t, 0, 0); }
int run(long count, char **words) {
  long children = number(words[1]), threads = number(words[2]);
  for (long i = 0; i < children; i++) {
    if (call(SYS(57, 220), SYS(0, 17), 0, 0) == 0) return 0;
    call(SYS(61, 260), -1, 0, 0);
  }
  for (long i = 0; i < threads; i++) {
    char *top = stack + 8192 * (i + 1);
#ifdef __x86_64__
    long r;
    asm volatile("syscall\\ntest %0, %0\\njnz 1f\\nmov $60, %%eax\\nxor %%edi, %%edi\\nsyscall\\n1:"
      : "=a"(r) : "a"(56L), "D"(0x50f00L), "S"(top), "d"(0L) : "rcx", "r11", "memory");
#else
    register long x8 asm("x8") = 220, x0 asm("x0") = 0x50f00, x1 asm("x1") = (long)top;
    asm volatile("svc 0\\ncbnz x0, 1f\\nmov x8, #93\\nsvc 0\\n1:" : "+r"(x0), "+r"(x8) : "r"(x1) : "memory");
#endif
    wait_long();
  }
  call(SYS(110, 173), 11, 22, 33);
  return 0;
}
`;

test.before(async () => {
  remote = await Remote.open();
  await install(remote, "/tmp/lives", compileProgram(remote, CODE));
});
test.after(async () => {
  await remote.shell("rm -f /tmp/lives");
  await remote.close();
});

const lines = (script: string, ...options: string[]) => linesOf(remote, script, ...options);

test("a program begins and ends, its children and threads too, each in its own context", async () => {
  const script = `probe process("/tmp/lives").begin { printf("%s %d %d\\n", pp(), pid() == tid(), pid() == target()) }
  probe process("/tmp/lives").end { printf("%s %d\\n", pp(), pid() == target()) }
  probe process("/tmp/lives").thread.begin { printf("%s %d\\n", pp(), pid() == tid()) }
  probe process("/tmp/lives").thread.end { printf("%s %d\\n", pp(), pid() == tid()) }`;
  const point = 'process("/tmp/lives")';
  assert.equal(await lines(script, "-c", "/tmp/lives 1 1"), [
    `${point}.begin 1 1`,
    `${point}.begin 1 0`,
    `${point}.end 0`,
    `${point}.thread.begin 0`,
    `${point}.thread.end 0`,
    `${point}.end 1`,
  ]);
});

test("many children are counted exactly, with a path and without", async () => {
  const script = `global n, e, m, all
  probe process("/tmp/lives").begin { n++ } probe process("/tmp/lives").end { e++ }
  probe process.begin { m++ } probe process.end { all++ }
  probe end { printf("%d %d %d %d\\n", n, e, m >= n, all >= e) }`;
  assert.equal(await lines(script, "-c", "/tmp/lives 200 0"), ["201 201 1 1"]);
});

test("system calls of a program are seen with their numbers, arguments and results", async () => {
  const number = remote.guest.arch === "x86_64" ? 110 : 173;
  const script = `probe process("/tmp/lives").syscall {
    if ($syscall == ${number}) printf("%s %d %d %d\\n", pp(), $arg1, $arg2, $arg3)
  }
  probe process("/tmp/lives").syscall.return { if ($syscall == ${number}) printf("%d\\n", $return == ppid()) }`;
  assert.equal(await lines(script, "-c", "/tmp/lives 0 0"), ['process("/tmp/lives").syscall 11 22 33', "1"]);
});

test("other programs and processes do not count", async () => {
  const script = `global n, o probe process("/tmp/lives").syscall { n++ } probe process(99999999).syscall { o++ }
  probe end { println(n, o) }`;
  assert.equal(await lines(script, "-c", "/bin/sh -c 'echo >/dev/null; cat /proc/version >/dev/null'"), ["00"]);
});

test("$$vars shows what there is", async () => {
  const text = await lines('probe process("/tmp/lives").syscall { println($$vars); exit() }', "-c", "/tmp/lives 0 0");
  assert.match(text[0], /^\$syscall=0x[0-9a-f]+ \$arg1=0x[0-9a-f]+ .*\$arg6=0x[0-9a-f]+$/);
});

test.run();
