// Finds the control group that --cgroup or --container names, and puts it into the map of the programs.
//
//   /sys/fs/cgroup/system.slice      a directory
//   /system.slice, system.slice      the same, below where control groups are mounted
//   3f2a91c0                         the beginning of a container's id: the group of its processes
//
// A process tells its groups in /proc/PID/cgroup, one line for each hierarchy: "0::" and a path for version 2, and
// "5:memory:/docker/3f2a…" and so on for version 1. Container engines put the id into a name of the path, whole or with
// something around it: "docker-3f2a….scope".

import { FailureCode } from "../../common/format/frame";
import { updateElement } from "./bpf";
import { Errno, Failure } from "./errors";
import { LineReader } from "./lines";
import { close, DirectoryEntry, getdents64, O_CLOEXEC, O_RDONLY, open, read } from "./syscall";

/** Fewer characters of an id name no container. */
const LEAST_ID: i32 = 4;
/** Ids have at least so many digits. */
const ID_LENGTH: i32 = 32;
const BUFFER_BYTES: i32 = 16384;
const SLASH: i32 = 0x2f;
const COLON: i32 = 0x3a;
const NEWLINE: i32 = 10;
const FD: StaticArray<u8> = new StaticArray<u8>(4);

/** Puts the group into the map; says why if that cannot be. */
export function fillCgroup(map: i32, wanted: string): Failure | null {
  const mount = findMount();
  let fd = openGroup(wanted, mount);
  if (fd < 0 && !wanted.includes("/")) {
    const search = new Search(wanted);
    search.run();
    const problem = search.problem;
    if (problem.length > 0) return refuse(wanted, problem);
    fd = open(mount + search.path, O_RDONLY | O_CLOEXEC);
  }
  if (fd < 0) return refuse(wanted, "is not there");
  store<i32>(changetype<usize>(FD), fd);
  const failed = updateElement(map, 0, changetype<usize>(FD));
  close(fd);
  return failed < 0 ? refuse(wanted, OLD) : null;
}

const OLD: string = "has no directory of version 2 (cgroup2), which the kernel needs for this";

function refuse(wanted: string, problem: string): Failure {
  return new Failure(FailureCode.Feature, 0, `control group or container '${wanted}' ${problem}`);
}

/** Opens a group that is named by a path. */
function openGroup(wanted: string, mount: string): i32 {
  if (wanted.startsWith("/")) {
    const fd = open(wanted, O_RDONLY | O_CLOEXEC);
    if (fd >= 0 || mount.length == 0) return fd;
  }
  if (mount.length == 0) return -Errno.ENOENT;
  return open(wanted.startsWith("/") ? mount + wanted : `${mount}/${wanted}`, O_RDONLY | O_CLOEXEC);
}

/** Where the control groups of version 2 are mounted; empty if nowhere. */
function findMount(): string {
  let found = "";
  const lines = new LineReader("/proc/self/mounts");
  while (found.length == 0 && lines.next()) {
    const line = String.UTF8.decodeUnsafe(lines.at, lines.length);
    const first = line.indexOf(" ") + 1;
    const second = line.indexOf(" ", first);
    if (line.startsWith(" cgroup2 ", second)) found = line.substring(first, second);
  }
  lines.close();
  return found;
}

/** Looks for a container by the beginning of its id, in all processes. */
export class Search {
  /** The path of its group; empty if there is none. */
  path: string = "";
  private id: string = "";
  private isAmbiguous: bool = false;
  private isOld: bool = false;
  private buffer: StaticArray<u8> = new StaticArray<u8>(BUFFER_BYTES);

  constructor(private wanted: string) {}

  run(): void {
    if (this.wanted.length < LEAST_ID) return;
    const folder = open("/proc", O_RDONLY | O_CLOEXEC);
    if (folder < 0) return;
    const entries = new StaticArray<u8>(BUFFER_BYTES);
    const base = changetype<usize>(entries);
    while (true) {
      const got = getdents64(folder, base, BUFFER_BYTES);
      if (got <= 0) break;
      for (let at: i32 = 0; at < got; at += load<u16>(base + at, DirectoryEntry.Length)) {
        const name = base + at + DirectoryEntry.Name;
        const first = load<u8>(name);
        if (first >= 0x31 && first <= 0x39) this.takeProcess(name);
      }
    }
    close(folder);
  }

  private takeProcess(name: usize): void {
    let length = 0;
    while (load<u8>(name + length) != 0) ++length;
    const fd = open(`/proc/${String.UTF8.decodeUnsafe(name, length)}/cgroup`, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return;
    const got = read(fd, changetype<usize>(this.buffer), BUFFER_BYTES);
    close(fd);
    if (got <= 0) return;
    const text = String.UTF8.decodeUnsafe(changetype<usize>(this.buffer), got);
    if (text.includes(this.wanted)) this.takeGroups(text);
  }

  /** The text of a /proc/PID/cgroup. */
  takeGroups(text: string): void {
    const end = text.length;
    let line = 0;
    let path = 0;
    let colons = 0;
    let run = 0;
    for (let i = 0; i <= end; ++i) {
      const c = i < end ? text.charCodeAt(i) : NEWLINE;
      if ((c >= 0x30 && c <= 0x39) || (c >= 0x61 && c <= 0x66)) continue;
      // Ids are long; other names have short runs of hexadecimal digits.
      if (i - run >= ID_LENGTH && text.startsWith(this.wanted, run)) {
        let rest = i;
        while (rest < end && text.charCodeAt(rest) != SLASH && text.charCodeAt(rest) != NEWLINE) ++rest;
        this.take(text.substring(run, i), text.substring(path, rest), text.startsWith("0::", line));
      }
      run = i + 1;
      if (c == COLON && ++colons == 2) path = run;
      if (c == NEWLINE) {
        line = run;
        colons = 0;
      }
    }
  }

  private take(id: string, path: string, isNew: bool): void {
    if (!isNew) {
      this.isOld = true;
      return;
    }
    if (this.id.length > 0 && this.id != id) this.isAmbiguous = true;
    // Of the groups of one container the outermost one.
    if (this.path.length == 0 || path.length < this.path.length) this.path = path;
    this.id = id;
  }

  /** Why no group was found; empty if one was. */
  get problem(): string {
    if (this.isAmbiguous) return "is not the only one: give more of the id";
    if (this.path.length > 0) return "";
    return this.isOld ? OLD : "is not there";
  }
}
