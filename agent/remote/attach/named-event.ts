// kprobes and kretprobes that tracefs makes as events with a name. They can do what those of the perf event source
// `kprobe` cannot:
//
//   many calls at a time   The kernel keeps a note of each call that is under way, for a perf event some ten: the
//                          returns of functions that sleep get lost. A named event has as many as one asks for.
//   modules that come      A named event on MODULE:FUNCTION waits for the module, sees its init function, and comes
//                          back with it. It never keeps the module from being removed.
//
//   r4096:stap_remote_PID/rPID_0 hrtimer_nanosleep   written to kprobe_events
//   p:stap_remote_PID/rPID_1 ext4:ext4_sync_file
//   perf event of type tracepoint, number from events/stap_remote_PID/rPID_0/id
//
// The kernel keeps named events until somebody removes them: a Remover does, however the agent ends. At the next start
// those of agents that are gone are removed, too, in case that somebody killed the remover.

import { MOST_ACTIVE, PerfType } from "../../../common/format/linux";
import { parseNumber } from "../args";
import { onlineCpus } from "../cpus";
import { Errno } from "../errors";
import { LineReader } from "../lines";
import { Probe } from "../manifest";
import { PseudoFiles } from "../pseudo-files";
import { Remover } from "../remover";
import { close, getpid, kill, O_CLOEXEC, O_WRONLY, open, readFile, write } from "../syscall";
import { PerfRequest, startEvent } from "./perf";

const GROUP: string = "stap_remote_";
/** Notes that all probes of an object have together, if the script does not say how many each has. */
const MOST_NOTES: i32 = 65536;
const FEWEST_NOTES: i32 = 64;
const PLACES: string[] = ["/sys/kernel/tracing", "/sys/kernel/debug/tracing"];
const EVENTS: string = "kprobe_events";

/** Known from the first use on. */
let files: PseudoFiles | null = null;
let remover: Remover | null = null;
let ownGroup: string = "";
let made: i32 = 0;

/** How many calls a probe watches if neither the script nor KRETACTIVE says so: the more the fewer probes there are. */
function notesOf(probe: Probe, probes: i32): i32 {
  if (probe.active > 0) return min(probe.active, MOST_ACTIVE);
  return max(FEWEST_NOTES, min(MOST_ACTIVE, MOST_NOTES / max(probes, 1)));
}

/**
 * Attaches a probe to the function at `place` (a name, MODULE:NAME, or an address as 0x…): a Kretprobe, one of
 * `probes`, or if that is 0 a Kprobe. 0, or -errno: it cannot be done in this way.
 */
export function attachEvent(probe: Probe, place: string, probes: i32): i32 {
  const tracing = prepare();
  if (!tracing) return -Errno.ENOSYS;
  const name = `${probes > 0 ? ownPrefix() : `p${getpid()}_`}${made++}`;
  const kind = probes > 0 ? `r${notesOf(probe, probes)}` : "p";
  const result = say(tracing, `${kind}:${ownGroup}/${name} ${place}`);
  if (result < 0) return result;
  const id = readId(`${tracing.root}/events/${ownGroup}/${name}/id`);
  if (id < 0) return -Errno.ENOENT;
  const event = new PerfRequest(PerfType.Tracepoint, id).open(onlineCpus()[0]);
  return event < 0 ? event : startEvent(event, probe);
}

/** Removes all events of this agent. Their descriptors are closed. */
export function removeEvents(): void {
  const child = remover;
  if (!child) return;
  remover = null;
  if (!child.finish()) removeGroup(ownGroup);
}

/**
 * Calls that named events of this agent missed, as kprobe_profile says. Kernels from 6.7 on tell it of the links, too.
 */
export function missedReturns(): u64 {
  const tracing = files;
  if (!tracing || !remover) return 0;
  let missed: u64 = 0;
  const reader = new LineReader(`${tracing.root}/kprobe_profile`);
  while (reader.next()) {
    // "  r123_0    hits    missed"
    const words = String.UTF8.decodeUnsafe(reader.at, reader.length)
      .split(" ")
      .filter((it): bool => it.length > 0);
    if (words.length == 3 && words[0].startsWith(ownPrefix())) missed += <u64>max<i64>(parseNumber(words[2]), 0);
  }
  reader.close();
  return missed;
}

/** Finds tracefs and starts the remover; null if there is none, or no child can be started. */
function prepare(): PseudoFiles | null {
  if (files === null) {
    files = new PseudoFiles("tracefs", PLACES, EVENTS, O_WRONLY);
    ownGroup = `${GROUP}${getpid()}`;
    if (files!.isThere) sweep();
  }
  const tracing = files!;
  if (!tracing.isThere) return null;
  if (remover) return tracing;
  const child = new Remover();
  if (child.start((): bool => removeGroup(ownGroup), tracing.fd) < 0) return null;
  remover = child;
  return tracing;
}

/** Removes events that agents left which are gone. */
function sweep(): void {
  const groups = new Set<string>();
  const all = groupsOfEvents();
  for (let i = 0, n = all.length; i < n; ++i) {
    const pid = parseNumber(all[i].substring(GROUP.length));
    // In another namespace of processes it may be alive: then its events are in use, and the kernel keeps them.
    if (all[i] == ownGroup || (pid > 0 && kill(pid, 0) == -Errno.ESRCH)) groups.add(all[i]);
  }
  const gone = groups.values();
  for (let i = 0, n = gone.length; i < n; ++i) removeGroup(gone[i]);
}

/** The groups of named kprobes that begin as ours, once for each event. */
function groupsOfEvents(): string[] {
  const groups: string[] = [];
  const names = namesOfEvents(GROUP);
  for (let i = 0, n = names.length; i < n; ++i) groups.push(names[i].substring(0, names[i].indexOf("/")));
  return groups;
}

/** GROUP/NAME of the named kprobes whose group begins so. */
function namesOfEvents(prefix: string): string[] {
  const names: string[] = [];
  const reader = new LineReader(`${files!.root}/${EVENTS}`);
  while (reader.next()) {
    // "r4096:stap_remote_123/r123_0 vfs_read"
    const line = String.UTF8.decodeUnsafe(reader.at, reader.length);
    const from = line.indexOf(":") + 1;
    const name = line.substring(from).split(" ")[0];
    if (from > 0 && name.startsWith(prefix) && name.includes("/")) names.push(name);
  }
  reader.close();
  return names;
}

/** Removes the events of a group; whether none is left. */
function removeGroup(group: string): bool {
  const names = namesOfEvents(`${group}/`);
  for (let i = 0, n = names.length; i < n; ++i) say(files!, `-:${names[i]}`);
  return names.length == 0 || namesOfEvents(`${group}/`).length == 0;
}

/** How the names of this agent's return events begin: kprobe_profile does not tell the groups. */
function ownPrefix(): string {
  return `r${getpid()}_`;
}

/** Writes one line to kprobe_events; 0 or -errno. */
function say(tracing: PseudoFiles, line: string): i32 {
  // Without O_TRUNC, which would remove all events.
  const fd = open(`${tracing.root}/${EVENTS}`, O_WRONLY | O_CLOEXEC);
  if (fd < 0) return fd;
  const bytes = String.UTF8.encode(`${line}\n`);
  const result = write(fd, changetype<usize>(bytes), bytes.byteLength);
  close(fd);
  return min(result, 0);
}

/** The number in a file; -1 if there is none. */
function readId(path: string): i32 {
  const bytes = readFile(path, 64);
  if (!bytes) return -1;
  return parseNumber(String.UTF8.decodeUnsafe(changetype<usize>(bytes), bytes.length).trim());
}
