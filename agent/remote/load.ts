// Gives an opened object to the kernel: memory limit, maps, types, programs. Programs are loaded silently; one that the
// verifier refuses is loaded again with a log, which the session sends to the host. Nothing is attached here.

import { ByteReader } from "../../common/as/bytes";
import { LogLevel, ProgramType } from "../../common/format/bpf";
import { FailureCode } from "../../common/format/frame";
import { Engine, Manifest } from "../../common/format/manifest";
import { infoVerifiedInsns, loadBtf, loadProgram, ProgramRequest, readProgramInfo } from "./bpf";
import { prepareBtf, sanitizeBtf } from "./btf";
import { possibleCpus } from "./cpus";
import { Errno, errnoText, fail } from "./errors";
import { checkFeatures } from "./features";
import { prepareInterpreter } from "./interpret";
import { LinkedProgram, linkProblem, linkProgram } from "./link";
import { Program } from "./manifest";
import { createMaps } from "./maps";
import { archId } from "./native";
import { LoadedObject } from "./object";
import {
  CLOCK_MONOTONIC,
  clock_gettime,
  close,
  getHardLimit,
  prctl,
  RLIMIT_MEMLOCK,
  RLIMIT_NOFILE,
  SIGKILL,
  setrlimit,
} from "./syscall";

const PR_SET_PDEATHSIG: i32 = 1;
/** So many probes on so many CPUs never need more descriptors than a process gets. */
const FEW_PROBES: i32 = 100;
/** The largest log that 5.10 gives. Newer kernels keep the end of a longer one, older ones its beginning. */
const MAX_LOG_BYTES: i32 = (1 << 24) - 1;

/**
 * Loads maps and programs; 0, or -errno with the failure kept (errors.ts). If the verifier refused a program,
 * `o.rejectedProgram`, `o.rejectedErrno` and `o.verifierLog` say so.
 */
export function loadObject(o: LoadedObject): i32 {
  let machine = o.manifest.header(Manifest.Machine);
  if (machine != archId())
    return fail(
      FailureCode.Machine,
      0,
      `the object was compiled for ${machineName(machine)}, this is ${machineName(archId())}`,
    );
  setrlimit(RLIMIT_MEMLOCK, -1, -1); // before 5.11 maps count as locked memory, those of feature probes too
  let result = checkFeatures(o);
  if (result < 0) return result;
  if (o.probes.length > FEW_PROBES || possibleCpus() > FEW_PROBES) raiseFileLimit();
  result = createMaps(o);
  if (result < 0) return result;
  loadTypes(o);
  // The verifier may be busy for minutes, deaf to everything but SIGKILL: whoever started us takes us with him.
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  result = loadPrograms(o);
  prctl(PR_SET_PDEATHSIG, 0);
  return result < 0 ? result : prepareInterpreter(o);
}

function loadPrograms(o: LoadedObject): i32 {
  for (let i = 0, n = o.programs.length; i < n; ++i) {
    let program = o.programs[i];
    if (program.engine == Engine.Agent) continue;
    let result = loadOne(o, program);
    if (result < 0) return result;
  }
  return 0;
}

/** A probe takes two descriptors or more, and the usual soft limit is 1024. */
function raiseFileLimit(): void {
  let hard = getHardLimit(RLIMIT_NOFILE);
  setrlimit(RLIMIT_NOFILE, hard, hard);
}

/** Closes all that loadObject made. What is mapped stays mapped: the process ends soon. */
export function closeObject(o: LoadedObject): void {
  for (let i = 0, n = o.programs.length; i < n; ++i) o.programs[i].fd = closeFd(o.programs[i].fd);
  for (let i = 0, n = o.maps.length; i < n; ++i) o.maps[i].fd = closeFd(o.maps[i].fd);
  o.btfFd = closeFd(o.btfFd);
  o.rodataFd = closeFd(o.rodataFd);
  o.bssFd = closeFd(o.bssFd);
}

function closeFd(fd: i32): i32 {
  if (fd >= 0) close(fd);
  return -1;
}

