// The frames that the agent sends besides records: one function each, payloads as common/format/frame.ts has them.

import { AgentFrame, WIRE_MAGIC, WIRE_VERSION } from "../../common/format/frame";
import { AT_PAGESZ, UtsField } from "../../common/format/linux";
import { getAuxiliary } from "./args";
import { possibleCpus } from "./cpus";
import { Failure } from "./errors";
import { FrameWriter } from "./frames";
import { jiffiesPerSecond, kernelBuildId } from "./kernel";
import { archId } from "./native";
import { LoadedObject } from "./object";
import { hintOf } from "./resources";
import { SessionSummary } from "./session";
import { geteuid, getpid, uname } from "./syscall";

/** Longest verifier log that is sent whole; a longer one loses its middle. */
const MAX_LOG_BYTES: i32 = 1 << 20;

export function sayHello(writer: FrameWriter): void {
  writer.begin(AgentFrame.Hello);
  writer.u32(WIRE_MAGIC);
  writer.u32(WIRE_VERSION);
  writer.u32(archId());
  writer.u32(possibleCpus());
  writer.u32(<u32>getAuxiliary(AT_PAGESZ));
  writer.u32(geteuid());
  writer.u32(getpid());
  writer.u32(jiffiesPerSecond());
  writer.text(uname(UtsField.Release));
  writer.text(uname(UtsField.Version));
  writer.text(kernelBuildId());
  writer.finish();
}

export function sayNames(writer: FrameWriter, kind: i32, names: string[]): void {
  writer.begin(AgentFrame.Names);
  writer.u8(kind);
  for (let i = 0, n = names.length; i < n; ++i) writer.text(names[i]);
  writer.finish();
}

export function sayWarning(writer: FrameWriter, text: string): void {
  writer.begin(AgentFrame.Warning);
  writer.text(text);
  writer.finish();
}

export function sayLoaded(writer: FrameWriter, object: LoadedObject): void {
  const programs = object.programs;
  writer.begin(AgentFrame.Loaded);
  writer.u32(programs.length);
  for (let i = 0, n = programs.length; i < n; ++i) {
    writer.text(programs[i].name);
    writer.u32(programs[i].verifiedInsns);
    writer.u32(programs[i].loadMicroseconds);
  }
  writer.finish();
}

export function sayRejected(writer: FrameWriter, object: LoadedObject): void {
  const log = object.verifierLog;
  const at = changetype<usize>(log);
  let length = log.length;
  while (length > 0 && load<u8>(at + length - 1) == 0) --length;
  writer.begin(AgentFrame.Rejected);
  writer.text(object.rejectedProgram);
  writer.u32(object.rejectedErrno);
  if (length <= MAX_LOG_BYTES) {
    writer.u32(length);
    writer.bytes(at, length);
  } else {
    const half = MAX_LOG_BYTES / 2 - 32;
    const gap = String.UTF8.encode(`\n... ${length - 2 * half} bytes left out ...\n`);
    writer.u32(2 * half + gap.byteLength);
    writer.bytes(at, half);
    writer.bytes(changetype<usize>(gap), gap.byteLength);
    writer.bytes(at + length - half, half);
  }
  writer.finish();
}

export function sayFailed(writer: FrameWriter, failure: Failure): void {
  writer.begin(AgentFrame.Failed);
  writer.u32(failure.code);
  writer.u32(failure.errno);
  writer.text(failure.text);
  writer.text(hintOf(failure));
  writer.finish();
}

export function sayFinished(writer: FrameWriter, summary: SessionSummary): void {
  writer.begin(AgentFrame.Finished);
  writer.u32(summary.reason);
  writer.u32(summary.commandStatus);
  writer.u64(summary.errors);
  writer.u64(summary.skippedLock);
  writer.u64(summary.skippedFrame);
  writer.u64(summary.skippedKernel);
  writer.u64(summary.lostOutput);
  writer.u64(summary.lostControl);
  writer.u64(summary.handlers);
  writer.u32(summary.isEstimate ? 1 : 0);
  writer.finish();
}
