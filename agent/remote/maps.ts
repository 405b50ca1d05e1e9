// Makes an object's maps: .rodata (patched for this machine and frozen), .bss (enlarged for the CPUs there are, mapped
// into our memory), ring buffers (mapped, too) and whatever else `.maps` defines.

import { MAP_OUTPUT } from "../../common/format/attach";
import { MapFlag, MapType } from "../../common/format/bpf";
import { FailureCode } from "../../common/format/frame";
import { AT_PAGESZ } from "../../common/format/linux";
import { Manifest } from "../../common/format/manifest";
import { FRAME_ALIGN, powerOfTwo, RodataHeader } from "../../common/format/runtime";
import { getAuxiliary } from "./args";
import { createMap, freezeMap, MapRequest, updateElement } from "./bpf";
import { fillCgroup } from "./cgroup";
import { possibleCpus } from "./cpus";
import { Errno, Failure } from "./errors";
import { jiffyNs } from "./kernel";
import { MapEntry } from "./map-definitions";
import { LoadedObject } from "./object";
import { Call, obstacleTo } from "./obstacles";
import { makeSmallMap } from "./privilege";
import { Ring } from "./ring";
import {
  CLOCK_REALTIME_COARSE,
  clock_gettime,
  getHardLimit,
  getpid,
  getrandom,
  mapForReading,
  mapInto,
  RLIMIT_MEMLOCK,
  reserve,
} from "./syscall";
import { localZone, MAX_ZONE_NAME } from "./time-zone";

/** A larger .bss is refused. */
const MAX_BSS_BYTES: i64 = 1 << 30;
/** Most bytes of frames, however many CPUs there are. */
const MAX_SPAN: i32 = 1 << 24;
/** With fewer frames than this the object is refused. */
const MIN_FRAMES: i32 = 4;

/** Makes all maps. */
export function createMaps(o: LoadedObject): Failure | null {
  let failure = createBss(o);
  if (!failure) failure = createRodata(o);
  for (let i = 0, n = o.maps.length; !failure && i < n; ++i) failure = createOther(o, o.maps[i]);
  return failure;
}

/** Makes .bss with as many frames as the CPUs ask for, or the kernel allows. */
function createBss(o: LoadedObject): Failure | null {
  const frame = o.manifest.header(Manifest.FrameSize);
  const wanted = o.manifest.header(Manifest.FrameLevels) * possibleCpus();
  let span = spanFor(frame, wanted);
  let fd = -Errno.E2BIG;
  let bytes = o.bssBytesFor(span);
  // 5.10 refuses values of more than 4 MB. Fewer frames than CPUs are possible: handlers claim them.
  for (; ; span >>= 1, bytes = o.bssBytesFor(span)) {
    if (bytes <= MAX_BSS_BYTES)
      fd = createMap(new MapRequest(".bss", MapType.Array, 4, <i32>bytes, 1, MapFlag.Mmapable));
    if ((fd != -Errno.E2BIG && fd != -Errno.ENOMEM) || span >> 1 < frame * MIN_FRAMES || frame == 0) break;
  }
  if (fd < 0) return failBss(o, fd, bytes);
  o.bssFd = fd;
  o.bssBytes = <i32>bytes;
  const room = reserve(<usize>bytes);
  if (room == 0)
    return new Failure(FailureCode.Resource, Errno.ENOMEM, "no room for the global variables in the agent's memory");
  const failed = mapInto(room, <usize>bytes, fd);
  if (failed < 0)
    return new Failure(FailureCode.Map, failed, "cannot map the global variables into the agent's memory");
  o.bssAddress = room;
  o.frameSpan = span;
  warnOfFewFrames(o);
  return null;
}

/** The power of two that so many frames lie in; of large frames, fewer. */
function spanFor(frame: i32, count: i32): i32 {
  let span = powerOfTwo(max(frame, 1) * MIN_FRAMES);
  while (<i64>span < <i64>frame * <i64>count && span < MAX_SPAN) span <<= 1;
  return span;
}

