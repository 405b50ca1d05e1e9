// As much of a kernel as a counted program sees: maps, and helpers with results that are the same for everybody. Time
// goes on by a microsecond with each look at it, so that latencies of ours and of a peer's come out alike.

import { MapType } from "../../common/format/bpf.ts";
import { Helper, helperRows } from "../../common/format/helpers.ts";
import type { Memory } from "./machine.ts";

const UID_GID = (1000n << 32n) | 1000n;
const TICK_NS = 1000n;
const COMM_BYTES = 16;
const MINUS_ENOENT = -2n;
const MINUS_EFAULT = -14n;
/** Addresses of maps: of no memory. */
const MAP_AT = 0x7000_0000n << 32n;

/** A map as its owner describes it. */
export interface MapSpec {
  type: number;
  keyBytes: number;
  valueBytes: number;
  entries: number;
}

/** Who is running when the event happens. */
export interface Task {
  pid: number;
  tid: number;
  comm: string;
}

interface ModelMap {
  spec: MapSpec;
  /** Addresses of values by key. */
  values: Map<string, bigint>;
}

/** Maps and helpers. */
export class KernelModel {
  private readonly maps: ModelMap[] = [];
  private readonly reserved: bigint[] = [];
  private now = 1_000_000_000n;

  constructor(
    private readonly memory: Memory,
    private readonly task: Task,
  ) {}

  /** Makes a map; what stands for it in code. An array's elements are there from the beginning. */
  addMap(spec: MapSpec): bigint {
    const map: ModelMap = { spec, values: new Map() };
    if (isArray(spec.type)) for (let i = 0; i < spec.entries; i++) this.fill(map, i);
    return MAP_AT + BigInt(this.maps.push(map) - 1);
  }

  /** Puts zero under a number as key: what a peer's user space does before it attaches. */
  zero(address: bigint, key: number): void {
    this.fill(this.mapAt(address), key);
  }

  /** What machines ask. */
  readonly call = (id: number, args: bigint[], memory: Memory): bigint => {
    const [a = 0n, b = 0n, c = 0n] = args;
    switch (id) {
      case Helper.MapLookupElem:
        return this.lookup(a, b) ?? 0n;
      case Helper.MapUpdateElem:
        return this.update(a, b, c);
      case Helper.MapDeleteElem:
        return this.mapAt(a).values.delete(this.keyAt(a, b)) ? 0n : MINUS_ENOENT;
      case Helper.KtimeGetNs:
      case Helper.KtimeGetBootNs:
        this.now += TICK_NS;
        return this.now;
      case Helper.GetSmpProcessorId:
      case Helper.PerfEventOutput:
      case Helper.RingbufOutput:
      case Helper.TracePrintk:
        return 0n;
      case Helper.GetCurrentPidTgid:
        return (BigInt(this.task.pid) << 32n) | BigInt(this.task.tid);
      case Helper.GetCurrentUidGid:
        return UID_GID;
      case Helper.GetCurrentComm:
        return this.comm(memory.bytes(a, Number(b)));
      case Helper.ProbeRead:
      case Helper.ProbeReadKernel:
        return copy(memory, a, Number(b), c);
      case Helper.ProbeReadStr:
      case Helper.ProbeReadKernelStr:
        return copyText(memory, a, Number(b), c);
      case Helper.RingbufReserve:
        return this.reserve(Number(b));
      case Helper.RingbufSubmit:
      case Helper.RingbufDiscard:
        return this.finish(a);
      default:
        throw new Error(`helper ${helperRows().find((row) => row.id === id)?.name ?? id} is not modelled`);
    }
  };

  private mapAt(address: bigint): ModelMap {
    const map = this.maps[Number(address - MAP_AT)];
    if (!map) throw new Error(`no map at 0x${address.toString(16)}`);
    return map;
  }

  private keyAt(map: bigint, key: bigint): string {
    return Buffer.from(this.memory.bytes(key, this.mapAt(map).spec.keyBytes)).toString("hex");
  }

  private lookup(map: bigint, key: bigint): bigint | undefined {
    return this.mapAt(map).values.get(this.keyAt(map, key));
  }

  private update(address: bigint, key: bigint, from: bigint): bigint {
    const map = this.mapAt(address);
    const text = this.keyAt(address, key);
    const value = map.values.get(text) ?? this.memory.add(new Uint8Array(map.spec.valueBytes));
    map.values.set(text, value);
    this.memory.bytes(value, map.spec.valueBytes).set(this.memory.bytes(from, map.spec.valueBytes));
    return 0n;
  }

  private fill(map: ModelMap, key: number): void {
    const bytes = Buffer.alloc(map.spec.keyBytes);
    bytes.writeUInt32LE(key, 0);
    map.values.set(bytes.toString("hex"), this.memory.add(new Uint8Array(map.spec.valueBytes)));
  }

  private comm(to: Uint8Array): bigint {
    to.fill(0);
    to.set(Buffer.from(this.task.comm).subarray(0, Math.min(to.length, COMM_BYTES) - 1));
    return 0n;
  }

  private reserve(bytes: number): bigint {
    const address = this.memory.add(new Uint8Array(bytes));
    this.reserved.push(address);
    return address;
  }

  private finish(address: bigint): bigint {
    const at = this.reserved.indexOf(address);
    if (at < 0) throw new Error("a record was submitted that was not reserved");
    this.reserved.splice(at, 1);
    return 0n;
  }
}

function isArray(type: number): boolean {
  return type === MapType.Array || type === MapType.PercpuArray;
}

function copy(memory: Memory, to: bigint, bytes: number, from: bigint): bigint {
  const target = memory.bytes(to, bytes);
  if (from >> 32n === 0n) {
    target.fill(0);
    return MINUS_EFAULT;
  }
  target.set(memory.bytes(from, bytes));
  return 0n;
}

function copyText(memory: Memory, to: bigint, bytes: number, from: bigint): bigint {
  let length = 0;
  while (length + 1 < bytes && memory.load(from + BigInt(length), 1) !== 0n) length++;
  memory.bytes(to, length).set(memory.bytes(from, length));
  memory.store(to + BigInt(length), 1, 0n);
  return BigInt(length + 1);
}
