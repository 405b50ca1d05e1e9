// Loads an opened object into the kernel: memory limit, maps, types, programs. Programs are loaded without a log. A
// program that the verifier refuses is loaded again with one, which the host shows. Nothing is attached here.

import { ByteReader } from "../../common/as/bytes";
import { HOOK_FUNCTION } from "../../common/format/attach";
import { AttachType, LogLevel, ProgramType } from "../../common/format/bpf";
import { ElfMachine } from "../../common/format/elf";
import { FailureCode } from "../../common/format/frame";
import { AttachKind, Engine, Manifest } from "../../common/format/manifest";
import { chooseAlternatives, isNeeded, replaceProgram } from "./alternatives";
import { loadBtf, loadProgram, ProgramRequest, readVerifiedInsns } from "./bpf";
import { prepareBtf, sanitizeBtf } from "./btf";
import { Contact, goneFailure } from "./contact";
import { Errno, errnoText, Failure } from "./errors";
import { checkFeatures } from "./features";
import { functionId } from "./kernel-types";
import { LinkedProgram, linkProgram } from "./link";
import { PlaceMode, Probe, Program } from "./manifest";
import { createMaps } from "./maps";
import { archId } from "./native";
import { LoadedObject } from "./object";
import { Call, obstacleTo } from "./obstacles";
import { choosePlaceModes, fillPlaces, PlaceTemplate } from "./places";
import { missingInLog, relocate } from "./relocate";
import { fillSymbols } from "./symbols";
import { CLOCK_MONOTONIC, clock_gettime, close, prctl, SIGKILL } from "./syscall";

const PR_SET_PDEATHSIG: i32 = 1;
/** What to do where fentry does not work. */
export const USE_KPROBES: string = "Compile the script with --attach kprobe.";
/** The code of programs that are loaded once for each place. */
const templates: Map<Program, PlaceTemplate> = new Map<Program, PlaceTemplate>();
/** The largest log that 5.10 gives. Newer kernels keep the end of a longer one, older ones its beginning. */
const MAX_LOG_BYTES: i32 = (1 << 24) - 1;

/**
 * Loads maps and programs, as long as somebody waits for them. If the verifier refused a program, `o.rejectedProgram`,
 * `o.rejectedErrno` and `o.verifierLog` say so.
 */
export function loadObject(o: LoadedObject, contact: Contact): Failure | null {
  const machine = o.manifest.header(Manifest.Machine);
  if (machine != archId()) {
    const what = `the object was compiled for ${machineName(machine)}, this is ${machineName(archId())}`;
    return new Failure(FailureCode.Machine, 0, what);
  }
  let failure = checkFeatures(o);
  if (!failure) failure = chooseAlternatives(o);
  if (failure) return failure;
  failure = relocate(o);
  if (failure) return failure;
  choosePlaceModes(o);
  failure = fillSymbols(o);
  if (failure) return failure;
  failure = createMaps(o);
  if (failure) return failure;
  fillPlaces(o);
  loadTypes(o);
  // The verifier may be busy for minutes, and only SIGKILL interrupts it: when our parent ends, the kernel kills us.
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  failure = loadPrograms(o, contact);
  prctl(PR_SET_PDEATHSIG, 0);
  return failure;
}

/** Loads the programs that the chosen probes need; where one cannot be loaded, its alternatives are chosen. */
function loadPrograms(o: LoadedObject, contact: Contact): Failure | null {
  for (let i = 0; i < o.programs.length; ++i) {
    const program = o.programs[i];
    if (program.engine == Engine.Agent || program.fd >= 0 || !isNeeded(program)) continue;
    if (!contact.keep()) return goneFailure();
    let failure = loadOne(o, program);
    if (!failure) failure = loadOrders(o, program);
    if (!failure) continue;
    if (!replaceProgram(o, program, failure)) return failure;
    o.rejectedProgram = "";
    i = -1; // what is chosen now may stand before this one
  }
  return null;
}

/** Loads the programs of probes that the agent has the kernel run, beyond the first: nothing attaches them later. */
function loadOrders(o: LoadedObject, program: Program): Failure | null {
  if (program.engine != Engine.TestRun) return null;
  for (let i = 0, n = program.probes.length; i < n; ++i) {
    const failure = loadForPlace(o, program.probes[i]);
    if (failure) return failure;
  }
  return null;
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
  const section = o.btf;
  if (!section) return;
  const bytes = prepareBtf(section.data, o.elf);
  if (!bytes) {
    o.warnings.push("the object's BTF is damaged; it is loaded without");
    return;
  }
  o.btfFd = loadBtf(bytes, 0, 0);
  if (o.btfFd < 0 && sanitizeBtf(bytes)) o.btfFd = loadBtf(bytes, 0, 0);
  if (o.btfFd >= 0) return;
  const log = new StaticArray<u8>(16384);
  const error = loadBtf(bytes, changetype<usize>(log), log.length);
  o.warnings.push(`the kernel refuses the object's BTF (${errnoText(error)}): ${logTail(log)}`);
}

/** The last line of a NUL-terminated log. */
function logTail(log: StaticArray<u8>): string {
  const text = ByteReader.over(log).textAt(0).trim();
  return text.substring(text.lastIndexOf("\n") + 1);
}

