// The dialogue with the host over frames (docs/wire.md):
//
//   Hello -> ; <- Hello ; <- Query, -> Names ... ; <- Object, -> Loaded | Rejected | Failed ; <- Run ; -> Started ...
//
// Until Run the agent only answers; then session.ts runs the loop and asks `takeInput` when the host has said something.
// Any bytes may come: what is no frame, or out of order, is a Failed frame and the end.

import {
  AgentFrame,
  FailureCode,
  HEARTBEAT_MS,
  HostFrame,
  MISSED_HEARTBEATS,
  WIRE_MAGIC,
  WIRE_VERSION,
} from "../../common/format/frame";
import { getAuxiliary } from "./args";
import { possibleCpus } from "./cpus";
import { Errno, fail, getFailure } from "./errors";
import { Events, Tag } from "./events";
import { FrameReader, FrameWriter, Incoming, Payload } from "./frames";
import { jiffiesPerSecond, kernelBuildId } from "./machine";
import { archId } from "./native";
import { openSignals } from "./signals";
import { CLOCK_MONOTONIC, clock_gettime, geteuid, getpid, readSignal, SIGCHLD, setNonblocking, uname } from "./syscall";

const AUXILIARY_PAGE_SIZE: u64 = 6;
/** How long the host may leave its last frames unread, milliseconds. */
const PATIENCE_MS: i32 = 10000;

/** Serves one host on standard input and output; the exit status. */
export function serve(): i32 {
  setNonblocking(1, true);
  let server = new Server();
  let status = server.run();
  server.writer.flushAll(PATIENCE_MS);
  setNonblocking(1, false);
  return status;
}

class Server {
  writer: FrameWriter = new FrameWriter(1);
  private reader: FrameReader = new FrameReader(0);
  private events: Events = new Events();
  private signals: i32 = openSignals();
  private lastHeard: i64 = clock_gettime(CLOCK_MONOTONIC);
  private greeted: bool = false;
  private stopped: bool = false;

  run(): i32 {
    this.events.add(this.signals, Tag.Signal);
    let isFile = this.events.add(0, Tag.Input) == -Errno.EPERM;
    this.sayHello();
    while (true) {
      this.writer.flush();
      this.events.wait(isFile ? 0 : HEARTBEAT_MS);
      let signal = readSignal(this.signals);
      if (signal > 0 && signal != SIGCHLD) return 0;
      let result = this.takeInput();
      if (result < 0) return this.sayFailed();
      if (this.stopped || this.isHostGone) return 0;
    }
  }

  /** Has the host closed its end, or been silent for too long? */
  get isHostGone(): bool {
    if (this.reader.ended || this.writer.broken) return true;
    let silence = clock_gettime(CLOCK_MONOTONIC) - this.lastHeard;
    return silence > <i64>MISSED_HEARTBEATS * HEARTBEAT_MS * 1000000;
  }

  /** Reads what the host has said and acts on it; 0, or -errno with the failure kept. */
  takeInput(): i32 {
    if (this.reader.fill()) this.lastHeard = clock_gettime(CLOCK_MONOTONIC);
    while (true) {
      let incoming = this.reader.next();
      if (incoming == Incoming.None) return 0;
      if (incoming == Incoming.Malformed) return fail(FailureCode.Protocol, 0, "the host sent bytes that are no frame");
      let result = this.act(this.reader.kind, new Payload(this.reader.at, this.reader.length));
      if (result < 0 || this.stopped) return result;
    }
  }

  private act(kind: i32, payload: Payload): i32 {
    if (!this.greeted && kind != HostFrame.Hello) return fail(FailureCode.Protocol, 0, "the host did not say hello");
    switch (kind) {
      case HostFrame.Hello:
        return this.takeHello(payload);
      case HostFrame.Heartbeat:
        this.sayAlive();
        return 0;
      case HostFrame.Stop:
        this.stopped = true;
        return 0;
      default:
        return fail(FailureCode.Protocol, 0, `the host sent a frame of unknown kind ${kind}`);
    }
  }

  private takeHello(payload: Payload): i32 {
    let magic = payload.u32();
    let version = payload.u32();
    if (payload.failed || magic != <u32>WIRE_MAGIC) return fail(FailureCode.Protocol, 0, "the host is no stap-remote");
    if (version != <u32>WIRE_VERSION) {
      let text = `the host speaks version ${version} of the protocol, this agent version ${WIRE_VERSION}`;
      return fail(FailureCode.Protocol, 0, text, "Use an agent of the same release as the client.");
    }
    this.greeted = true;
    return 0;
  }

  private sayHello(): void {
    let writer = this.writer;
    writer.begin(AgentFrame.Hello);
    writer.u32(WIRE_MAGIC);
    writer.u32(WIRE_VERSION);
    writer.u32(archId());
    writer.u32(possibleCpus());
    writer.u32(<u32>getAuxiliary(AUXILIARY_PAGE_SIZE));
    writer.u32(geteuid());
    writer.u32(getpid());
    writer.u32(jiffiesPerSecond());
    writer.text(uname(2));
    writer.text(uname(3));
    writer.text(kernelBuildId());
    writer.finish();
  }

  private sayAlive(): void {
    this.writer.begin(AgentFrame.Alive);
    this.writer.finish();
  }

  private sayFailed(): i32 {
    let failure = getFailure();
    let writer = this.writer;
    writer.begin(AgentFrame.Failed);
    writer.u32(failure.code);
    writer.u32(failure.errno);
    writer.text(failure.text);
    writer.text(failure.hint);
    writer.finish();
    return 1;
  }
}
