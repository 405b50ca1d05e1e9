// The agent's frames as typed values, which the session passes to its user. There is one reader for each kind of frame.
//
// The remote may lie: counts are bounded, and its words become printable here, before anybody shows them. Only what a
// file may be asked to hold as it is (the verifier's log) stays raw; who shows it makes it printable.

import {
  BlobState,
  type FailureCode,
  type ProgressStep,
  type QueryKind,
  type StopReason,
  Summary,
  WIRE_MAGIC,
  WIRE_VERSION,
} from "../../common/format/frame.ts";
import { ByteReader } from "./bytes.ts";
import { printable } from "./printable.ts";

/** What the agent says of itself and its kernel. */
export interface Hello {
  version: number;
  /** ELF e_machine */
  machine: number;
  cpus: number;
  pageSize: number;
  uid: number;
  pid: number;
  /** CONFIG_HZ, 0 if unknown */
  hz: number;
  release: string;
  kernelVersion: string;
  buildId: string;
}

/** A program that the verifier accepted. */
export interface LoadedProgram {
  name: string;
  /** Instructions the verifier walked, 0 if unknown. */
  verified: number;
  loadMicroseconds: number;
}

/** A program that the verifier refused. */
export interface Rejection {
  program: string;
  errno: number;
  log: string;
}

/** Why the agent could not go on. */
export interface Failure {
  code: FailureCode;
  errno: number;
  text: string;
  hint: string;
}

/** How the session went. */
export interface Finished {
  reason: StopReason;
  /** wait status of the -c command, or -1 */
  commandStatus: number;
  errors: bigint;
  skippedLock: bigint;
  skippedFrame: bigint;
  skippedKernel: bigint;
  lostOutput: bigint;
  lostControl: bigint;
  /** Runs of handlers on kernel events; 0n if not known. */
  handlers: bigint;
  /** They were counted for a part of the time only. */
  isEstimate: boolean;
}

/** What a run takes of the remote; bytes. */
export interface Usage {
  /** of maps and programs */
  kernel: bigint;
  /** resident, and the part of it that is locked */
  agent: bigint;
  locked: bigint;
  descriptors: number;
  mostDescriptors: number;
}

/** A part of a blob; the bytes of all parts are one zlib stream. */
export interface BlobPart {
  state: BlobState;
  /** Bytes of the blob that were read so far, of so many; 0: unknown. */
  done: number;
  size: number;
  bytes: Uint8Array;
}

/** What happens between Run and the end, in order. */
export type RunEvent =
  | { type: "started"; attached: number; commandPid: number }
  /** What the run takes, if that was asked for; before "started". */
  | { type: "usage"; usage: Usage }
  /** Records for the formatter: the payload of an Output or Control frame. */
  | { type: "output" | "control"; records: Uint8Array }
  /** What is at addresses in the records to come, for the formatter: the payload of a Symbols frame. */
  | { type: "symbols"; payload: Uint8Array }
  | { type: "command"; stream: 1 | 2; bytes: Uint8Array }
  /** How far a step is that takes more than a second. */
  | { type: "progress"; step: ProgressStep; done: number; total: number }
  | { type: "warning"; text: string }
  /** Something for users who ask for details (-vv). */
  | { type: "note"; text: string }
  | { type: "failed"; failure: Failure }
  | { type: "finished"; summary: Finished };

/** Not the first words of an agent. */
export class HelloError extends Error {
  override name = "HelloError";
}

/** Longest word that the agent says of its kernel, characters: the fields of uname(2) have 64. */
const MAX_WORD = 200;
/** Most names in one answer: the largest kernels have some 200,000 functions. */
const MAX_NAMES = 1_000_000;
/** Longest name, or option of the configuration with its value, characters; functions: 512 (KSYM_NAME_LEN). */
const MAX_NAME = 4096;

function word(reader: ByteReader): string {
  return printable(reader.string(), MAX_WORD);
}

export function readHello(payload: Uint8Array): Hello {
  const reader = new ByteReader(payload);
  if (reader.u32() !== WIRE_MAGIC) throw new HelloError("the remote process is not an agent of stap-remote");
  const version = reader.u32();
  if (version !== WIRE_VERSION) {
    throw new HelloError(
      `the agent speaks version ${version} of the protocol, but this stap-remote speaks version ${WIRE_VERSION}`,
    );
  }
  return {
    version,
    machine: reader.u32(),
    cpus: reader.u32(),
    pageSize: reader.u32(),
    uid: reader.u32(),
    pid: reader.u32(),
    hz: reader.u32(),
    release: word(reader),
    kernelVersion: word(reader),
    buildId: word(reader),
  };
}

