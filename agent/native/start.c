// Where the process begins: keeps the initial stack, opens those of the descriptors 0 to 2 that are closed, catches memory
// faults on a stack of their own, makes the one instance of the module and runs it.

#include "agent.h"
#include "native.h"

// uapi/asm-generic/signal.h, signal-defs.h, fcntl.h; the same on x86_64 and arm64.
enum { SIGILL = 4, SIGBUS = 7, SIGFPE = 8, SIGSEGV = 11, SIGNAL_SET_BYTES = 8 };
enum { SA_SIGINFO = 4, SA_RESTORER = 0x04000000, SA_ONSTACK = 0x08000000 };
enum { AT_FDCWD = -100, O_RDWR = 2, F_GETFD = 1 };
/** Offset of si_addr in siginfo_t. */
enum { FAULT_ADDRESS = 16 };

uint64_t initial_stack;

static w2c_agent instance;
static uint8_t fault_stack[8192] __attribute__((aligned(16)));

#if defined(__x86_64__)
__asm__(
    ".globl _start\n"
    "_start:\n"
    "  xor %ebp, %ebp\n"
    "  mov %rsp, %rdi\n"
    "  and $-16, %rsp\n"
    "  call start\n"
    "  hlt\n"
    "restore_signal:\n"
    "  mov $15, %eax\n"
    "  syscall\n");
void restore_signal(void);
/** Offset of uc_mcontext.gregs[REG_RIP] in ucontext_t. */
#define PC_IN_CONTEXT 168
#else
__asm__(
    ".globl _start\n"
    "_start:\n"
    "  mov x29, xzr\n"
    "  mov x30, xzr\n"
    "  mov x0, sp\n"
    "  bl start\n"
    "  brk 1\n");
/** Offset of uc_mcontext.pc in ucontext_t. */
#define PC_IN_CONTEXT 440
#endif

void die(int status) {
  for (;;) syscall3(NR_exit_group, status, 0, 0);
}

void complain(const char* text) {
  size_t n = 0;
  while (text[n] != 0) ++n;
  syscall3(NR_write, 2, (int64_t)text, (int64_t)n);
}

static void complain_number(uint64_t value, unsigned base) {
  char digits[24];
  char* at = digits + sizeof digits - 1;
  *at = 0;
  do *--at = "0123456789abcdef"[value % base];
  while ((value /= base) != 0);
  complain(at);
}

void complain_hex(uint64_t value) {
  complain("0x");
  complain_number(value, 16);
}

void complain_decimal(uint64_t value) { complain_number(value, 10); }

/** SIGSEGV, SIGBUS, SIGILL, SIGFPE: prints the address, as an offset in linear memory if it lies there. */
static void fault(int signal, uint8_t* info, uint8_t* context) {
  uint64_t at, pc;
  __builtin_memcpy(&at, info + FAULT_ADDRESS, 8);
  __builtin_memcpy(&pc, context + PC_IN_CONTEXT, 8);
  complain("stap-agent: internal error: signal ");
  complain_decimal((uint64_t)signal);
  uint64_t base = (uint64_t)memory_base;
  if (base != 0 && at - base < (8ull << 30)) {
    complain(at - base < memory->size ? ", reserved memory at offset " : ", memory out of bounds at offset ");
    complain_hex(at - base);
  } else {
    complain(", address ");
    complain_hex(at);
  }
  complain(", instruction ");
  complain_hex(pc);
  complain("\n");
  die(EXIT_INTERNAL);
}

/** struct sigaction of the system call (uapi/asm/signal.h), not of libc. */
struct kernel_sigaction {
  void (*handler)(int, uint8_t*, uint8_t*);
  uint64_t flags;
#if defined(__x86_64__)
  void (*restorer)(void);
#endif
  uint64_t mask;
};

static void catch_faults(void) {
  struct {
    void* at;
    int flags;
    size_t size;
  } stack = {fault_stack, 0, sizeof fault_stack};
  syscall3(NR_sigaltstack, (int64_t)&stack, 0, 0);
  struct kernel_sigaction action = {.handler = fault, .flags = SA_SIGINFO | SA_ONSTACK};
#if defined(__x86_64__)
  action.flags |= SA_RESTORER;
  action.restorer = restore_signal;
#endif
  static const int signals[] = {SIGILL, SIGBUS, SIGFPE, SIGSEGV};
  for (unsigned i = 0; i < sizeof signals / sizeof *signals; ++i)
    syscall6(NR_rt_sigaction, signals[i], (int64_t)&action, 0, SIGNAL_SET_BYTES, 0, 0);
}

/** Opens /dev/null for descriptors 0 to 2 that are closed: a later open must not return one of them. */
static void open_standard_descriptors(void) {
  for (int fd = 0; fd <= 2; ++fd)
    if (syscall3(NR_fcntl, fd, F_GETFD, 0) < 0)
      syscall6(NR_openat, AT_FDCWD, (int64_t) "/dev/null", O_RDWR, 0, 0, 0);
}

__attribute__((used)) _Noreturn void start(uint64_t stack) {
  initial_stack = stack;
  catch_faults();
  open_standard_descriptors();
  wasm2c_agent_instantiate(&instance, 0, 0);
  w2c_agent_0x5Fstart(&instance);
  die((int)w2c_agent_main(&instance));
}
