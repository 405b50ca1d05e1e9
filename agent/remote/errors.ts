// Why the agent could not go on, as a value: AssemblyScript has no exceptions. A function that can fail returns
// `Failure | null`, null when it did what its name says; one that makes something returns a `Result`. Success
// allocates nothing, so that records can be moved without allocating.

import { FailureCode } from "../../common/format/frame";

/** One failure in words for the user, with what to do about it. */
export class Failure {
  /** positive errno; 0 if the kernel was not asked */
  errno: i32;

  constructor(
    /** FailureCode of common/format/frame */
    public code: FailureCode,
    /** of either sign, 0 if the kernel was not asked */
    errno: i32,
    /** what happened, one sentence without a full stop */
    public text: string,
    /** what to do about it; may be empty */
    public hint: string = "",
  ) {
    this.errno = errno < 0 ? -errno : errno;
  }

  /** The sentence with the kernel's reason. */
  render(): string {
    return this.errno == 0 ? this.text : `${this.text}: ${errnoText(this.errno)}`;
  }
}

/** Something that was made, or why it could not be: one of the two is null. */
export class Result<T> {
  constructor(
    public value: T | null,
    public failure: Failure | null,
  ) {}
}

/** errno values that the agent tests for. The same on x86_64 and arm64. */
export const enum Errno {
  EPERM = 1,
  ENOENT = 2,
  ESRCH = 3,
  EINTR = 4,
  EIO = 5,
  E2BIG = 7,
  EBADF = 9,
  ECHILD = 10,
  EAGAIN = 11,
  ENOMEM = 12,
  EACCES = 13,
  EFAULT = 14,
  EBUSY = 16,
  EEXIST = 17,
  ENODEV = 19,
  ENOTDIR = 20,
  EISDIR = 21,
  EINVAL = 22,
  ENFILE = 23,
  EMFILE = 24,
  EFBIG = 27,
  ENOSPC = 28,
  EPIPE = 32,
  ERANGE = 34,
  ENOSYS = 38,
  ENODATA = 61,
  EILSEQ = 84,
  EOPNOTSUPP = 95,
  EADDRNOTAVAIL = 99,
  ECANCELED = 125,
  ENOTSUPP = 524,
}

/** The kernel's reason in words, as strerror has it. */
export function errnoText(errno: i32): string {
  switch (errno < 0 ? -errno : errno) {
    case Errno.EPERM:
      return "Operation not permitted";
    case Errno.ENOENT:
      return "No such file or directory";
    case Errno.ESRCH:
      return "No such process";
    case Errno.EINTR:
      return "Interrupted system call";
    case Errno.EIO:
      return "Input/output error";
    case Errno.E2BIG:
      return "Argument list too long";
    case Errno.EBADF:
      return "Bad file descriptor";
    case Errno.EAGAIN:
      return "Resource temporarily unavailable";
    case Errno.ENOMEM:
      return "Cannot allocate memory";
    case Errno.EACCES:
      return "Permission denied";
    case Errno.EFAULT:
      return "Bad address";
    case Errno.EBUSY:
      return "Device or resource busy";
    case Errno.EEXIST:
      return "File exists";
    case Errno.ENODEV:
      return "No such device";
    case Errno.ENOTDIR:
      return "Not a directory";
    case Errno.EISDIR:
      return "Is a directory";
    case Errno.EINVAL:
      return "Invalid argument";
    case Errno.ENFILE:
      return "Too many open files in system";
    case Errno.EMFILE:
      return "Too many open files";
    case Errno.ENOSPC:
      return "No space left on device";
    case Errno.EPIPE:
      return "Broken pipe";
    case Errno.ENOSYS:
      return "Function not implemented";
    case Errno.EILSEQ:
      return "Invalid or incomplete multibyte or wide character";
    case Errno.EOPNOTSUPP:
    case Errno.ENOTSUPP:
      return "Operation not supported";
    default:
      return `errno ${errno < 0 ? -errno : errno}`;
  }
}
