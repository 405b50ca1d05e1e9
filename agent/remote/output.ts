// Text on its way to a descriptor, and whether somebody still reads it. A reader that is slow is waited for; one that
// is gone is not. Without a host nothing else tells the agent that it is not wanted any more: when the connection is
// killed that it was started through, nobody sends it a signal.

import { Errno } from "./errors";
import { EPOLLERR, EPOLLHUP, EPOLLOUT, happenedTo, isOpen, O_RDWR, open, poll, write } from "./syscall";

/**
 * Opens /dev/null for those of descriptors 0, 1 and 2 that are closed: else a map of ours would get such a number, and
 * messages would be written into it.
 */
export function openStandard(): void {
  for (let fd = 0; fd <= 2; ++fd) if (!isOpen(fd)) open("/dev/null", O_RDWR);
}

/** Writes all of it; false when nobody reads it any more, or it cannot be written. */
export function writeAll(fd: i32, from: usize, bytes: i32): bool {
  let put = 0;
  while (put < bytes) {
    const result = write(fd, from + put, bytes - put);
    if (result == -Errno.EINTR) continue;
    // Others may have made the pipe non-blocking for everybody who shares it.
    if (result == -Errno.EAGAIN) poll(fd, EPOLLOUT, -1);
    else if (result <= 0) return false;
    else put += result;
  }
  return true;
}

/** Writes a text; false as writeAll. */
export function writeText(fd: i32, text: string): bool {
  const bytes = String.UTF8.encode(text);
  return writeAll(fd, changetype<usize>(bytes), bytes.byteLength);
}

/**
 * Whether one of those who read what `stap-agent run` prints has gone: the last reader of a pipe, the other end of a
 * socket, a terminal. A socket whose other end only sends no more is still read: that is how `ssh -n` leaves it. Files
 * have no reader that could go. All three places count: behind a pipe on the same machine (`run x.bo | cat`), or with
 * the text in a file, it is standard error that ends with the connection.
 */
export function hasLostReader(text: i32): bool {
  return isLost(text) || isLost(1) || isLost(2);
}

function isLost(fd: i32): bool {
  return (happenedTo(fd, 0) & (EPOLLERR | EPOLLHUP)) != 0;
}
