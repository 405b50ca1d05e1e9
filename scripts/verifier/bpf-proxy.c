// Does bpf(2) calls in a guest for verifier-logs.ts: reads requests from standard input, writes replies to standard
// output, and ends with its input. It knows nothing of what it calls, so that all knowledge is in TypeScript.
//
//   request:  u32 command, u32 bytes of attr, u32 fixups, u32 buffers, attr,
//             fixups of { u32 buffer, u32 offset, u32 reply }:      the result of that reply is written there as a u32
//             (buffer ~0 is attr), then
//             buffers of { u32 offset in attr, u32 bytes, bytes of content }: its address is written into attr as a u64
//   reply:    i64 result (or -errno), then all buffers as they are after the call
//
// Command ~0 closes all descriptors above 2; ~1 gives all privileges up for good. Little-endian CPUs only.

typedef unsigned int u32;
typedef unsigned long u64;
typedef long i64;

#if defined(__x86_64__)
enum { NR_read = 0, NR_write = 1, NR_close = 3, NR_exit = 60, NR_setresuid = 117, NR_setrlimit = 160, NR_bpf = 321 };
static i64 call(i64 number, i64 a, i64 b, i64 c) {
  i64 result;
  __asm__ volatile("syscall" : "=a"(result) : "a"(number), "D"(a), "S"(b), "d"(c) : "rcx", "r11", "memory");
  return result;
}
#else
enum { NR_read = 63, NR_write = 64, NR_close = 57, NR_exit = 93, NR_setresuid = 147, NR_setrlimit = 164, NR_bpf = 280 };
static i64 call(i64 number, i64 a, i64 b, i64 c) {
  register i64 x0 __asm__("x0") = a, x1 __asm__("x1") = b, x2 __asm__("x2") = c, x8 __asm__("x8") = number;
  __asm__ volatile("svc 0" : "+r"(x0) : "r"(x1), "r"(x2), "r"(x8) : "memory");
  return x0;
}
#endif

enum { MOST_ATTR = 256, MOST_BUFFERS = 16, MOST_BYTES = 8 << 20, MOST_REPLIES = 4096, MOST_FIXUPS = 128 };
enum { RLIMIT_MEMLOCK = 8, NOBODY = 65534 };

static char attr[MOST_ATTR];
static char memory[MOST_BYTES];
static u32 replies[MOST_REPLIES];
static u32 fixups[MOST_FIXUPS][3];
static u32 buffers[MOST_BUFFERS][2];
static char* starts[MOST_BUFFERS];

static void leave(int status) {
  for (;;) call(NR_exit, status, 0, 0);
}

static void take(void* to, u32 size) {
  for (u32 done = 0; done < size;) {
    i64 n = call(NR_read, 0, (i64)to + done, size - done);
    if (n <= 0) leave(done == 0 && n == 0 ? 0 : 1);
    done += n;
  }
}

static void give(const void* from, u32 size) {
  for (u32 done = 0; done < size;) {
    i64 n = call(NR_write, 1, (i64)from + done, size - done);
    if (n <= 0) leave(1);
    done += n;
  }
}

static void put(char* at, u64 value, int size) {
  for (int i = 0; i < size; ++i) at[i] = (char)(value >> (8 * i));
}

void start(void) {
  static const u64 unlimited[2] = {~0ul, ~0ul};
  call(NR_setrlimit, RLIMIT_MEMLOCK, (i64)unlimited, 0);
  for (u32 reply = 0;; ++reply) {
    u32 head[4];
    take(head, sizeof head);
    if (head[1] > MOST_ATTR || head[2] > MOST_FIXUPS || head[3] > MOST_BUFFERS) leave(2);
    take(attr, head[1]);
    take(fixups, head[2] * 12);
    u32 used = 0;
    for (u32 i = 0; i < head[3]; ++i) {
      take(buffers[i], 8);
      if (buffers[i][1] > MOST_BYTES - used || buffers[i][0] + 8 > head[1]) leave(2);
      starts[i] = memory + used;
      take(starts[i], buffers[i][1]);
      put(attr + buffers[i][0], (u64)starts[i], 8);
      used += (buffers[i][1] + 15) & ~15u;
    }
    for (u32 i = 0; i < head[2]; ++i) {
      char* base = fixups[i][0] == ~0u ? attr : starts[fixups[i][0]];
      put(base + fixups[i][1], replies[fixups[i][2] % MOST_REPLIES], 4);
    }
    i64 result = 0;
    if (head[0] == ~0u) {
      for (int fd = 3; fd < 1024; ++fd) call(NR_close, fd, 0, 0);
    } else if (head[0] == ~1u) {
      result = call(NR_setresuid, NOBODY, NOBODY, NOBODY);
    } else {
      result = call(NR_bpf, head[0], (i64)attr, head[1]);
    }
    replies[reply % MOST_REPLIES] = (u32)result;
    give(&result, 8);
    for (u32 i = 0; i < head[3]; ++i) give(starts[i], buffers[i][1]);
  }
}

#if defined(__x86_64__)
__asm__(".globl _start\n_start:\n  xor %ebp, %ebp\n  and $-16, %rsp\n  call start\n  hlt\n");
#else
__asm__(".globl _start\n_start:\n  mov x29, xzr\n  mov x30, xzr\n  bl start\n  brk 1\n");
#endif