function failBss(o: LoadedObject, errno: i32, bytes: i64): Failure {
  const frames = <i64>o.manifest.header(Manifest.FrameSize) * MIN_FRAMES;
  const globals = o.manifest.header(Manifest.FrameOffset);
  const what = `the script's globals (${globals} bytes) and the least working memory (${frames} bytes)`;
  if (errno != -Errno.E2BIG)
    return new Failure(FailureCode.Map, errno, `cannot make the map for ${what}`, mapHint(errno));
  const hint = "Use smaller arrays, and shorter (-D MAXSTRINGLEN=N) or fewer strings.";
  return new Failure(
    FailureCode.Map,
    errno,
    `${what} need ${bytes} bytes, more than this kernel allows in one map`,
    hint,
  );
}

/** Warns if there are few frames for many CPUs: handlers that find none free will be skipped. */
function warnOfFewFrames(o: LoadedObject): void {
  const frames = o.frameCount;
  const cpus = possibleCpus();
  if (o.manifest.header(Manifest.FrameSize) == 0 || frames >= cpus / 2) return;
  const size = o.manifest.header(Manifest.FrameSize);
  const what = `working memory (${size} bytes) for ${frames} handlers at a time, and ${cpus} CPUs may run them`;
  o.warnings.push(`this kernel's maps hold ${what}: a handler that finds none free is skipped and counted`);
}

/** Makes .rodata: what the code must know about this machine, then the file's bytes; frozen. */
function createRodata(o: LoadedObject): Failure | null {
  const bytes = changetype<usize>(o.rodataBytes);
  const cpus = possibleCpus();
  const frames = o.frameCount;
  const levels = o.manifest.header(Manifest.FrameLevels);
  store<u32>(bytes, powerOfTwo(cpus) - 1, RodataHeader.CpuMask);
  store<u32>(bytes, frames == 0 ? 0 : o.frameSpan - FRAME_ALIGN, RodataHeader.FrameMask);
  // The code divides by it: it must not be zero, even if there are no frames.
  store<u32>(bytes, max(frames, 1), RodataHeader.FrameCount);
  // The frames of one CPU are as far apart as there are CPUs, so that each CPU has its own. With fewer frames the next
  // try goes to a distant one.
  store<u32>(bytes, frames >= levels * cpus ? cpus : ((frames * 3) >> 3) | 1, RodataHeader.FrameStride);
  store<u32>(bytes, getpid(), RodataHeader.AgentPid);
  store<i64>(bytes, jiffyNs(), RodataHeader.JiffyNs);
  store<u64>(bytes, getrandom() | 1, RodataHeader.HashFactor);
  store<u32>(bytes, o.loginUid, RodataHeader.LoginUid);
  fillZone(bytes);

  const fd = createMap(new MapRequest(".rodata", MapType.Array, 4, o.rodataBytes.length, 1, MapFlag.RdonlyProg));
  if (fd < 0) return new Failure(FailureCode.Map, fd, "cannot make the map for constants", mapHint(fd));
  o.rodataFd = fd;
  let failed = updateElement(fd, 0, bytes);
  if (failed >= 0) failed = freezeMap(fd);
  return failed < 0 ? new Failure(FailureCode.Map, failed, "cannot fill the map for constants") : null;
}

/** Puts in the machine's time zone. */
function fillZone(rodata: usize): void {
  const zone = localZone(clock_gettime(CLOCK_REALTIME_COARSE) / 1000000000);
  store<i32>(rodata, zone.west, RodataHeader.ZoneWest);
  for (let i = 0, n = min(zone.name.length, MAX_ZONE_NAME); i < n; ++i)
    store<u8>(rodata + i, zone.name.charCodeAt(i), RodataHeader.ZoneName);
}