/** Loads the object's types. A kernel that refuses them still runs programs without global functions. */
function loadTypes(o: LoadedObject): void {
  let section = o.btf;
  if (!section) return;
  let bytes = prepareBtf(section.data, o.elf);
  if (!bytes) {
    o.warnings.push("the object's BTF is damaged; it is loaded without");
    return;
  }
  o.btfFd = loadBtf(bytes, 0, 0);
  if (o.btfFd < 0 && sanitizeBtf(bytes)) o.btfFd = loadBtf(bytes, 0, 0);
  if (o.btfFd >= 0) return;
  let log = new StaticArray<u8>(16384);
  let error = loadBtf(bytes, changetype<usize>(log), log.length);
  o.warnings.push(`the kernel refuses the object's BTF (${errnoText(error)}): ${logTail(log)}`);
}

/** The last line of a NUL-terminated log. */
function logTail(log: StaticArray<u8>): string {
  let text = ByteReader.over(log).textAt(0).trim();
  return text.substring(text.lastIndexOf("\n") + 1);
}

function loadOne(o: LoadedObject, program: Program): i32 {
  let linked = linkProgram(o, program);
  if (!linked) return fail(FailureCode.Object, 0, linkProblem);
  let request = makeRequest(o, program, linked);
  let began = clock_gettime(CLOCK_MONOTONIC);
  let fd = loadProgram(request);
  for (let retry = 0; fd == -Errno.EAGAIN && retry < 5; ++retry) fd = loadProgram(request);
  program.loadMicroseconds = <u32>((clock_gettime(CLOCK_MONOTONIC) - began) / 1000);
  if (fd < 0) return refused(o, program, request, fd);
  program.fd = fd;
  if (readProgramInfo(fd) >= 0) program.verifiedInsns = infoVerifiedInsns();
  return 0;
}

/** Loads a program again for another way to attach it (AttachType); its descriptor, or -errno. No failure is kept. */
export function loadVariant(o: LoadedObject, program: Program, attachType: i32): i32 {
  let linked = linkProgram(o, program);
  if (!linked) return -Errno.EINVAL;
  let request = makeRequest(o, program, linked);
  request.attachType = attachType;
  return loadProgram(request);
}

function makeRequest(o: LoadedObject, program: Program, linked: LinkedProgram): ProgramRequest {
  let request = new ProgramRequest();
  request.type = program.engine == Engine.TestRun ? ProgramType.RawTracepoint : program.type;
  request.name = program.name;
  request.license = o.license;
  request.insns = changetype<usize>(linked.insns);
  request.insnCount = linked.insnCount;
  request.btf = o.btfFd;
  request.funcInfo = linked.funcInfo.dataStart;
  request.funcInfoCount = linked.funcInfoCount;
  request.lineInfo = linked.lineInfo.dataStart;
  request.lineInfoCount = linked.lineInfoCount;
  return request;
}

/** Loads the refused program again for its log, and keeps the failure. */
function refused(o: LoadedObject, program: Program, request: ProgramRequest, errno: i32): i32 {
  o.rejectedProgram = program.name;
  o.rejectedErrno = -errno;
  request.logLevel = LogLevel.Level1 | LogLevel.Stats;
  // Not StaticArray: only the pages that the kernel writes become memory, and one more load is enough.
  let log = heap.alloc(MAX_LOG_BYTES);
  store<u8>(log, 0);
  request.log = log;
  request.logBytes = MAX_LOG_BYTES;
  let again = loadProgram(request);
  if (again >= 0) close(again); // a passing shortage: the log has no error then
  o.verifierLog = copyToNul(log, MAX_LOG_BYTES);
  heap.free(log);
  let hint =
    errno == -Errno.EPERM ? "Loading BPF needs root, or CAP_BPF and CAP_PERFMON; a locked-down kernel refuses it." : "";
  let code = errno == -Errno.EPERM ? FailureCode.Permission : FailureCode.Object;
  return fail(code, errno, `the kernel refused program '${program.name}'`, hint);
}

/** The bytes before the NUL. */
function copyToNul(from: usize, most: i32): StaticArray<u8> {
  let length = 0;
  while (length < most && load<u8>(from + length) != 0) ++length;
  let bytes = new StaticArray<u8>(length);
  memory.copy(changetype<usize>(bytes), from, length);
  return bytes;
}

function machineName(machine: i32): string {
  return machine == 62 ? "x86_64" : machine == 183 ? "arm64" : `machine ${machine}`;
}
