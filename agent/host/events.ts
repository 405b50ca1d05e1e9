// The agent's frames as typed values, which the session passes to its user. There is one reader for each kind of frame.

import {
  type FailureCode,
  type QueryKind,
  type StopReason,
  Summary,
  WIRE_MAGIC,
  WIRE_VERSION,
} from "../../common/format/frame.ts";
import { ByteReader } from "./bytes.ts";

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
}

/** What happens between Run and the end, in order. */
export type RunEvent =
  | { type: "started"; attached: number; commandPid: number }
  /** Records for the formatter: the payload of an Output or Control frame. */
  | { type: "output" | "control"; records: Uint8Array }
  | { type: "command"; stream: 1 | 2; bytes: Uint8Array }
  | { type: "warning"; text: string }
  /** Something for users who ask for details (-vv). */
  | { type: "note"; text: string }
  | { type: "failed"; failure: Failure }
  | { type: "finished"; summary: Finished };

/** Not the first words of an agent. */
export class HelloError extends Error {
  override name = "HelloError";
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
    release: reader.string(),
    kernelVersion: reader.string(),
    buildId: reader.string(),
  };
}

export function readNames(payload: Uint8Array): { kind: QueryKind; names: string[] } {
  const reader = new ByteReader(payload);
  const kind = reader.u8() as QueryKind;
  const names: string[] = [];
  while (reader.left > 0) names.push(reader.string());
  return { kind, names };
}

export function readLoaded(payload: Uint8Array): LoadedProgram[] {
  const reader = new ByteReader(payload);
  const programs: LoadedProgram[] = [];
  for (let left = reader.u32(); left > 0; left--) {
    programs.push({ name: reader.string(), verified: reader.u32(), loadMicroseconds: reader.u32() });
  }
  return programs;
}

export function readRejection(payload: Uint8Array): Rejection {
  const reader = new ByteReader(payload);
  return { program: reader.string(), errno: reader.i32(), log: reader.string() };
}

export function readFailure(payload: Uint8Array): Failure {
  const reader = new ByteReader(payload);
  return { code: reader.u32() as FailureCode, errno: reader.i32(), text: reader.string(), hint: reader.string() };
}

export function readStarted(payload: Uint8Array): RunEvent {
  const reader = new ByteReader(payload);
  return { type: "started", attached: reader.u32(), commandPid: reader.u32() };
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
  };
}
