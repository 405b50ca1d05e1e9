// Writes archives in the kernel's initramfs format (cpio "newc"), as bytes in memory.
//
// Everything in an archive belongs to root unless the caller says otherwise, so making one needs no root privileges.
// Archives may be concatenated: the kernel unpacks them in order, and later files replace earlier ones.

import { lstatSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import { join } from "node:path";

const S_IFDIR = 0o040000;
const S_IFREG = 0o100000;
const S_IFLNK = 0o120000;
const S_IFCHR = 0o020000;

interface Entry {
  path: string;
  mode: number;
  owner: number;
  data: Buffer;
  device: number;
}

/** An archive being filled; paths are absolute inside the guest. Parent directories are added as needed. */
export class CpioWriter {
  private parts: Buffer[] = [];
  private directories = new Set<string>();
  private inode = 1;

  /** Adds a directory, unless it is there already. `owner` is both user and group id. */
  directory(path: string, mode = 0o755, owner = 0): void {
    if (this.directories.has(path) || path === "/") return;
    this.parents(path);
    this.directories.add(path);
    this.add({ path, mode: S_IFDIR | mode, owner, data: Buffer.alloc(0), device: 0 });
  }

  /** Adds a regular file. */
  file(path: string, data: Buffer | string, mode = 0o644, owner = 0): void {
    this.parents(path);
    this.add({ path, mode: S_IFREG | mode, owner, data: Buffer.from(data), device: 0 });
  }

  /** Adds a symbolic link. */
  symlink(path: string, to: string): void {
    this.parents(path);
    this.add({ path, mode: S_IFLNK | 0o777, owner: 0, data: Buffer.from(to), device: 0 });
  }

  /** Adds a character device; init needs /dev/console before it can mount anything. */
  characterDevice(path: string, major: number, minor: number): void {
    this.parents(path);
    this.add({ path, mode: S_IFCHR | 0o600, owner: 0, data: Buffer.alloc(0), device: major * 0x100 + minor });
  }

  /** Adds a whole directory of this machine; `keep` says which guest paths are wanted. */
  tree(from: string, keep: (path: string) => boolean = () => true, to = ""): void {
    for (const name of readdirSync(join(from, to)).sort()) {
      const path = `${to}/${name}`;
      const stat = lstatSync(join(from, path));
      if (!keep(path)) continue;
      if (stat.isDirectory()) {
        this.directory(path, stat.mode & 0o7777);
        this.tree(from, keep, path);
      } else if (stat.isSymbolicLink()) this.symlink(path, readlinkSync(join(from, path)));
      else if (stat.isFile()) this.file(path, readFileSync(join(from, path)), stat.mode & 0o7777);
    }
  }

  /** The archive's bytes, padded so that another archive may follow. */
  bytes(): Buffer {
    this.add({ path: "/TRAILER!!!", mode: 0, owner: 0, data: Buffer.alloc(0), device: 0 });
    const all = Buffer.concat(this.parts);
    return Buffer.concat([all, Buffer.alloc((512 - (all.length % 512)) % 512)]);
  }

  private parents(path: string): void {
    const parent = path.slice(0, path.lastIndexOf("/"));
    if (parent !== "") this.directory(parent);
  }

  private add(entry: Entry): void {
    const name = Buffer.from(`${entry.path.slice(1)}\0`);
    const fields = [
      this.inode++,
      entry.mode,
      entry.owner,
      entry.owner,
      1, // links
      0, // modification time: archives of the same content are the same bytes
      entry.data.length,
      0,
      0,
      entry.device >> 8,
      entry.device & 0xff,
      name.length,
      0,
    ];
    const header = Buffer.from(`070701${fields.map((field) => field.toString(16).padStart(8, "0")).join("")}`);
    this.parts.push(header, name, padding(header.length + name.length), entry.data, padding(entry.data.length));
  }
}

function padding(length: number): Buffer {
  return Buffer.alloc((4 - (length % 4)) % 4);
}
