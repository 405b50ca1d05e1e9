// Markers (sys/sdt.h) in programs: all sites of a name, each with its own arguments, and semaphores.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { compileProgram, install } from "./program.ts";
import { linesOf, Remote } from "./remote.ts";

const test = suite("markers");
let remote: Remote;

/** What sys/sdt.h writes, for arguments that each marker says how to write. */
const CODE = `
#define MARK(provider, name, semaphore, args, ...) asm volatile( \\
  "990: nop\\n" \\
  ".pushsection .note.stapsdt,\\"\\",%%note\\n.balign 4\\n.4byte 992f-991f, 994f-993f, 3\\n" \\
  "991: .asciz \\"stapsdt\\"\\n992: .balign 4\\n993: .8byte 990b, _.stapsdt.base, " semaphore "\\n" \\
  ".asciz \\"" provider "\\"\\n.asciz \\"" name "\\"\\n.asciz \\"" args "\\"\\n994: .balign 4\\n.popsection\\n" \\
  ".ifndef _.stapsdt.base\\n.pushsection .stapsdt.base,\\"aG\\",%%progbits,.stapsdt.base,comdat\\n" \\
  ".weak _.stapsdt.base\\n.hidden _.stapsdt.base\\n_.stapsdt.base: .space 1\\n.size _.stapsdt.base,1\\n" \\
  ".popsection\\n.endif\\n" :: __VA_ARGS__)
__attribute__((section(".probes"), used)) volatile unsigned short busy_semaphore = 0;
static const char WORD[] = "word";
volatile int counter;
NOINLINE void ticks(int a, long b, const char *s) {
#ifdef __x86_64__
  MARK("first", "tick", "0", "-4@%k0 8@%1 8@%2", "r"(a), "r"(b), "r"(s));
  MARK("first", "tick", "0", "-4@$-5 1@%b0 -4@counter(%%rip)", "q"(a));
  MARK("other", "bytes", "0", "-1@%b0 2@%w0 8@-16(%%rsp)", "q"(a));
#else
  MARK("first", "tick", "0", "-4@%w0 8@%x1 8@%x2", "r"(a), "r"(b), "r"(s));
  MARK("first", "tick", "0", "-4@-5 1@%w0 -4@[%x1]", "r"(a), "r"(&counter));
  MARK("other", "bytes", "0", "-1@%w0 2@%w0 8@[sp, -16]", "r"(a));
#endif
}
int run(long count, char **words) {
  counter = 41; // its page is in memory now
  long n = count > 1 ? number(words[1]) : 1;
  for (long i = 0; i < n; i++) {
    ticks(-3 - i, 1L << 40, WORD);
    if (busy_semaphore) MARK("first", "busy", "busy_semaphore", "", "r"(0L));
  }
  return busy_semaphore != 0;
}
`;

test.before(async () => {
  remote = await Remote.open();
  await install(remote, "/tmp/marked", compileProgram(remote, CODE));
});
test.after(async () => {
  await remote.shell("rm -f /tmp/marked");
  await remote.close();
});

const lines = (script: string, ...options: string[]) => linesOf(remote, script, ...options);

test("every site of a name has its own arguments", async () => {
  const script = `probe process("/tmp/marked").mark("tick") {
    printf("%s %s %s %d %d\\n", pp(), $$name, $$provider, $arg1, $arg2)
    if ($arg1 != -5) println(user_string($arg3)); else println($arg3)
  }`;
  const point = 'process("/tmp/marked").mark("tick") tick first';
  const first = [`${point} -3 ${2 ** 40}`, "word", `${point} -5 253`, "41"];
  assert.equal(await lines(script, "-c", "/tmp/marked"), first);
});

test("wildcards and providers choose markers, and small arguments have their own size and sign", async () => {
  const script = `global n
  probe process("/tmp/marked").provider("o*").mark("*") { printf("%s %d %d\\n", $$name, $arg1, $arg2) }
  probe process("/tmp/marked").provider("first").mark("*") { n[$$name]++ }
  probe end { printf("tick %d, busy %d\\n", n["tick"], n["busy"]) }`;
  assert.equal(await lines(script, "-c", "/tmp/marked 2; true"), [
    "bytes -3 65533",
    "bytes -4 65532",
    "tick 4, busy 2",
  ]);
});

test("semaphores count while a marker is probed, and are 0 again afterwards", async () => {
  const script = 'global n probe process("/tmp/marked").mark("busy") { n++ } probe end { println(n) }';
  const attached = async () => assert.is((await remote.shell("/tmp/marked 3")).status, 1);
  assert.is((await remote.run(["-e", script], { attached })).out, "3\n");
  assert.is((await remote.shell("/tmp/marked 3")).status, 0);
});

test("all arguments are shown, and listed", async () => {
  const vars = await lines(
    'probe process("/tmp/marked").mark("bytes") { println($$vars); exit() }',
    "-c",
    "/tmp/marked",
  );
  assert.match(vars[0], /^\$arg1=0xf+d \$arg2=0xfffd \$arg3=0x[0-9a-f]+$/);
  const { out } = await remote.run(["-L", 'process("/tmp/marked").mark("*")']);
  assert.match(out, /mark\("busy"\)$/m);
  assert.match(out, /mark\("tick"\) \$arg1:long \$arg2:long \$arg3:long/);
});

test("what is not there is refused with the reason", async () => {
  const refusal = async (text: string) => (await remote.run(["-e", text])).err;
  assert.match(
    await refusal('probe process("/tmp/marked").mark("tack") { println(1) }'),
    /no marker 'tack' \(similar: tick\)/,
  );
  assert.match(
    await refusal('probe process("/tmp/marked").mark("bu*") { println($arg1) }'),
    /no target variable '\$arg1'/,
  );
  assert.match(await refusal('probe process("/bin/sh").mark("x") { println(1) }'), /has no markers/);
  assert.match(
    await refusal('probe process("/tmp/marked").mark("tick") { println($arg9) }'),
    /there are: \$arg1 \$arg2 \$arg3/,
  );
});

test.run();
