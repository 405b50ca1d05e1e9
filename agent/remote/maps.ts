// Makes an object's maps: .rodata (patched for this machine and frozen), .bss (enlarged for the CPUs there are, mapped
// into our memory), ring buffers (mapped, too) and whatever else `.maps` defines.

import { MAP_OUTPUT } from "../../common/format/attach";
import { MapFlag, MapType } from "../../common/format/bpf";
import { FailureCode } from "../../common/format/frame";
import { Manifest } from "../../common/format/manifest";
import { RodataHeader } from "../../common/format/runtime";
import { getAuxiliary } from "./args";
import { createMap, freezeMap, MapRequest, updateElement } from "./bpf";
import { possibleCpus } from "./cpus";
import { Errno, fail } from "./errors";
import { jiffyNs } from "./machine";
import { MapEntry } from "./map-definitions";
import { LoadedObject } from "./object";
import { Ring } from "./ring";
import { getHardLimit, getpid, mapInto, PROT_READ, PROT_WRITE, RLIMIT_MEMLOCK, reserve } from "./syscall";

const AT_PAGESZ: u64 = 6;
/** Nobody's .bss needs more. */
const MAX_BSS_BYTES: i64 = 1 << 30;

/** Makes all maps; 0 or -errno with the failure kept. */
export function createMaps(o: LoadedObject): i32 {
  let cpus = createBss(o);
  if (cpus < 0) return cpus;
  let result = createRodata(o, cpus);
  for (let i = 0, n = o.maps.length; result >= 0 && i < n; ++i) result = createOther(o, i);
  return min(result, 0);
}

/** Makes .bss for as many CPUs as the kernel lets us have frames for (a power of two), or -errno. */
function createBss(o: LoadedObject): i32 {
  let cpus = roundUp(possibleCpus());
  let fd = -Errno.E2BIG;
  let bytes: i64 = 0;
  // 5.10 refuses values of more than about 4 MB. CPUs may share frames: they claim them.
  for (; cpus >= 1; cpus >>= 1) {
    bytes = o.bssBytesFor(cpus);
    if (bytes > MAX_BSS_BYTES) continue;
    fd = createMap(new MapRequest(".bss", MapType.Array, 4, <i32>bytes, 1, MapFlag.Mmapable));
    if (fd != -Errno.E2BIG && fd != -Errno.ENOMEM) break;
  }
  if (fd < 0)
    return fail(FailureCode.Map, fd, `cannot make the map for global variables (${bytes} bytes)`, mapHint(fd));
  o.bssFd = fd;
  o.bssBytes = <i32>bytes;
  let room = reserve(<usize>bytes);
  if (room == 0)
    return fail(FailureCode.Resource, Errno.ENOMEM, "no room for the global variables in the agent's memory");
  let failed = mapInto(room, <usize>bytes, PROT_READ | PROT_WRITE, fd, 0);
  if (failed < 0) return fail(FailureCode.Map, failed, "cannot map the global variables into the agent's memory");
  o.bssAddress = room;
  return cpus;
}

/** Makes .rodata: what the code must know about this machine, then the file's bytes; frozen. */
function createRodata(o: LoadedObject, cpus: i32): i32 {
  let bytes = changetype<usize>(o.rodataBytes);
  let frame = o.manifest.header(Manifest.FrameSize);
  let arena = <i64>cpus * <i64>o.manifest.header(Manifest.FrameLevels) * <i64>frame;
  store<u32>(bytes, cpus - 1, RodataHeader.CpuMask);
  store<u32>(bytes, frame == 0 ? 0 : <u32>((arena - 1) & ~(<i64>(frame - 1))), RodataHeader.FrameMask);
  store<u32>(bytes, getpid(), RodataHeader.AgentPid);
  store<i64>(bytes, jiffyNs(), RodataHeader.JiffyNs);

  let fd = createMap(new MapRequest(".rodata", MapType.Array, 4, o.rodataBytes.length, 1, MapFlag.RdonlyProg));
  if (fd < 0) return fail(FailureCode.Map, fd, "cannot make the map for constants", mapHint(fd));
  o.rodataFd = fd;
  let failed = updateElement(fd, 0, bytes);
  if (failed >= 0) failed = freezeMap(fd);
  return failed < 0 ? fail(FailureCode.Map, failed, "cannot fill the map for constants") : 0;
}

