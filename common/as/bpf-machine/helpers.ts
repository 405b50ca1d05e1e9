// The kernel helpers that the machine has, with the kernel's results. Memory arguments are checked as loads and stores
// are; what the world says comes from the machine's Environment.

import { Helper } from "../../format/helpers";
import { MAX_RECORD_BYTES } from "../../format/record";
import { QueueEntry, SORT_FALLS } from "../../format/runtime";
import { Environment } from "./environment";
import { EntrySorter } from "./sort";
import { MAP_HANDLE, MachineState, MachineStatus, RESERVATIONS } from "./state";

/** "%s", little-endian. */
const PLAIN_STRING: u16 = 0x7325;
/** "%ps" and "%pS", little-endian. */
const PLAIN_SYMBOL: u32 = 0x737025;
const WHOLE_SYMBOL: u32 = 0x537025;
const EFAULT: i64 = 14;
const EAGAIN: i64 = 11;
const COMM_BYTES: u64 = 16;
const COMM: usize = memory.data(16, 8);
const SORTER: EntrySorter = new EntrySorter();

/** Calls helper `id` with r1 … r5, result in r0; false when the run is over. */
export function callHelper(m: MachineState, id: i32): bool {
  const r = m.registers;
  const world = m.environment;
  switch (id) {
    case Helper.MapLookupElem:
      return lookUp(m, mapIndex(r[1]), r[2]);
    case Helper.KtimeGetNs:
    case Helper.KtimeGetBootNs:
    case Helper.Jiffies64:
    case Helper.GetPrandomU32:
    case Helper.GetSmpProcessorId:
    case Helper.GetCurrentPidTgid:
    case Helper.GetCurrentUidGid:
    case Helper.GetAttachCookie:
      r[0] = numberOf(world, id);
      return true;
    case Helper.GetCurrentComm:
      return getComm(m, r[1], <u64>(<u32>r[2]));
    case Helper.TracePrintk:
      return printTrace(m);
    case Helper.ProbeRead:
    case Helper.ProbeReadKernel:
      return readMemory(m, r[1], <u64>(<u32>r[2]), r[3]);
    case Helper.ProbeReadStr:
    case Helper.ProbeReadKernelStr:
      return readText(m, r[1], <u64>(<u32>r[2]), r[3]);
    case Helper.Snprintf:
      return formatSymbol(m);
    case Helper.RingbufOutput:
      return output(m, mapIndex(r[1]), r[2], r[3]);
    case Helper.RingbufReserve:
      return reserve(m, mapIndex(r[1]), r[2]);
    case Helper.RingbufSubmit:
      return finish(m, r[1], true);
    case Helper.RingbufDiscard:
      return finish(m, r[1], false);
    case Helper.AgentSort:
      return sort(m);
    default:
      return m.stop(MachineStatus.BadHelper, <u64>id);
  }
}

/** What a helper without arguments answers. */
function numberOf(world: Environment, id: i32): u64 {
  switch (id) {
    case Helper.KtimeGetNs:
      return world.ktimeNs();
    case Helper.KtimeGetBootNs:
      return world.bootNs();
    case Helper.Jiffies64:
      return world.jiffies();
    case Helper.GetPrandomU32:
      return <u64>world.random();
    case Helper.GetSmpProcessorId:
      return <u64>world.cpu();
    case Helper.GetCurrentPidTgid:
      return world.pidTgid();
    case Helper.GetCurrentUidGid:
      return world.uidGid();
    default:
      return world.place();
  }
}

/** Index of the map that an argument means; -1 if it is none. */
function mapIndex(value: u64): i32 {
  const index = value - MAP_HANDLE;
  return index < 0x10000 ? <i32>index : -1;
}

/** map_lookup_elem of an array map: the value's address, or 0. */
function lookUp(m: MachineState, map: i32, key: u64): bool {
  if (map < 0 || !m.touch(key, 4, false)) return m.stop(MachineStatus.WildAccess, key);
  m.registers[0] = <u64>m.environment.lookUp(map, load<u32>(<usize>key));
  return true;
}

function getComm(m: MachineState, to: u64, bytes: u64): bool {
  if (!m.touch(to, bytes, true)) return false;
  memory.fill(<usize>to, 0, <usize>bytes);
  m.environment.comm(COMM);
  for (let i: u64 = 0; i + 1 < min(bytes, COMM_BYTES); ++i) {
    const c = load<u8>(COMM + <usize>i);
    if (c == 0) break;
    store<u8>(<usize>(to + i), c);
  }
  m.registers[0] = 0;
  return true;
}

/** probe_read_kernel: a bad source is an error of the call, and leaves zeros. */
function readMemory(m: MachineState, to: u64, bytes: u64, from: u64): bool {
  if (!m.touch(to, bytes, true)) return false;
  const isReadable = m.reach(from, false) >= bytes;
  if (isReadable) memory.copy(<usize>to, <usize>from, <usize>bytes);
  else memory.fill(<usize>to, 0, <usize>bytes);
  m.registers[0] = isReadable ? 0 : <u64>-EFAULT;
  return true;
}