function createOther(o: LoadedObject, map: MapEntry): Failure | null {
  map.fd = createMap(new MapRequest(map.name, map.type, map.keyBytes, map.valueBytes, map.maxEntries, map.flags));
  if (map.fd == -Errno.EINVAL && map.type == MapType.Ringbuf)
    return new Failure(
      FailureCode.Feature,
      map.fd,
      "this kernel has no BPF ring buffer",
      "Linux 5.8 or newer is needed.",
    );
  if (map.fd < 0) return refuseMap(map);
  if (map.type == MapType.CgroupArray) return fillCgroup(map.fd, o.cgroup);
  if (map.type == MapType.Array && (map.flags & MapFlag.Mmapable) != 0) return mapValues(map);
  if (map.type != MapType.Ringbuf) return null;
  const ring = openRing(map.fd, map.maxEntries);
  if (!ring)
    return new Failure(FailureCode.Map, Errno.ENOMEM, `cannot map ring buffer '${map.name}' into the agent's memory`);
  if (map.name == MAP_OUTPUT) o.outputRing = ring;
  else o.controlRing = ring;
  return null;
}

/** Maps an array's values into our memory, for handlers of our own. */
function mapValues(map: MapEntry): Failure | null {
  const page = <u64>getAuxiliary(AT_PAGESZ);
  const bytes = <usize>((map.bytes + page - 1) & ~(page - 1));
  const room = reserve(bytes);
  if (room == 0)
    return new Failure(
      FailureCode.Resource,
      Errno.ENOMEM,
      `no room for ${megabytes(map.bytes)} of '${map.name}' in the agent's memory`,
    );
  const failed = mapInto(room, bytes, map.fd);
  if (failed < 0) return new Failure(FailureCode.Map, failed, `cannot map '${map.name}' into the agent's memory`);
  map.address = room;
  return null;
}

/** "12 MiB" */
function megabytes(bytes: u64): string {
  return `${(bytes + (1 << 20) - 1) >> 20} MiB`;
}

/** Says which map cannot be made and how large it was to be. */
function refuseMap(map: MapEntry): Failure {
  if (map.type != MapType.Array)
    return new Failure(FailureCode.Map, map.fd, `cannot make map '${map.name}'`, mapHint(map.fd));
  const what = `cannot make map '${map.name}' for ${map.maxEntries} elements of an array (${megabytes(map.bytes)})`;
  return new Failure(FailureCode.Map, map.fd, what, mapHint(map.fd));
}

/** Maps the ring buffer `fd` of `bytes` bytes; null when there is no room. */
function openRing(fd: i32, bytes: i32): Ring | null {
  const page = <usize>getAuxiliary(AT_PAGESZ);
  const room = reserve(2 * page + 2 * <usize>bytes);
  if (room == 0) return null;
  if (mapInto(room, page, fd) < 0) return null;
  if (mapForReading(room + page, page + 2 * <usize>bytes, fd, <i64>page) < 0) return null;
  return new Ring(fd, room, page, <u64>bytes);
}

const TOO_LITTLE: string = "The remote has too little memory for it";

function mapHint(errno: i32): string {
  if (errno == -Errno.EPERM) {
    // If a small map can be made, it is the size of this one.
    const advice = "raise ulimit -l, give the agent CAP_SYS_RESOURCE, or declare smaller arrays";
    return isMemoryLocked() && makeSmallMap() >= 0
      ? `Maps count as locked memory on this kernel (before Linux 5.11), which is limited here: ${advice}.`
      : obstacleTo(Call.Bpf);
  }
  if (errno == -Errno.ENOMEM || errno == -Errno.E2BIG)
    return `${TOO_LITTLE}: declare smaller arrays, or -D MAXMAPENTRIES=N for those without a size.`;
  return errno == -Errno.ENOSYS ? "The kernel is built without BPF." : "";
}

/** Whether the limit of locked memory could not be lifted. */
function isMemoryLocked(): bool {
  return getHardLimit(RLIMIT_MEMLOCK) != -1;
}
