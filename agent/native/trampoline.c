// The imports of the agent's module (agent/remote/native.ts, and `abort` that asc adds). Offsets come from Wasm and are
// 32 bits, so they cannot point outside the 8 GiB reserved; a fault in there ends in start.c's handler.

#include "agent.h"
#include "native.h"

#define AT(offset) (memory_base + (uint32_t)(offset))

static int64_t argument(uint32_t mask, int i, uint64_t value) {
  if (!(mask >> i & 1)) return (int64_t)value;
  return value == 0 ? 0 : (int64_t)AT(value);
}

u64 w2c_native_sys(struct w2c_native* n, u32 nr, u32 mask, u64 a, u64 b, u64 c, u64 d, u64 e, u64 f) {
  (void)n;
  return (u64)syscall6((int32_t)nr, argument(mask, 0, a), argument(mask, 1, b), argument(mask, 2, c),
                       argument(mask, 3, d), argument(mask, 4, e), argument(mask, 5, f));
}

u64 w2c_native_hostAddress(struct w2c_native* n, u32 offset) {
  (void)n;
  return offset == 0 ? 0 : (u64)AT(offset);
}

void w2c_native_copyIn(struct w2c_native* n, u32 to, u64 from, u32 bytes) {
  (void)n;
  __builtin_memcpy(AT(to), (const void*)from, bytes);
}

u32 w2c_native_stringLengthAt(struct w2c_native* n, u64 from) {
  (void)n;
  const char* text = (const char*)from;
  u32 length = 0;
  while (text[length] != 0) ++length;
  return length;
}

u64 w2c_native_initialStack(struct w2c_native* n) {
  (void)n;
  return initial_stack;
}

u32 w2c_native_archId(struct w2c_native* n) {
  (void)n;
  return MACHINE;
}

u32 w2c_native_growReserved(struct w2c_native* n, u32 pages) {
  (void)n;
  return grow_reserved(pages);
}

void w2c_native_exit(struct w2c_native* n, u32 status) {
  (void)n;
  die((int)status);
}

// Shared memory

