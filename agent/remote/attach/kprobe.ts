// kprobes and kretprobes on a function's name, through the perf event source `kprobe`: works alike from 5.10 on, and
// the kernel removes the probe when the agent's descriptors are closed.

import { encodeTextZ } from "../../../common/as/bytes";
import { FailureCode } from "../../../common/format/frame";
import { AttachKind } from "../../../common/format/manifest";
import { onlineCpus } from "../cpus";
import { Errno, Failure } from "../errors";
import { addressesOf, findAddresses } from "../kallsyms";
import { Probe } from "../manifest";
import { Call, obstacleTo } from "../obstacles";
import { EventSource } from "./event-source";
import { attachEvent } from "./named-event";
import { PerfRequest, startEvent } from "./perf";

/** Read once: hundreds of probes may be attached. */
let knownSource: EventSource | null = null;

function getSource(): EventSource {
  let source = knownSource;
  if (!source) {
    source = new EventSource("kprobe");
    knownSource = source;
  }
  return source;
}

/** Attaches a Kprobe. */
export function attachKprobe(probe: Probe): Failure | null {
  return attachEach(probe, probe.target.symbol, 0);
}

/** Attaches a Kretprobe, one of so many: with room for the calls that are under way where tracefs can be written. */
export function attachKretprobe(probe: Probe, probes: i32): Failure | null {
  return attachEach(probe, probe.target.symbol, probes);
}

/** Attaches a kprobe to a function that the probe's target does not name. */
export function attachKprobeTo(probe: Probe, symbol: string): Failure | null {
  return attachEach(probe, symbol, 0);
}

/** Attaches to all functions of the name; `returns` is the number of return probes, 0: it is none. */
function attachEach(probe: Probe, symbol: string, returns: i32): Failure | null {
  const source = getSource();
  if (source.type < 0) {
    const hint = "It needs CONFIG_KPROBES and CONFIG_KPROBE_EVENTS.";
    return new Failure(FailureCode.Feature, 0, "this kernel has no kprobes", hint);
  }
  const request = new PerfRequest(source.type, isReturn(probe) ? (<u64>1) << source.returnBit : 0);
  const name = encodeTextZ(symbol);
  request.name = changetype<usize>(name);
  if (probe.target.isCode) {
    request.address = probe.target.offset;
    return attachRequest(probe, symbol, request);
  }
  request.offset = probe.target.offset;
  const addresses = addressesOf(symbol);
  // A named event waits for a module that is not there, and comes back with one that was removed and loaded again.
  const isInModule = probe.target.module.length > 0 && addresses.length < 2 && probe.addresses.length == 0;
  if (isInModule && attachEvent(probe, symbol, returns) >= 0) return null;
  if (addresses.length == 0) {
    if (returns > 0 && attachEvent(probe, symbol, returns) >= 0) return null;
    return attachByName(probe, symbol, request);
  }
  // Several functions of one name: some may be where no probe is allowed.
  let failure: Failure | null = null;
  const before = probe.fds.length;
  for (let i = 0, n = addresses.length; i < n; ++i) {
    if (returns > 0 && attachEvent(probe, `0x${addresses[i].toString(16)}`, returns) >= 0) continue;
    request.address = addresses[i];
    const one = attachRequest(probe, symbol, request);
    if (one) failure = one;
  }
  return probe.fds.length > before ? null : failure;
}

/** From 6.7 on, and where that was backported, the kernel refuses a name that a module has, too. */
function attachByName(probe: Probe, symbol: string, request: PerfRequest): Failure | null {
  const failure = attachRequest(probe, symbol, request);
  if (!failure || failure.errno != Errno.EADDRNOTAVAIL) return failure;
  const found = findAddresses([symbol]);
  if (!found.has(symbol) || found.get(symbol) == 0) return failure;
  request.address = found.get(symbol);
  return attachRequest(probe, symbol, request);
}

function isReturn(probe: Probe): bool {
  return probe.attach == AttachKind.Kretprobe;
}

function attachRequest(probe: Probe, symbol: string, request: PerfRequest): Failure | null {
  const event = request.open(onlineCpus()[0]);
  if (event < 0) return new Failure(failureCode(event), event, `cannot probe function '${symbol}'`, hintFor(event));
  const result = startEvent(event, probe);
  if (result >= 0) return null;
  return new Failure(FailureCode.Attach, result, `cannot attach a program to function '${symbol}'`);
}

function failureCode(errno: i32): FailureCode {
  return errno == -Errno.EPERM || errno == -Errno.EACCES ? FailureCode.Permission : FailureCode.Attach;
}

function hintFor(errno: i32): string {
  switch (-errno) {
    case Errno.ENOENT:
      return "The kernel has no function of that name, or it was inlined, or its module is not loaded.";
    case Errno.EADDRNOTAVAIL: // from 6.7
      return "Several functions of the kernel have that name.";
    case Errno.EILSEQ:
      return "No instruction begins at that address.";
    case Errno.EINVAL:
    case Errno.EOPNOTSUPP:
      return "The kernel does not allow probes there (it is on the kprobe blacklist, notrace, or only ran at boot).";
    case Errno.EPERM:
    case Errno.EACCES:
    case Errno.ENOSYS:
      return obstacleTo(Call.PerfEventOpen);
    default:
      return "";
  }
}
