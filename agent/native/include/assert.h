// wasm2c asserts only that the run-time is initialised, which it always is here.
#define assert(condition) ((void)0)