/** probe_read_kernel_str: up to a NUL or `bytes` - 1 characters, then a NUL; the result counts it. */
function readText(m: MachineState, to: u64, bytes: u64, from: u64): bool {
  if (!m.touch(to, bytes, true)) return false;
  const limit = min(m.reach(from, false), bytes);
  let length: u64 = 0;
  while (length < limit && load<u8>(<usize>(from + length)) != 0) ++length;
  if (bytes == 0 || (length == limit && limit < bytes)) {
    memory.fill(<usize>to, 0, <usize>bytes);
    m.registers[0] = bytes == 0 ? 0 : <u64>-EFAULT;
    return true;
  }
  if (length == bytes) --length;
  memory.copy(<usize>to, <usize>from, <usize>length);
  store<u8>(<usize>(to + length), 0);
  m.registers[0] = length + 1;
  return true;
}

/** trace_printk of one string. */
function printTrace(m: MachineState): bool {
  const r = m.registers;
  if (!m.touch(r[1], 3, false) || load<u16>(<usize>r[1]) != PLAIN_STRING || <u32>r[2] != 3)
    return m.stop(MachineStatus.WildAccess, r[1]);
  const limit = min<u64>(m.reach(r[3], false), <u64>MAX_RECORD_BYTES);
  let length: u64 = 0;
  while (length < limit && load<u8>(<usize>(r[3] + length)) != 0) ++length;
  m.environment.traceText(<usize>r[3], <i32>length);
  r[0] = length;
  return true;
}

/** snprintf, with one address as %ps or %pS. */
function formatSymbol(m: MachineState): bool {
  const r = m.registers;
  const bytes = <u64>(<u32>r[2]);
  if (!m.touch(r[1], bytes, true) || !m.touch(r[3], 4, false) || !m.touch(r[4], 8, false)) return false;
  const format = load<u32>(<usize>r[3]);
  if (<u32>r[5] != 8 || (format != PLAIN_SYMBOL && format != WHOLE_SYMBOL))
    return m.stop(MachineStatus.WildAccess, r[3]);
  const address = load<u64>(<usize>r[4]);
  r[0] = <u64>m.environment.symbolText(address, format == WHOLE_SYMBOL, <usize>r[1], <i32>bytes) + 1;
  return true;
}

/** agent_sort: r3 is the string of element 1 if r4, the distance of the next one, is not 0; r5 its bytes. */
function sort(m: MachineState): bool {
  const r = m.registers;
  const entries = r[1];
  const count = <u64>(<u32>r[2]);
  const stride = <u64>(<u32>r[4]);
  const bytes = <u64>(<u32>r[5] & ~SORT_FALLS);
  if (!m.touch(entries, count * QueueEntry.Size, true)) return false;
  if (stride != 0) {
    const most = greatestNumber(<usize>entries, <i32>count);
    if (bytes > stride || bytes % 8 != 0 || most == 0) return m.stop(MachineStatus.WildAccess, r[3]);
    if (!m.touch(r[3], (most - 1) * stride + bytes, false)) return false;
  }
  SORTER.setStrings(<usize>r[3], <usize>stride, <i32>bytes, (<u32>r[5] & SORT_FALLS) != 0);
  SORTER.sort(<usize>entries, <i32>count);
  r[0] = 0;
  return true;
}

/** The greatest number of an element in some entries; 0 if one of them has none. */
function greatestNumber(entries: usize, count: i32): u64 {
  let most: u64 = 1;
  for (let i = 0; i < count; ++i) {
    const number = <u64>load<u32>(entries + <usize>i * QueueEntry.Size, QueueEntry.Number);
    if (number == 0) return 0;
    if (number > most) most = number;
  }
  return most;
}

function output(m: MachineState, map: i32, from: u64, bytes: u64): bool {
  if (map < 0 || !m.touch(from, bytes, false)) return m.stop(MachineStatus.WildAccess, from);
  const isTaken = m.environment.ringOutput(map, <usize>from, <i32>bytes);
  m.registers[0] = isTaken ? 0 : <u64>-EAGAIN;
  return true;
}

function reserve(m: MachineState, map: i32, bytes: u64): bool {
  if (map < 0) return m.stop(MachineStatus.WildAccess, m.registers[1]);
  m.registers[0] = 0;
  if (bytes == 0 || bytes > <u64>MAX_RECORD_BYTES) return true;
  for (let slot = 0; slot < RESERVATIONS; ++slot) {
    if (m.reservedBytes[slot] != 0) continue;
    m.reservedBytes[slot] = <i32>bytes;
    m.reservedMap[slot] = map;
    m.registers[0] = <u64>m.reservation(slot);
    break;
  }
  return true;
}

function finish(m: MachineState, address: u64, isSubmit: bool): bool {
  m.registers[0] = 0;
  for (let slot = 0; slot < RESERVATIONS; ++slot) {
    if (m.reservedBytes[slot] == 0 || <u64>m.reservation(slot) != address) continue;
    if (isSubmit) m.environment.ringOutput(m.reservedMap[slot], <usize>address, m.reservedBytes[slot]);
    m.reservedBytes[slot] = 0;
    return true;
  }
  return m.stop(MachineStatus.WildAccess, address);
}
