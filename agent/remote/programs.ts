// Finds programs and libraries by what scripts call them (QueryKind.Programs):
//
//   /usr/bin/bash, /usr/bin/py*      paths and patterns; links are followed
//   bash                             a name in the directories of PATH
//   /proc/1234/exe                   the program of a process, wherever its file is, or was
//   libc.so.6 of /usr/bin/bash       a library: of a running process what it has mapped, else in the usual directories
//
// Only files in ELF count, and the path of each is told once.

import { ELF_MAGIC } from "../../common/format/elf";
import { isGlob } from "../../common/format/glob";
import { LineReader } from "./lines";
import { NameFilter } from "./name-filter";
import {
  close,
  DirectoryEntry,
  getdents64,
  O_CLOEXEC,
  O_PATH,
  O_RDONLY,
  open,
  openRegular,
  read,
  readLink,
} from "./syscall";

const PROGRAM_FOLDERS: StaticArray<string> = [
  "/usr/local/sbin",
  "/usr/local/bin",
  "/usr/sbin",
  "/usr/bin",
  "/sbin",
  "/bin",
];
/** Where libraries are: Debian's directories for each CPU, Red Hat's, musl's. */
const LIBRARY_FOLDERS: StaticArray<string> = [
  "/lib/*-linux-gnu",
  "/usr/lib/*-linux-gnu",
  "/lib64",
  "/usr/lib64",
  "/lib",
  "/usr/lib",
  "/usr/local/lib",
];
const OF: string = " of ";
const PROC: string = "/proc/";
/** Files that one pattern may name. */
const MOST_FILES: i32 = 4096;
const BUFFER_BYTES: i32 = 65536;

/** "NAME=PATH" for each program or library that one of the names means. */
export function findPrograms(names: string[]): string[] {
  const found: string[] = [];
  for (let i = 0, n = names.length; i < n; ++i) {
    const search = new FileSearch();
    search.find(names[i]);
    for (let k = 0, m = search.paths.length; k < m; ++k) found.push(`${names[i]}=${search.paths[k]}`);
  }
  return found;
}

/** Collects the files that one name means. */
class FileSearch {
  paths: string[] = [];

  find(name: string): void {
    const middle = name.indexOf(OF);
    if (middle >= 0) this.findLibrary(name.substring(0, middle), name.substring(middle + OF.length));
    else if (name.startsWith("/")) this.walk(name);
    else this.findIn(PROGRAM_FOLDERS, name);
  }

  private findLibrary(name: string, program: string): void {
    if (name.startsWith("/")) this.walk(name);
    else if (program.startsWith(PROC)) this.findMapped(name, program.substring(PROC.length).split("/")[0]);
    else this.findIn(LIBRARY_FOLDERS, name);
  }

  /** The first directory that has the name; of a pattern, all. */
  private findIn(folders: StaticArray<string>, name: string): void {
    for (let i = 0; i < folders.length; ++i) {
      this.walk(`${folders[i]}/${name}`);
      if (this.paths.length > 0 && !isGlob(name)) return;
    }
  }

  /** A library that a process has mapped, in its own file system. */
  private findMapped(name: string, pid: string): void {
    const filter = new NameFilter([name]);
    const lines = new LineReader(`${PROC}${pid}/maps`);
    while (lines.next()) {
      const line = String.UTF8.decodeUnsafe(lines.at, lines.length);
      const from = line.indexOf("/");
      if (from < 0) continue;
      const path = line.substring(from);
      const base = String.UTF8.encode(path.substring(path.lastIndexOf("/") + 1));
      const at = changetype<usize>(base);
      if (!filter.hasName(at, base.byteLength) && !filter.hasMatch(at, base.byteLength)) continue;
      this.add(`${PROC}${pid}/root${path}`);
    }
    lines.close();
  }

  /** Follows a path whose parts may be patterns. */
  private walk(path: string): void {
    if (!isGlob(path)) {
      this.add(path);
      return;
    }
    let open: string[] = [""];
    const parts = path.split("/");
    for (let i = 1, n = parts.length; i < n; ++i) {
      const next: string[] = [];
      for (let k = 0, m = open.length; k < m && next.length < MOST_FILES; ++k) {
        if (!isGlob(parts[i])) next.push(`${open[k]}/${parts[i]}`);
        else addMatches(next, open[k], parts[i]);
      }
      open = next;
    }
    for (let i = 0, n = open.length; i < n; ++i) this.add(open[i]);
  }

  private add(path: string): void {
    const real = realPath(path);
    if (this.paths.length < MOST_FILES && !this.paths.includes(real) && isElf(real)) this.paths.push(real);
  }
}

/** Adds the entries of a directory that match a pattern, sorted. */
function addMatches(paths: string[], folder: string, pattern: string): void {
  const fd = open(folder.length == 0 ? "/" : folder, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return;
  const filter = new NameFilter([pattern]);
  const found: string[] = [];
  const buffer = new StaticArray<u8>(BUFFER_BYTES);
  const base = changetype<usize>(buffer);
  while (found.length < MOST_FILES) {
    const got = getdents64(fd, base, BUFFER_BYTES);
    if (got <= 0) break;
    for (let at: i32 = 0; at < got; at += load<u16>(base + at, DirectoryEntry.Length)) {
      const name = base + at + DirectoryEntry.Name;
      let length = 0;
      while (load<u8>(name + length) != 0) ++length;
      // As in shells, patterns do not match hidden files.
      if (load<u8>(name) == 0x2e || !filter.hasMatch(name, length)) continue;
      found.push(`${folder}/${String.UTF8.decodeUnsafe(name, length)}`);
    }
  }
  close(fd);
  found.sort();
  for (let i = 0, n = found.length; i < n; ++i) paths.push(found[i]);
}

/** The path with all links followed; one of a process stays as it is: only by that is its file found. */
function realPath(path: string): string {
  if (path.startsWith(PROC)) return path;
  const fd = open(path, O_PATH | O_CLOEXEC);
  if (fd < 0) return path;
  const real = readLink(`/proc/self/fd/${fd}`);
  close(fd);
  return real.length > 0 ? real : path;
}

function isElf(path: string): bool {
  const fd = openRegular(path);
  if (fd < 0) return false;
  const magic = memory.data(8);
  const isMagic = read(fd, magic, 4) == 4 && load<i32>(magic) == ELF_MAGIC;
  close(fd);
  return isMagic;
}
