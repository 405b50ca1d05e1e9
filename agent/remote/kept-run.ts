// The folder of a run that goes on without a client: /run/stap-remote/NAME, which only root can enter. /run is in
// memory and empty after a boot, as the run is gone then.
//
//   run       "PID BEGAN LIMIT": process, seconds since 1970, seconds that it may last; locked while the run goes on
//   out       what it prints, and its messages
//   out.old   what was printed before; it goes when `out` is full, so that the last half of the size at least is there
//   status    its exit status, once it has ended

import { parseNumber } from "./args";
import { Errno } from "./errors";
import { writeText } from "./output";
import {
  close,
  DirectoryEntry,
  duplicate,
  fileSize,
  getdents64,
  lockFile,
  mkdir,
  O_APPEND,
  O_CLOEXEC,
  O_CREAT,
  O_RDONLY,
  O_RDWR,
  O_TRUNC,
  O_WRONLY,
  open,
  readFile,
  rename,
  rmdir,
  unlink,
} from "./syscall";

const FOLDER: string = "/run/stap-remote";
const MOST_NAME: i32 = 64;
const BUFFER_BYTES: i32 = 16384;
const FILES: StaticArray<string> = ["out", "out.old", "status", "run"];

/** The folder of one run. */
export class KeptRun {
  began: i64 = 0;
  limit: i64 = 0;
  pid: i32 = 0;
  private lock: i32 = -1;

  constructor(public name: string) {}

  path(file: string): string {
    return `${FOLDER}/${this.name}/${file}`;
  }

  /** Makes the folder; 0 or -errno. */
  make(): i32 {
    const made = mkdir(FOLDER, 0o700);
    return made < 0 && made != -Errno.EEXIST ? made : mkdir(`${FOLDER}/${this.name}`, 0o700);
  }

  /** Takes the lock, for this process and its children. */
  claim(): void {
    this.lock = open(this.path("run"), O_RDWR | O_CREAT | O_CLOEXEC, 0o600);
    if (this.lock >= 0) lockFile(this.lock);
  }

  /** Says who the run is. */
  introduce(pid: i32, began: i64, limit: i64): void {
    writeText(this.lock, `${pid} ${began} ${limit}\n`);
  }

  /** Reads what the run says of itself; false if there is no such run. */
  look(): bool {
    const bytes = readFile(this.path("run"), BUFFER_BYTES);
    if (!bytes) return false;
    const words = String.UTF8.decodeUnsafe(changetype<usize>(bytes), bytes.length).trim().split(" ");
    if (words.length != 3) return false;
    this.pid = parseNumber(words[0]);
    this.began = parseNumber(words[1]);
    this.limit = parseNumber(words[2]);
    return this.pid > 0;
  }

  /** Whether the run goes on. */
  get isAlive(): bool {
    const fd = open(this.path("run"), O_RDWR | O_CLOEXEC);
    if (fd < 0) return false;
    const isFree = lockFile(fd);
    close(fd);
    return !isFree;
  }

  /** Bytes of output that are kept. */
  get size(): i64 {
    return sizeOf(this.path("out")) + sizeOf(this.path("out.old"));
  }

  /** The exit status of a run that has ended; 1 if it was killed. */
  get status(): i32 {
    const bytes = readFile(this.path("status"), BUFFER_BYTES);
    const status = bytes ? parseNumber(String.UTF8.decodeUnsafe(changetype<usize>(bytes), bytes.length)) : -1;
    return status < 0 ? 1 : status;
  }

  end(status: i32): void {
    const fd = open(this.path("status"), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600);
    writeText(fd, `${status}`);
    close(fd);
  }

  /** Removes all that is left of a run that has ended. */
  remove(): void {
    for (let i = 0; i < FILES.length; ++i) unlink(this.path(FILES[i]));
    rmdir(`${FOLDER}/${this.name}`);
    rmdir(FOLDER);
  }
}

function sizeOf(path: string): i64 {
  const fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return 0;
  const size = fileSize(fd);
  close(fd);
  return max<i64>(size, 0);
}

/** Whether a run may have this name, which becomes the name of a folder. */
export function isRunName(name: string): bool {
  if (name.length == 0 || name.length > MOST_NAME || name.charCodeAt(0) == 0x2e || name.charCodeAt(0) == 0x2d)
    return false;
  for (let i = 0, n = name.length; i < n; ++i) {
    const c = name.charCodeAt(i);
    const isLetter = (c | 0x20) >= 0x61 && (c | 0x20) <= 0x7a;
    const isDigit = c >= 0x30 && c <= 0x39;
    if (!isLetter && !isDigit && c != 0x2e && c != 0x2d && c != 0x5f) return false;
  }
  return true;
}

/** The names of all runs, sorted. */
export function runNames(): string[] {
  const names: string[] = [];
  const fd = open(FOLDER, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return names;
  const buffer = new StaticArray<u8>(BUFFER_BYTES);
  const base = changetype<usize>(buffer);
  while (true) {
    const got = getdents64(fd, base, BUFFER_BYTES);
    if (got <= 0) break;
    for (let at: i32 = 0; at < got; at += load<u16>(base + at, DirectoryEntry.Length)) {
      const start = base + at + DirectoryEntry.Name;
      let length = 0;
      while (load<u8>(start + length) != 0) ++length;
      const name = String.UTF8.decodeUnsafe(start, length);
      if (isRunName(name)) names.push(name);
    }
  }
  close(fd);
  names.sort();
  return names;
}

/** The files that a run's output goes to: at most `bytes`, the oldest goes first. */
export class OutputRing {
  private written: i64 = 0;

  constructor(
    private run: KeptRun,
    private bytes: i64,
  ) {}

  /** Opens the first file; a descriptor or -errno. */
  open(): i32 {
    return open(this.run.path("out"), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600);
  }

  /** So much was written to `fd` and standard error, which are the file: if it is full, a new one takes its place. */
  wrote(fd: i32, bytes: i32): void {
    this.written += bytes;
    if (this.written < this.bytes / 2) return;
    this.written = 0;
    rename(this.run.path("out"), this.run.path("out.old"));
    const next = this.open();
    if (next < 0) return;
    duplicate(next, fd);
    duplicate(next, 2);
    if (next != fd) close(next);
  }
}
