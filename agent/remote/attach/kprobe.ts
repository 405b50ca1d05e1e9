// kprobes and kretprobes on a function's name, through the perf event source `kprobe`: works alike from 5.10 on, and the
// kernel removes the probe when the agent's descriptors go.

import { encodeTextZ } from "../../../common/as/bytes";
import { FailureCode } from "../../../common/format/frame";
import { AttachKind } from "../../../common/format/manifest";
import { onlineCpus } from "../cpus";
import { Errno, fail } from "../errors";
import { Probe } from "../manifest";
import { readFile } from "../syscall";
import { beginEvent, openEvent, setFunction, startEvent } from "./perf";

/** perf event type of kprobes; -1 not read yet, -2 there is none. */
let eventType: i32 = -1;
/** Bit of config that makes a kretprobe. */
let returnBit: i32 = 0;

/** Attaches a Kprobe or Kretprobe; 0, or -errno with the failure kept. */
export function attachKprobe(probe: Probe): i32 {
  if (eventType == -1) readSource();
  if (eventType < 0)
    return fail(
      FailureCode.Feature,
      0,
      "this kernel has no kprobes",
      "It needs CONFIG_KPROBES and CONFIG_KPROBE_EVENTS.",
    );
  let name = encodeTextZ(probe.target);
  beginEvent(eventType, probe.attach == AttachKind.Kretprobe ? (<u64>1) << returnBit : 0);
  setFunction(changetype<usize>(name), 0);
  let event = openEvent(onlineCpus()[0]);
  if (event < 0) return fail(failureCode(event), event, `cannot probe function '${probe.target}'`, hintFor(event));
  let result = startEvent(event, probe.program.fd, probe.fds);
  if (result < 0) return fail(FailureCode.Attach, result, `cannot attach a program to function '${probe.target}'`);
  return 0;
}

function failureCode(errno: i32): i32 {
  return errno == -Errno.EPERM || errno == -Errno.EACCES ? FailureCode.Permission : FailureCode.Attach;
}

function hintFor(errno: i32): string {
  switch (-errno) {
    case Errno.ENOENT:
      return "The kernel has no function of that name, or it was inlined.";
    case 99: // EADDRNOTAVAIL: several symbols of that name (from 6.7)
      return "Several functions of the kernel have that name.";
    case Errno.EINVAL:
    case Errno.EOPNOTSUPP:
      return "The kernel does not allow probes there (it is on the kprobe blacklist, notrace, or only ran at boot).";
    case Errno.EPERM:
    case Errno.EACCES:
      return "Probing the kernel needs root; a locked-down kernel refuses it.";
    default:
      return "";
  }
}

function readSource(): void {
  eventType = readNumber("/sys/bus/event_source/devices/kprobe/type");
  // "config:0"
  returnBit = max(readNumber("/sys/bus/event_source/devices/kprobe/format/retprobe"), 0);
}

/** The last number in a small file; -2 if it cannot be read. */
function readNumber(path: string): i32 {
  let bytes = readFile(path, 4096);
  if (!bytes) return -2;
  let number = -2;
  for (let i = 0, n = bytes.length; i < n; ++i) {
    let digit = <i32>bytes[i] - 48;
    if (digit >= 0 && digit <= 9) number = (number < 0 ? 0 : number * 10) + digit;
    else if (bytes[i] != 10) number = -2;
  }
  return number;
}
