// What routines see of the world in tests: fixed answers, and the maps of the object.

import { Environment } from "../../../common/as/bpf-machine/environment";
import { UnitMap } from "../../ir/unit";

/** A world in which nothing moves. */
export class TestWorld extends Environment {
  /** Values of the maps that the unit has, from UnitMap.First. */
  maps: StaticArray<u8>[] = [];
  private strides: i32[] = [];
  /** Records that rings took, and the last one's ring and bytes. */
  records: i32 = 0;
  lastRing: i32 = -1;
  last: u8[] = [];
  /** Rings take nothing. */
  isFull: bool = false;

  addMap(valueBytes: i32, entries: i32): void {
    const stride = (valueBytes + 7) & ~7;
    this.maps.push(new StaticArray<u8>(stride * entries));
    this.strides.push(stride);
  }

  override lookUp(map: i32, index: u32): usize {
    const number = map - UnitMap.First;
    if (number < 0 || number >= this.maps.length) return 0;
    const values = this.maps[number];
    const at = <u64>index * <u64>this.strides[number];
    return at < <u64>values.length ? changetype<usize>(values) + <usize>at : 0;
  }

  ktimeNs(): u64 {
    return 1000;
  }

  bootNs(): u64 {
    return 2000;
  }

  jiffies(): u64 {
    return 3;
  }

  pidTgid(): u64 {
    return 7;
  }

  uidGid(): u64 {
    return 5;
  }

  comm(to: usize): void {
    memory.fill(to, 0, 16);
  }

  cpu(): u32 {
    return 1;
  }

  random(): u32 {
    return 4;
  }

  ringOutput(map: i32, address: usize, bytes: i32): bool {
    if (this.isFull) return false;
    ++this.records;
    this.lastRing = map;
    this.last = [];
    for (let i = 0; i < bytes; ++i) this.last.push(load<u8>(address + <usize>i));
    return true;
  }
}