export function readNames(payload: Uint8Array): { kind: QueryKind; names: string[] } {
  const reader = new ByteReader(payload);
  const kind = reader.u8() as QueryKind;
  const names: string[] = [];
  while (reader.left > 0) {
    const name = reader.string();
    // Names become words of the script: none may hold what no name of a kernel holds.
    if (name.length === 0 || name.length > MAX_NAME || printable(name, MAX_NAME) !== name) {
      throw new RangeError("no name of a kernel");
    }
    if (names.length === MAX_NAMES) throw new RangeError(`more than ${MAX_NAMES} names`);
    names.push(name);
  }
  return { kind, names };
}

export function readBlob(payload: Uint8Array): BlobPart {
  const reader = new ByteReader(payload);
  const state = reader.u8();
  if (state > BlobState.Last) throw new RangeError("no state of a blob");
  return { state, done: reader.u32(), size: reader.u32(), bytes: payload.subarray(reader.at) };
}

export function readLoaded(payload: Uint8Array): LoadedProgram[] {
  const reader = new ByteReader(payload);
  const programs: LoadedProgram[] = [];
  for (let left = reader.u32(); left > 0; left--) {
    programs.push({ name: word(reader), verified: reader.u32(), loadMicroseconds: reader.u32() });
  }
  return programs;
}

/** What the verifier did with one program. */
export interface MeasuredProgram {
  name: string;
  loadMicroseconds: number;
  insns: number;
  /** Bytes of machine code; 0: not known. */
  jitedBytes: number;
  /** The log of the walk was cut: the lines do not add up to all of it. */
  isCut: boolean;
  /** The verifier's lines of statistics. */
  stats: string;
  /** Rows of the line information: BTF strings of file and text, and how many instructions were walked. */
  lines: { file: number; text: number; line: number; walked: number }[];
}

const MOST_MEASURED = 100_000;

export function readMeasured(payload: Uint8Array): MeasuredProgram[] {
  const reader = new ByteReader(payload);
  const programs: MeasuredProgram[] = [];
  for (let left = reader.u32(); left > 0; left--) {
    const [name, loadMicroseconds, insns, jitedBytes] = [word(reader), reader.u32(), reader.u32(), reader.u32()];
    const isCut = reader.u32() !== 0;
    const stats = reader.string();
    const count = reader.u32();
    if (count > MOST_MEASURED || programs.length > MOST_MEASURED) throw new RangeError("too many lines");
    const lines = Array.from({ length: count }, () => {
      const [file, text, place, walked] = [reader.u32(), reader.u32(), reader.u32(), reader.u32()];
      return { file, text, line: place >>> 10, walked };
    });
    programs.push({ name, loadMicroseconds, insns, jitedBytes, isCut, stats, lines });
  }
  return programs;
}

export function readRejection(payload: Uint8Array): Rejection {
  const reader = new ByteReader(payload);
  return { program: word(reader), errno: reader.i32(), log: reader.string() };
}

export function readFailure(payload: Uint8Array): Failure {
  const reader = new ByteReader(payload);
  const code = reader.u32() as FailureCode;
  const errno = reader.i32();
  return { code, errno, text: printable(reader.string()), hint: printable(reader.string()) };
}

/** The text of a Warning or Note. */
export function readText(payload: Uint8Array): string {
  return printable(new ByteReader(payload).string());
}

export function readStarted(payload: Uint8Array): RunEvent {
  const reader = new ByteReader(payload);
  return { type: "started", attached: reader.u32(), commandPid: reader.u32() };
}

export function readProgress(payload: Uint8Array): RunEvent {
  const reader = new ByteReader(payload);
  return { type: "progress", step: reader.u32() as ProgressStep, done: reader.u32(), total: reader.u32() };
}

export function readUsage(payload: Uint8Array): Usage {
  const reader = new ByteReader(payload);
  return {
    kernel: reader.u64(),
    agent: reader.u64(),
    locked: reader.u64(),
    descriptors: reader.u32(),
    mostDescriptors: reader.u32(),
  };
}

export function readCommandOutput(payload: Uint8Array): RunEvent {
  return { type: "command", stream: payload[0] === 2 ? 2 : 1, bytes: payload.subarray(1) };
}

export function readFinished(payload: Uint8Array): Finished {
  if (payload.length < Summary.Size) throw new RangeError("short summary");
  const view = new DataView(payload.buffer, payload.byteOffset, payload.byteLength);
  const counter = (offset: number) => view.getBigUint64(offset, true);
  return {
    reason: view.getUint32(Summary.Reason, true) as StopReason,
    commandStatus: view.getInt32(Summary.CommandStatus, true),
    errors: counter(Summary.Errors),
    skippedLock: counter(Summary.SkippedLock),
    skippedFrame: counter(Summary.SkippedFrame),
    skippedKernel: counter(Summary.SkippedKernel),
    lostOutput: counter(Summary.LostOutput),
    lostControl: counter(Summary.LostControl),
    handlers: counter(Summary.Handlers),
    isEstimate: view.getUint32(Summary.IsEstimate, true) !== 0,
  };
}