function createOther(o: LoadedObject, index: i32): i32 {
  let map = o.maps[index];
  map.fd = createMap(new MapRequest(map.name, map.type, map.keyBytes, map.valueBytes, map.maxEntries, map.flags));
  if (map.fd == -Errno.EINVAL && map.type == MapType.Ringbuf)
    return fail(FailureCode.Feature, map.fd, "this kernel has no BPF ring buffer", "Linux 5.8 or newer is needed.");
  if (map.fd < 0) return refuseMap(map);
  if (map.type == MapType.Array && (map.flags & MapFlag.Mmapable) != 0) return mapValues(map);
  if (map.type != MapType.Ringbuf) return 0;
  let ring = openRing(map.fd, map.maxEntries);
  if (!ring) return fail(FailureCode.Map, Errno.ENOMEM, `cannot map ring buffer '${map.name}' into the agent's memory`);
  if (map.name == MAP_OUTPUT) o.outputRing = ring;
  else o.controlRing = ring;
  return 0;
}

/** Maps an array's values into our memory, for handlers of our own; 0, or -errno with the failure kept. */
function mapValues(map: MapEntry): i32 {
  let page = <u64>getAuxiliary(AT_PAGESZ);
  let bytes = <usize>((map.bytes + page - 1) & ~(page - 1));
  let room = reserve(bytes);
  if (room == 0)
    return fail(
      FailureCode.Resource,
      Errno.ENOMEM,
      `no room for ${megabytes(map.bytes)} of '${map.name}' in the agent's memory`,
    );
  let failed = mapInto(room, bytes, PROT_READ | PROT_WRITE, map.fd, 0);
  if (failed < 0) return fail(FailureCode.Map, failed, `cannot map '${map.name}' into the agent's memory`);
  map.address = room;
  return 0;
}

/** "12 MiB" */
function megabytes(bytes: u64): string {
  return `${(bytes + (1 << 20) - 1) >> 20} MiB`;
}

/** Says which map cannot be made and how large it was to be. */
function refuseMap(map: MapEntry): i32 {
  if (map.type != MapType.Array) return fail(FailureCode.Map, map.fd, `cannot make map '${map.name}'`, mapHint(map.fd));
  let what = `cannot make map '${map.name}' for ${map.maxEntries} elements of an array (${megabytes(map.bytes)})`;
  return fail(FailureCode.Map, map.fd, what, mapHint(map.fd));
}

/** Maps the ring buffer `fd` of `bytes` bytes; null when there is no room. */
function openRing(fd: i32, bytes: i32): Ring | null {
  let page = <usize>getAuxiliary(AT_PAGESZ);
  let room = reserve(2 * page + 2 * <usize>bytes);
  if (room == 0) return null;
  if (mapInto(room, page, PROT_READ | PROT_WRITE, fd, 0) < 0) return null;
  if (mapInto(room + page, page + 2 * <usize>bytes, PROT_READ, fd, <i64>page) < 0) return null;
  return new Ring(fd, room, room + page, room + 2 * page, <u64>(bytes - 1));
}

function mapHint(errno: i32): string {
  if (errno == -Errno.EPERM) {
    // Feature probes have made maps before: it is the size of this one, if memory is limited at all.
    return isMemoryLocked()
      ? "Before Linux 5.11 maps count as locked memory, which is limited here: raise ulimit -l, or declare smaller arrays."
      : "Loading BPF needs root, or CAP_BPF and CAP_PERFMON; a locked-down kernel refuses it.";
  }
  if (errno == -Errno.ENOMEM || errno == -Errno.E2BIG)
    return "The remote has too little memory for it: declare smaller arrays, or -D MAXMAPENTRIES=N for those without a size.";
  return errno == -Errno.ENOSYS ? "The kernel is built without BPF." : "";
}

/** Whether the limit of locked memory could not be lifted. */
function isMemoryLocked(): bool {
  return getHardLimit(RLIMIT_MEMLOCK) != -1;
}

/** The next power of two. */
function roundUp(value: i32): i32 {
  let power = 1;
  while (power < value) power <<= 1;
  return power;
}
