// What wasm2c's output takes from <string.h>; runtime.c has the bodies.
#ifndef AGENT_STRING_H_
#define AGENT_STRING_H_
#include <stddef.h>
void* memcpy(void* restrict to, const void* restrict from, size_t n);
void* memmove(void* to, const void* from, size_t n);
void* memset(void* to, int value, size_t n);
int memcmp(const void* a, const void* b, size_t n);
#define memcpy __builtin_memcpy
#define memmove __builtin_memmove
#define memset __builtin_memset
#define memcmp __builtin_memcmp
#endif
