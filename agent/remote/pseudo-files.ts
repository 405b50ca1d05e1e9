// File systems of the kernel without a device, such as tracefs: where one is mounted, or as a mount of the agent's own
// that nobody else sees and that is gone with the agent.

import { close, O_CLOEXEC, open, openFileSystem } from "./syscall";

/** One such file system. */
export class PseudoFiles {
  /** Its root directory; empty: it cannot be reached. */
  root: string;
  /** The root's descriptor, if the mount is our own; else -1. */
  fd: i32 = -1;

  /** Looks for a file system of a type at these places; it is there if `file` in it can be opened with `flags`. */
  constructor(type: string, places: string[], file: string, flags: i32) {
    this.root = find(places, file, flags);
    if (this.root.length == 0) this.fd = openFileSystem(type);
    if (this.fd >= 0) this.root = `/proc/self/fd/${this.fd}`;
  }

  get isThere(): bool {
    return this.root.length > 0;
  }

  /** Gives up a mount of our own. */
  leave(): void {
    if (this.fd >= 0) close(this.fd);
    this.fd = -1;
  }
}

function find(places: string[], file: string, flags: i32): string {
  for (let i = 0; i < places.length; ++i) {
    const fd = open(`${places[i]}/${file}`, flags | O_CLOEXEC);
    if (fd < 0) continue;
    close(fd);
    return places[i];
  }
  return "";
}
