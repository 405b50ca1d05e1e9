// The part of the machine that its helpers use too: registers, the memory that a program may touch, the status.
//
// It is apart from machine.ts so that helpers.ts need not import the loop that calls it.

import { REGISTER_COUNT } from "../../format/bpf";
import { MAX_RECORD_BYTES } from "../../format/record";
import { Environment } from "./environment";

/** How a run ended. */
export const enum MachineStatus {
  /** by exit at the outermost level; the result is in r0 */
  Done = 0,
  /** the instruction budget was used up */
  OutOfFuel = 1,
  /** a load, store or helper touched memory that is not the program's */
  WildAccess = 2,
  /** an instruction that does not exist, or a jump or fall out of the code */
  BadInsn = 3,
  /** a helper that the machine does not have */
  BadHelper = 4,
  /** calls nested deeper than MAX_DEPTH */
  TooDeep = 5,
}

/** What a map's address is in code for the machine: this plus the map's index. Never a valid address. */
export const MAP_HANDLE: u64 = 0x5354_4d41_0000_0000;
/** Records under construction at the same time. */
export const RESERVATIONS: i32 = 2;
/** Stack, reservations, .bss, .rodata, and as many maps as a program may use. */
const MAX_REGIONS: i32 = 80;

/** Registers and memory of a machine. */
export class MachineState {
  /** r0 … r10 */
  registers: StaticArray<u64> = new StaticArray<u64>(REGISTER_COUNT);
  /** The address of a WildAccess, the number of a BadHelper. */
  fault: u64 = 0;
  /** Bytes of each reservation in use (ringbuf_reserve), 0 free; and the map each is for. */
  reservedBytes: StaticArray<i32> = new StaticArray<i32>(RESERVATIONS);
  reservedMap: StaticArray<i32> = new StaticArray<i32>(RESERVATIONS);
  protected reserved: StaticArray<u8> = new StaticArray<u8>(RESERVATIONS * MAX_RECORD_BYTES);
  readonly starts: StaticArray<u64> = new StaticArray<u64>(MAX_REGIONS);
  readonly ends: StaticArray<u64> = new StaticArray<u64>(MAX_REGIONS);
  readonly writable: StaticArray<bool> = new StaticArray<bool>(MAX_REGIONS);
  private regions: i32 = 0;
  /** The region that was touched last. */
  last: i32 = 0;
  protected status: i32 = MachineStatus.Done;

  constructor(public environment: Environment) {}

  /** Lets programs touch memory. Whoever owns it keeps it alive. */
  addRegion(address: usize, bytes: usize, writable: bool): void {
    assert(this.regions < MAX_REGIONS, "a machine has few regions");
    this.starts[this.regions] = <u64>address;
    this.ends[this.regions] = <u64>address + <u64>bytes;
    this.writable[this.regions++] = writable;
  }

  /** Ends the run. Returns false, for `return this.stop(…)`. */
  stop(status: MachineStatus, fault: u64): bool {
    this.status = status;
    this.fault = fault;
    return false;
  }

  /** Bytes from `address` to the end of the region it lies in; 0 if it lies in none (or may not be written). */
  reach(address: u64, write: bool): u64 {
    const last = this.last;
    if (address >= unchecked(this.starts[last]) && address < unchecked(this.ends[last]))
      return write && !unchecked(this.writable[last]) ? 0 : unchecked(this.ends[last]) - address;
    for (let i = 0, n = this.regions; i < n; ++i) {
      if (address < unchecked(this.starts[i]) || address >= unchecked(this.ends[i])) continue;
      this.last = i;
      return write && !unchecked(this.writable[i]) ? 0 : unchecked(this.ends[i]) - address;
    }
    return 0;
  }

  /** May the program touch these bytes? Ends the run if not. */
  touch(address: u64, bytes: u64, write: bool): bool {
    if (bytes == 0 || this.reach(address, write) >= bytes) return true;
    return this.stop(MachineStatus.WildAccess, address);
  }

  /** Address of reservation `slot`. */
  reservation(slot: i32): usize {
    return changetype<usize>(this.reserved) + <usize>(slot * MAX_RECORD_BYTES);
  }
}
