// What cannot be written in AssemblyScript: the functions of agent/native/trampoline.c, and nothing else.
//
// Pointers are offsets into linear memory; a *host address* is a real one of this process (u64), needed only inside the
// structures that the kernel reads. Only syscall.ts, main.ts, ring.ts and what keeps shared memory should import this.

/**
 * One system call; returns its result or -errno. Bit i of `mask` says that argument i is an offset into linear memory.
 */
export declare function sys(nr: i32, mask: i32, a0: i64, a1: i64, a2: i64, a3: i64, a4: i64, a5: i64): i64;
/** Host address of an offset in linear memory; offset 0 is the null pointer. It stays valid: memory never moves. */
export declare function hostAddress(offset: usize): u64;
/** Copies bytes at a host address into linear memory. */
export declare function copyIn(to: usize, hostFrom: u64, bytes: usize): void;
/** Bytes before the NUL at a host address. */
export declare function stringLengthAt(hostFrom: u64): i32;
/** Host address of argc, argv, envp and the auxiliary vector, as the kernel left them. */
export declare function initialStack(): u64;
/** ELF e_machine of this build: 62 x86_64, 183 arm64. */
export declare function archId(): i32;
/** Adds inaccessible pages of 64 KiB at the end of linear memory, for mapping something over them. 0: no room. */
export declare function growReserved(pages: i32): usize;
/** Forks; the request's layout is Spawn in syscall.ts. Returns the child's process id or -errno. */
export declare function spawn(request: usize): i64;
/** Ends the process. */
export declare function exit(status: i32): void;

export declare function loadAcquire32(at: usize): u32;
export declare function loadAcquire64(at: usize): u64;
export declare function storeRelease32(at: usize, value: u32): void;
export declare function storeRelease64(at: usize, value: u64): void;
/** Adds with sequential consistency; returns the value before. */
export declare function fetchAdd32(at: usize, value: u32): u32;
export declare function fetchAdd64(at: usize, value: u64): u64;
export declare function exchange32(at: usize, value: u32): u32;
export declare function exchange64(at: usize, value: u64): u64;
/** Stores `value` if `expected` is there; returns what was there. */
export declare function compareExchange32(at: usize, expected: u32, value: u32): u32;
export declare function compareExchange64(at: usize, expected: u64, value: u64): u64;
