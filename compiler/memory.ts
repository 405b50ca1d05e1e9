// Gives memory back. A compile allocates and frees nothing (asc's runtime "stub": a pointer that moves up); what the
// passes of one function used is most of it. A mark remembers the pointer, and `release` moves it back there, so
// everything that was allocated since the mark is gone at once.
//
// So nothing that lives longer may point above the mark: no array, map or string that existed before may have grown
// since. The one thing that may survive is a flat block of bytes, which `keep` moves down to the mark; what is to be
// kept is packed into one (bpf/pack.ts). With `poison` the released bytes are overwritten, so that whatever still
// points there fails in tests instead of seeing old values that happen to be right.
//
// The stub's `free` gives back the last block only. A mark is a small block of our own; before it is freed, its size is
// set so that it covers all that came after it, which makes it the last block.

/** A mark: the address of a small block. */
export type Mark = usize;

/** Where asc's objects have the number of their class and their size in bytes, counted back from their address. */
const RT_ID: usize = 8;
const RT_SIZE: usize = 4;
/** Bytes in front of a block that hold its size. */
const SIZE_FIELD: usize = sizeof<usize>();
/** Where the block of a mark ends, counted from its address: the stub rounds block and size field up to 16 bytes. */
const MARK_BYTES: usize = 16 - SIZE_FIELD;
/** What released memory is filled with. */
const POISON: u8 = 0xaa;

const PAGE_BITS: i32 = 16;
/** What passes of most functions use; a mark makes sure that it is free. */
const FREE_AT_MARK: usize = 1 << 20;

/** Whether released memory is overwritten. */
let poisons: bool = false;

/** Sets whether released memory is overwritten: on under --check. */
export function setPoison(on: bool): void {
  poisons = on;
}

/** The first address that is free. */
export function memoryTop(): usize {
  const block = heap.alloc(0);
  heap.free(block);
  return block - SIZE_FIELD;
}

/** Marks the present state of the memory. */
export function markMemory(): Mark {
  makeRoom(FREE_AT_MARK);
  return heap.alloc(0);
}

/** Frees all that was allocated since the mark. */
export function release(mark: Mark): void {
  const top = rewind(mark);
  if (poisons) memory.fill(mark - SIZE_FIELD, POISON, top - (mark - SIZE_FIELD));
}

/**
 * Frees all that was allocated since the mark but `block`, which is moved down; returns it at its new place. A block is
 * flat: a StaticArray of numbers or an ArrayBuffer, which point nowhere.
 */
export function keep<T>(mark: Mark, block: T): T {
  const from = changetype<usize>(block);
  assert(from > mark, "what is kept came after the mark");
  const bytes = load<u32>(from - RT_SIZE);
  const id = load<u32>(from - RT_ID);
  const top = rewind(mark);
  // Not by a constructor, which clears: the old place may overlap the new one. The new header ends below the old bytes,
  // since the mark's own block and the old header lie between.
  const kept = __new(bytes, id);
  memory.copy(kept, from, bytes);
  if (poisons) {
    const end = memoryTop();
    if (end < top) memory.fill(end, POISON, top - end);
  }
  return changetype<T>(kept);
}

/** Moves the pointer back to the mark; returns where it was. */
function rewind(mark: Mark): usize {
  const last = heap.alloc(0);
  const end = last + MARK_BYTES;
  store<usize>(mark - SIZE_FIELD, end - mark);
  heap.free(mark);
  assert(memoryTop() == mark - SIZE_FIELD, "the runtime frees the last block");
  return end;
}

/**
 * Grows the memory if less than `bytes` are free, by an eighth at least. The stub doubles the memory when it is full,
 * so that half of it can be idle: where it is known what is needed next, this comes before.
 */
export function makeRoom(bytes: usize): void {
  const size = (<usize>memory.size()) << PAGE_BITS;
  const free = size - memoryTop();
  if (free >= bytes) return;
  const growth = max(bytes - free, size >> 3);
  // If there is no more, the next allocation says so.
  memory.grow(<i32>((growth + ((1 << PAGE_BITS) - 1)) >> PAGE_BITS));
}