#define ATOMICS(bits)                                                                                  \
  u##bits w2c_native_loadAcquire##bits(struct w2c_native* n, u32 at) {                                 \
    (void)n;                                                                                           \
    return __atomic_load_n((u##bits*)AT(at), __ATOMIC_ACQUIRE);                                        \
  }                                                                                                    \
  void w2c_native_storeRelease##bits(struct w2c_native* n, u32 at, u##bits value) {                    \
    (void)n;                                                                                           \
    __atomic_store_n((u##bits*)AT(at), value, __ATOMIC_RELEASE);                                       \
  }                                                                                                    \
  u##bits w2c_native_fetchAdd##bits(struct w2c_native* n, u32 at, u##bits value) {                     \
    (void)n;                                                                                           \
    return __atomic_fetch_add((u##bits*)AT(at), value, __ATOMIC_SEQ_CST);                              \
  }                                                                                                    \
  u##bits w2c_native_exchange##bits(struct w2c_native* n, u32 at, u##bits value) {                     \
    (void)n;                                                                                           \
    return __atomic_exchange_n((u##bits*)AT(at), value, __ATOMIC_SEQ_CST);                             \
  }                                                                                                    \
  u##bits w2c_native_compareExchange##bits(struct w2c_native* n, u32 at, u##bits old, u##bits value) { \
    (void)n;                                                                                           \
    __atomic_compare_exchange_n((u##bits*)AT(at), &old, value, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST); \
    return old;                                                                                        \
  }

ATOMICS(32)
ATOMICS(64)

// The -c command

/** Layout of a request: enum Spawn of remote/syscall.ts. */
struct spawn {
  uint32_t path, arguments;
  uint64_t environment;
  int32_t descriptors[3];
  int32_t gate, gate_write;
  int32_t uid, gid;
  int32_t report;
  uint32_t group_count, groups;
  uint32_t directory, limits;
};
_Static_assert(sizeof(struct spawn) == 64, "Spawn.Size");

enum { MAX_ARGUMENTS = 64, LIMIT_COUNT = 16, LIMIT_BYTES = 16, SETMASK = 2, PR_SET_PDEATHSIG = 1, SIGCHLD = 17, SIGTERM = 15, EXIT_NOT_STARTED = 127 };

static void report_and_die(const struct spawn* s, int64_t error) {
  int32_t errno_value = (int32_t)-error;
  if (s->report >= 0) syscall3(NR_write, s->report, (int64_t)&errno_value, 4);
  die(EXIT_NOT_STARTED);
}

/** A limit that this process may not raise stays as it is. */
static void set_limits(const struct spawn* s) {
  if (s->limits == 0) return;
  for (int i = 0; i < LIMIT_COUNT; ++i)
    syscall6(NR_prlimit64, 0, i, (int64_t)AT(s->limits + i * LIMIT_BYTES), 0, 0, 0);
}

static void become_user(const struct spawn* s) {
  int64_t error = 0;
  if (s->gid >= 0 || s->uid >= 0) error = syscall3(NR_setgroups, s->group_count, (int64_t)AT(s->groups), 0);
  if (error >= 0 && s->gid >= 0) error = syscall3(NR_setgid, s->gid, 0, 0);
  if (error >= 0 && s->uid >= 0) error = syscall3(NR_setuid, s->uid, 0, 0);
  if (error < 0) report_and_die(s, error);
}

/** The child after the fork: nothing but system calls, as its memory is a copy of the agent's. */
static _Noreturn void run_child(const struct spawn* s, char** arguments) {
  uint64_t no_signals = 0;
  if (s->gate_write >= 0) syscall3(NR_close, s->gate_write, 0, 0);
  syscall3(NR_setpgid, 0, 0, 0);
  set_limits(s);
  become_user(s);
  // If the agent is killed its command goes too. After setuid, which would clear it.
  syscall6(NR_prctl, PR_SET_PDEATHSIG, SIGTERM, 0, 0, 0, 0);
  if (s->directory != 0) syscall3(NR_chdir, (int64_t)AT(s->directory), 0, 0);
  for (int fd = 0; fd < 3; ++fd)
    if (s->descriptors[fd] >= 0) syscall3(NR_dup3, s->descriptors[fd], fd, 0);
  syscall6(NR_rt_sigprocmask, SETMASK, (int64_t)&no_signals, 0, 8, 0, 0);
  char byte;
  if (s->gate >= 0 && syscall3(NR_read, s->gate, (int64_t)&byte, 1) != 1) die(EXIT_NOT_STARTED);
  int64_t error = syscall3(NR_execve, (int64_t)AT(s->path), (int64_t)arguments, (int64_t)s->environment);
  report_and_die(s, error);
  die(EXIT_NOT_STARTED);
}

u64 w2c_native_spawn(struct w2c_native* n, u32 request) {
  (void)n;
  const struct spawn* s = (const struct spawn*)AT(request);
  static char* arguments[MAX_ARGUMENTS + 1];
  const uint32_t* offsets = (const uint32_t*)AT(s->arguments);
  int count = 0;
  for (; count < MAX_ARGUMENTS && offsets[count] != 0; ++count) arguments[count] = (char*)AT(offsets[count]);
  arguments[count] = 0;
  int64_t child = syscall6(NR_clone, SIGCHLD, 0, 0, 0, 0, 0);
  if (child == 0) run_child(s, arguments);
  return (u64)child;
}

// A failed assertion, or the end of memory, in AssemblyScript. Its strings are UTF-16 with their length in bytes before them.

static void complain_string(uint32_t at) {
  if (at == 0) return;
  uint32_t length;
  __builtin_memcpy(&length, AT(at - 4), 4);
  for (uint32_t i = 0; i + 1 < length && i < 1000; i += 2) {
    char text[2] = {AT(at + i)[1] == 0 ? (char)AT(at + i)[0] : '?', 0};
    complain(text);
  }
}

void w2c_env_abort(struct w2c_env* e, u32 message, u32 file, u32 line, u32 column) {
  (void)e;
  complain("stap-agent: internal error: ");
  complain_string(message);
  complain(" in ");
  complain_string(file);
  complain(":");
  complain_decimal(line);
  complain(":");
  complain_decimal(column);
  complain("\n");
  die(EXIT_INTERNAL);
}
