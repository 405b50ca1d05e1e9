// Included by wasm2c's output, not used.
#define alloca __builtin_alloca
