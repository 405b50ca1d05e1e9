// What a machine's programs can see of the world outside their memory: time, identity, rings, atomic operations. The
// agent's environment asks the kernel (agent/remote/interpret.ts); tests give fixed answers.

/** The world of one machine. Atomic operations here are plain ones, for memory that no other thread writes. */
export abstract class Environment {
  /** CLOCK_MONOTONIC, nanoseconds. */
  abstract ktimeNs(): u64;
  /** CLOCK_BOOTTIME, nanoseconds. */
  abstract bootNs(): u64;
  abstract jiffies(): u64;
  /** Process id << 32 | thread id. */
  abstract pidTgid(): u64;
  /** Group id << 32 | user id. */
  abstract uidGid(): u64;
  /** The current thread's name, NUL-terminated, into 16 bytes at `to`. */
  abstract comm(to: usize): void;
  abstract cpu(): u32;
  abstract random(): u32;
  /** Takes a record for ring buffer `map` (its index in the object); false: no room. */
  abstract ringOutput(map: i32, address: usize, bytes: i32): bool;

  /** The number of the place that has fired, as the attachment was made with. */
  place(): u64 {
    return 0;
  }

  /** A line for the kernel's trace buffer. */
  traceText(_at: usize, _bytes: i32): void {}

  /**
   * What the kernel's %ps and %pS print of an address, into `bytes` bytes at `to` with a NUL; bytes of the whole text.
   */
  symbolText(_address: u64, _withOffset: bool, to: usize, bytes: i32): i32 {
    if (bytes > 0) store<u8>(to, 0);
    return 0;
  }

  /** Called now and then in a long run. False: it is to end. */
  pause(): bool {
    return true;
  }

  /** The address of value `index` of array map `map` (its index in the object); 0: there is none. */
  lookUp(_map: i32, _index: u32): usize {
    return 0;
  }

  add32(at: usize, value: u32): u32 {
    const old = load<u32>(at);
    store<u32>(at, old + value);
    return old;
  }

  add64(at: usize, value: u64): u64 {
    const old = load<u64>(at);
    store<u64>(at, old + value);
    return old;
  }

  exchange32(at: usize, value: u32): u32 {
    const old = load<u32>(at);
    store<u32>(at, value);
    return old;
  }

  exchange64(at: usize, value: u64): u64 {
    const old = load<u64>(at);
    store<u64>(at, value);
    return old;
  }

  /** Stores `value` if `expected` is there; what was there. */
  compareExchange32(at: usize, expected: u32, value: u32): u32 {
    const old = load<u32>(at);
    if (old == expected) store<u32>(at, value);
    return old;
  }

  compareExchange64(at: usize, expected: u64, value: u64): u64 {
    const old = load<u64>(at);
    if (old == expected) store<u64>(at, value);
    return old;
  }
}