/** Loads a program for the usual way to attach it. */
export function loadOne(o: LoadedObject, program: Program): Failure | null {
  const result = linkProgram(o, program);
  const linked = result.value;
  if (!linked) return result.failure;
  if (program.placeMode == PlaceMode.Literal || isTyped(program)) {
    const template = new PlaceTemplate(linked, firstChosen(program));
    templates.set(program, template);
    template.write(template.first);
  }
  const request = makeRequest(o, program, linked);
  const absent = aimAtFirst(request, program);
  if (absent) return absent;
  const began = clock_gettime(CLOCK_MONOTONIC);
  let fd = loadProgram(request);
  for (let retry = 0; fd == -Errno.EAGAIN && retry < 5; ++retry) fd = loadProgram(request);
  program.loadMicroseconds = <u32>((clock_gettime(CLOCK_MONOTONIC) - began) / 1000);
  if (fd < 0) return refused(o, program, request, fd);
  program.fd = fd;
  program.verifiedInsns = readVerifiedInsns(fd);
  return null;
}

/**
 * Loads a program for one probe if its number has to stand in the code. The first probe of a program has what `loadOne`
 * loads.
 */
export function loadForPlace(o: LoadedObject, probe: Probe): Failure | null {
  const program = probe.program;
  if (!templates.has(program) || probe.ownProgram >= 0) return null;
  const template = templates.get(program);
  if (template.first === probe) return null;
  template.write(probe);
  const request = makeRequest(o, program, template.linked);
  const absent = aimAtFunction(request, probe);
  if (absent) return absent;
  const fd = loadProgram(request);
  if (fd < 0) return refused(o, program, request, fd);
  probe.ownProgram = fd;
  return null;
}

/** Whether programs of that type are verified for one function. */
function isTyped(program: Program): bool {
  return program.type == ProgramType.Lsm || program.type == ProgramType.Tracing;
}

/** What is loaded for a program is for its first probe. */
export function aimAtFirst(request: ProgramRequest, program: Program): Failure | null {
  return aimAtFunction(request, firstChosen(program));
}

/** A program with typed arguments is verified for the function that it is put on. */
function aimAtFunction(request: ProgramRequest, probe: Probe): Failure | null {
  if (!isTyped(probe.program) || request.type != probe.program.type) return null;
  const isHook = probe.attach == AttachKind.Lsm;
  const name = probe.target.name;
  if (isHook) request.attachType = AttachType.LsmMac;
  else request.attachType = probe.attach == AttachKind.Fexit ? AttachType.TraceFexit : AttachType.TraceFentry;
  request.attachTypeId = functionId(isHook ? HOOK_FUNCTION + name : name);
  if (request.attachTypeId != 0) return null;
  if (isHook) {
    const hint = "It needs CONFIG_BPF_LSM and CONFIG_DEBUG_INFO_BTF.";
    return new Failure(FailureCode.Feature, 0, `this kernel has no hook '${name}' for programs`, hint);
  }
  return new Failure(FailureCode.Feature, 0, `this kernel's BTF has no function '${name}'`, USE_KPROBES);
}

/** The first probe that is to run a program; a program that asks for its place has some. */
function firstChosen(program: Program): Probe {
  for (let i = 0, n = program.probes.length; i < n; ++i) if (program.probes[i].isChosen) return program.probes[i];
  return program.probes[0];
}

/** Loads a program once more, for another way to attach it (AttachType); its descriptor, or -errno. */
export function loadVariant(o: LoadedObject, program: Program, attachType: i32): i32 {
  const linked = linkProgram(o, program).value;
  if (!linked) return -Errno.EINVAL;
  const request = makeRequest(o, program, linked);
  request.attachType = attachType;
  return loadProgram(request);
}

/** What the kernel is asked for to load a program. */
export function makeRequest(o: LoadedObject, program: Program, linked: LinkedProgram): ProgramRequest {
  const request = new ProgramRequest();
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

/** Loads the refused program again for its log, and says what happened. */
function refused(o: LoadedObject, program: Program, request: ProgramRequest, errno: i32): Failure {
  // Not the verifier's word.
  if (errno == -Errno.EMFILE || errno == -Errno.ENFILE)
    return new Failure(FailureCode.Resource, errno, `cannot load program '${program.name}'`);
  o.rejectedProgram = program.name;
  o.rejectedErrno = -errno;
  request.logLevel = LogLevel.Level1 | LogLevel.Stats;
  // Not StaticArray: only the pages that the kernel writes become memory, and one more load is enough.
  const log = heap.alloc(MAX_LOG_BYTES);
  store<u8>(log, 0);
  request.log = log;
  request.logBytes = MAX_LOG_BYTES;
  const again = loadProgram(request);
  if (again >= 0) close(again); // the shortage has passed: the log shows no error
  o.verifierLog = copyToNul(log, MAX_LOG_BYTES);
  heap.free(log);
  const missing = o.missing.length > 0 ? missingInLog(o, textOf(o.verifierLog)) : null;
  if (missing) {
    o.rejectedProgram = "";
    return missing;
  }
  const isForbidden = errno == -Errno.EPERM;
  const hint = isForbidden ? obstacleTo(Call.Bpf) : "";
  const code = isForbidden ? FailureCode.Permission : FailureCode.Object;
  return new Failure(code, errno, `the kernel refused program '${program.name}'`, hint);
}

/** The bytes before the NUL. */
function copyToNul(from: usize, most: i32): StaticArray<u8> {
  let length = 0;
  while (length < most && load<u8>(from + length) != 0) ++length;
  const bytes = new StaticArray<u8>(length);
  memory.copy(changetype<usize>(bytes), from, length);
  return bytes;
}

/** The end of a log as text. */
function textOf(log: StaticArray<u8>): string {
  const bytes = min(log.length, 16384);
  return ByteReader.over(log).text(log.length - bytes, bytes);
}

function machineName(machine: i32): string {
  return machine == ElfMachine.X86_64 ? "x86_64" : machine == ElfMachine.Arm64 ? "arm64" : `machine ${machine}`;
}
