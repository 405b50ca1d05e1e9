// Programs for guests: compiled here for the guest's CPU, without a C library, and sent through the shell.

import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Remote } from "./remote.ts";

const TARGETS = { x86_64: "x86_64-linux-gnu", arm64: "aarch64-linux-gnu" };

/** What C code needs instead of a C library: system calls and a start. `run` is what the program does. */
const START = `
#define NOINLINE __attribute__((noinline))
static long call(long n, long a, long b, long c) {
#ifdef __x86_64__
  long r;
  asm volatile("syscall" : "=a"(r) : "a"(n), "D"(a), "S"(b), "d"(c) : "rcx", "r11", "memory");
  return r;
#define SYS(x, y) x
#else
  register long x8 asm("x8") = n, x0 asm("x0") = a, x1 asm("x1") = b, x2 asm("x2") = c;
  asm volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2) : "memory");
  return x0;
#define SYS(x, y) y
#endif
}
int run(long count, char **words);
__attribute__((used)) void begin(long *stack) { call(SYS(231, 94), run(stack[0], (char **)(stack + 1)), 0, 0); }
#ifdef __x86_64__
asm(".globl _start\\n_start: mov %rsp, %rdi\\nand $-16, %rsp\\ncall begin");
#else
asm(".globl _start\\n_start: mov x0, sp\\nbl begin");
#endif
static long number(const char *s) { long n = 0; while (*s) n = n * 10 + *s++ - '0'; return n; }
`;

/** Compiles C code to a program of the guest's CPU; its bytes. */
export function compileProgram(remote: Remote, code: string, options: string[] = []): Uint8Array {
  const folder = mkdtempSync(join(tmpdir(), "stap-program-"));
  try {
    writeFileSync(join(folder, "x.c"), START + code);
    const always = [
      "-target",
      TARGETS[remote.guest.arch],
      "-nostdlib",
      "-static",
      "-fuse-ld=lld",
      "-O2",
      "-Wl,--build-id",
    ];
    execFileSync("clang", [...always, ...options, "-o", join(folder, "x"), join(folder, "x.c")]);
    return readFileSync(join(folder, "x"));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Puts a program into the guest. */
export async function install(remote: Remote, path: string, bytes: Uint8Array): Promise<void> {
  const text = Buffer.from(bytes).toString("base64");
  const { status, err } = await remote.shell(
    `base64 -d > ${path}.new <<'END'\n${text}\nEND\nchmod 755 ${path}.new && mv ${path}.new ${path}`,
  );
  if (status !== 0) throw new Error(`cannot install ${path}: ${err}`);
}
