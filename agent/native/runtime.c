// The run-time below wasm2c's output: linear memory, the table, traps, and the four memory functions that a compiler
// expects to exist. Compiled with -fno-builtin, so that memcpy's loop does not become a call of memcpy.
//
//   reserved, PROT_NONE: 8 GiB
//   |<- pages in use: read/write ->|<- grow_reserved: PROT_NONE, mapped over later ->|<- more pages ... ->| guard ... |

#include "native.h"

#define PAGE 65536ull
#define RESERVED (8ull << 30)
#define PROT_RW 3
#define MAP_PRIVATE_ANONYMOUS_NORESERVE (0x2 | 0x20 | 0x4000)

uint8_t* memory_base;
wasm_rt_memory_t* memory;

static wasm_rt_funcref_t table_rows[1024];

bool wasm_rt_is_initialized(void) { return true; }

void wasm_rt_trap(wasm_rt_trap_t trap) {
  static const char* const names[] = {"none", "memory access out of bounds", "integer overflow", "division by zero",
                                      "number out of range", "unreachable code", "bad indirect call", "stack exhausted"};
  complain("stap-agent: internal error: ");
  complain(names[trap & 7]);
  complain("\n");
  die(EXIT_INTERNAL);
}

void wasm_rt_allocate_memory(wasm_rt_memory_t* m, uint64_t pages, uint64_t max, bool is64, uint32_t page_size) {
  (void)is64;
  (void)page_size;
  // One page more, so that the base can be a multiple of 64 KiB, the largest page that kernels use.
  int64_t at = syscall6(NR_mmap, 0, RESERVED + PAGE, 0, MAP_PRIVATE_ANONYMOUS_NORESERVE, -1, 0);
  if (at < 0 && at > -4096) {
    complain("stap-agent: cannot reserve 8 GiB of address space (ulimit -v?)\n");
    die(EXIT_INTERNAL);
  }
  m->data = (uint8_t*)(((uint64_t)at + PAGE - 1) & ~(PAGE - 1));
  m->pages = 0;
  m->size = 0;
  m->max_pages = max < 65536 ? max : 65536;
  memory_base = m->data;
  memory = m;
  if (wasm_rt_grow_memory(m, pages) != 0) {
    complain("stap-agent: out of memory\n");
    die(EXIT_INTERNAL);
  }
}

uint64_t wasm_rt_grow_memory(wasm_rt_memory_t* m, uint64_t pages) {
  uint64_t before = m->pages;
  if (pages > m->max_pages - before) return (uint32_t)-1;
  if (pages != 0 && syscall3(NR_mprotect, (int64_t)(m->data + before * PAGE), (int64_t)(pages * PAGE), PROT_RW) < 0)
    return (uint32_t)-1;
  m->pages = before + pages;
  m->size = m->pages * PAGE;
  return before;
}

uint32_t grow_reserved(uint32_t pages) {
  uint64_t before = memory->pages;
  if (pages > memory->max_pages - before) return 0;
  memory->pages = before + pages;
  memory->size = memory->pages * PAGE;
  return (uint32_t)(before * PAGE);
}

void wasm_rt_free_memory(wasm_rt_memory_t* m) { (void)m; }

void wasm_rt_allocate_funcref_table(wasm_rt_funcref_table_t* t, uint32_t size, uint32_t max) {
  if (size > sizeof table_rows / sizeof *table_rows) wasm_rt_trap(WASM_RT_TRAP_OOB);
  t->data = table_rows;
  t->size = size;
  t->max_size = max;
}

void wasm_rt_free_funcref_table(wasm_rt_funcref_table_t* t) { (void)t; }

// Whole words where both ends are alike enough; records are short and mostly aligned.

void* memcpy(void* restrict to, const void* restrict from, size_t n) {
  uint8_t* d = to;
  const uint8_t* s = from;
  for (; n >= 8; n -= 8, d += 8, s += 8) {
    uint64_t word;
    __builtin_memcpy(&word, s, 8);
    __builtin_memcpy(d, &word, 8);
  }
  while (n--) *d++ = *s++;
  return to;
}

void* memmove(void* to, const void* from, size_t n) {
  uint8_t* d = to;
  const uint8_t* s = from;
  if (d - s >= (ptrdiff_t)n || d <= s) {
    // Ascending words are right when the target is below the source, too.
    for (; n >= 8; n -= 8, d += 8, s += 8) {
      uint64_t word;
      __builtin_memcpy(&word, s, 8);
      __builtin_memcpy(d, &word, 8);
    }
    while (n--) *d++ = *s++;
    return to;
  }
  while (n >= 8) {
    n -= 8;
    uint64_t word;
    __builtin_memcpy(&word, s + n, 8);
    __builtin_memcpy(d + n, &word, 8);
  }
  while (n--) d[n] = s[n];
  return to;
}

void* memset(void* to, int value, size_t n) {
  uint8_t* d = to;
  uint64_t word = 0x0101010101010101ull * (uint8_t)value;
  for (; n >= 8; n -= 8, d += 8) __builtin_memcpy(d, &word, 8);
  while (n--) *d++ = (uint8_t)value;
  return to;
}

int memcmp(const void* a, const void* b, size_t n) {
  const uint8_t* p = a;
  const uint8_t* q = b;
  for (; n != 0; --n, ++p, ++q)
    if (*p != *q) return *p - *q;
  return 0;
}
