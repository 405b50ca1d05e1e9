// What the C files of the agent share. There is no libc: system calls are made here, and the process starts in start.c.
#ifndef AGENT_NATIVE_H_
#define AGENT_NATIVE_H_

#include "wasm-rt.h"

#if defined(__x86_64__)
#define MACHINE 62
enum { NR_read = 0, NR_write = 1, NR_close = 3, NR_mmap = 9, NR_mprotect = 10, NR_rt_sigaction = 13,
       NR_rt_sigprocmask = 14, NR_clone = 56, NR_execve = 59, NR_openat = 257, NR_fcntl = 72, NR_chdir = 80,
       NR_setpgid = 109, NR_setuid = 105, NR_setgid = 106, NR_setgroups = 116, NR_sigaltstack = 131,
       NR_prctl = 157, NR_prlimit64 = 302, NR_exit_group = 231, NR_dup3 = 292 };
#elif defined(__aarch64__)
#define MACHINE 183
enum { NR_read = 63, NR_write = 64, NR_close = 57, NR_mmap = 222, NR_mprotect = 226, NR_rt_sigaction = 134,
       NR_rt_sigprocmask = 135, NR_clone = 220, NR_execve = 221, NR_openat = 56, NR_fcntl = 25, NR_chdir = 49,
       NR_setpgid = 154, NR_setuid = 146, NR_setgid = 144, NR_setgroups = 159, NR_sigaltstack = 132,
       NR_prctl = 167, NR_prlimit64 = 261, NR_exit_group = 94, NR_dup3 = 24 };
#else
#error "no such CPU yet: a row here, in start.c and in remote/sys-numbers.ts"
#endif

/** One system call; the kernel's own result, errors as -errno. */
static inline int64_t syscall6(int64_t nr, int64_t a, int64_t b, int64_t c, int64_t d, int64_t e, int64_t f) {
#if defined(__x86_64__)
  register int64_t r10 __asm__("r10") = d;
  register int64_t r8 __asm__("r8") = e;
  register int64_t r9 __asm__("r9") = f;
  int64_t result;
  __asm__ volatile("syscall"
                   : "=a"(result)
                   : "a"(nr), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                   : "rcx", "r11", "memory");
  return result;
#else
  register int64_t x8 __asm__("x8") = nr;
  register int64_t x0 __asm__("x0") = a;
  register int64_t x1 __asm__("x1") = b;
  register int64_t x2 __asm__("x2") = c;
  register int64_t x3 __asm__("x3") = d;
  register int64_t x4 __asm__("x4") = e;
  register int64_t x5 __asm__("x5") = f;
  __asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5) : "memory");
  return x0;
#endif
}

static inline int64_t syscall3(int64_t nr, int64_t a, int64_t b, int64_t c) { return syscall6(nr, a, b, c, 0, 0, 0); }

/** Exit status when the agent itself is at fault: a trap, a failed assertion. */
#define EXIT_INTERNAL 70

_Noreturn void die(int status);
/** Writes a NUL-terminated text to standard error. */
void complain(const char* text);
/** Writes a number in hexadecimal to standard error. */
void complain_hex(uint64_t value);
void complain_decimal(uint64_t value);

/** Base of linear memory; set once. */
extern uint8_t* memory_base;
extern wasm_rt_memory_t* memory;
/** Stack pointer at entry: argc, argv, envp, auxiliary vector. */
extern uint64_t initial_stack;

/** Adds pages that stay inaccessible; offset of the first, 0 if there is no room. */
uint32_t grow_reserved(uint32_t pages);

#endif
