// Answers Fetch: a large input of the compiler, compressed, in parts. Names of blobs are words of the host, so they
// choose from the files here: what is no name of a module names nothing. Only programs and libraries are named by their
// path, and read in ranges: "file OFFSET LENGTH PATH". Nothing but a regular file that begins as ELF does is read.

import { ELF_MAGIC } from "../../common/format/elf";
import { AgentFrame, BlobState, MAX_BLOB_BYTES } from "../../common/format/frame";
import { FILE_BLOB, KERNEL_BTF, MODULE_BTF } from "../../common/format/request";
import { Contact, goneFailure } from "./contact";
import { Deflater } from "./deflate";
import { Errno, errnoText, Failure } from "./errors";
import { FrameWriter } from "./frames";
import { openModuleTypes } from "./module-file";
import { isModuleName } from "./modules";
import { sayWarning } from "./say";
import { close, EPOLLOUT, fileSize, O_CLOEXEC, O_RDONLY, open, openRegular, poll, read, seek } from "./syscall";

const TYPES: string = "/sys/kernel/btf/";
const KERNEL_TYPES: string = "/sys/kernel/btf/vmlinux";
/** Reading goes on when less than this waits for the host, so that a slow one costs no memory. */
const AHEAD_BYTES: i32 = 131072;
/** How long the agent waits for it at a time, milliseconds. */
const GLANCE_MS: i32 = 100;

/** Sends a blob, or says that there is none. */
export function sendBlob(name: string, writer: FrameWriter, host: Contact): Failure | null {
  const blob = new BlobReading(name);
  do {
    blob.next();
    if (blob.errno != 0) sayWarning(writer, `cannot read ${name}: ${errnoText(blob.errno)}`);
    sayBlob(writer, blob);
    while (host.keep() && writer.pending >= AHEAD_BYTES) poll(1, EPOLLOUT, GLANCE_MS);
  } while (blob.state == BlobState.Part && host.keep());
  blob.close();
  return blob.state == BlobState.Part ? goneFailure() : null;
}

function sayBlob(writer: FrameWriter, blob: BlobReading): void {
  writer.begin(AgentFrame.Blob);
  writer.u8(blob.state);
  writer.u32(blob.done);
  writer.u32(blob.size);
  if (blob.state != BlobState.Absent) writer.bytes(blob.at, blob.bytes);
  writer.finish();
}

/** Where a blob is, or "" if the name is none. */
function pathOf(name: string): string {
  if (name == KERNEL_BTF) return KERNEL_TYPES;
  if (!name.startsWith(MODULE_BTF)) return "";
  const module = name.substring(MODULE_BTF.length);
  // The kernel's own types lie beside those of modules.
  return isModuleName(module) && module != "vmlinux" ? TYPES + module : "";
}

/** Its tables are large, and memory is never freed: one serves all blobs. */
let shared: Deflater | null = null;

function theDeflater(): Deflater {
  const made = shared;
  if (made) return made;
  const deflater = new Deflater();
  shared = deflater;
  return deflater;
}

/** Opens a program or library; -ENOENT for any other file. */
function openElf(path: string): i32 {
  const fd = openRegular(path);
  if (fd < 0) return fd;
  const magic = memory.data(8);
  if (read(fd, magic, 4) == 4 && load<i32>(magic) == ELF_MAGIC) return fd;
  close(fd);
  return -Errno.ENOENT;
}

/** A blob that is read part by part: `next`, then `state`, `done`, `at` and `bytes` are of that part. */
class BlobReading {
  state: BlobState = BlobState.Absent;
  /** Bytes that were read so far, of `size`; 0: unknown. */
  done: i32 = 0;
  size: u32 = 0;
  /** Why it cannot be read, -errno; 0 if all is well or there is none. */
  errno: i32 = 0;
  private fd: i32;
  private deflater: Deflater = theDeflater();
  /** Bytes that are still to be read. */
  private left: i64 = <i64>MAX_BLOB_BYTES + 1;

  constructor(name: string) {
    this.fd = -Errno.ENOENT;
    if (name.startsWith(FILE_BLOB)) this.openRange(name.substring(FILE_BLOB.length));
    else this.openBlob(pathOf(name));
    if (this.fd >= 0) this.deflater.begin();
    else this.errno = this.fd == -Errno.ENOENT ? 0 : this.fd;
  }

  private openBlob(path: string): void {
    if (path.length == 0) return;
    this.fd = open(path, O_RDONLY | O_CLOEXEC);
    if (this.fd >= 0) this.size = <u32>min(max(fileSize(this.fd), 0), MAX_BLOB_BYTES);
    else if (this.fd == -Errno.ENOENT && path != KERNEL_TYPES) this.openModule(path.substring(TYPES.length));
  }

  /** The types of a module that is not loaded are in its file. */
  private openModule(module: string): void {
    const inFile = openModuleTypes(module);
    if (!inFile) return;
    this.fd = inFile.fd;
    this.size = <u32>min(inFile.bytes, MAX_BLOB_BYTES);
    this.left = this.size;
  }

  /** A range of a file: "OFFSET LENGTH PATH". */
  private openRange(text: string): void {
    const first = text.indexOf(" ");
    const second = text.indexOf(" ", first + 1);
    if (first < 0 || second < 0) return;
    const offset = I64.parseInt(text.substring(0, first), 10);
    const length = I64.parseInt(text.substring(first + 1, second), 10);
    if (offset < 0 || length < 0 || length > MAX_BLOB_BYTES) return;
    this.fd = openElf(text.substring(second + 1));
    if (this.fd < 0) return;
    this.size = <u32>min(max(fileSize(this.fd), 0), u32.MAX_VALUE);
    this.left = length;
    seek(this.fd, offset);
  }

  get at(): usize {
    return this.deflater.output;
  }
  get bytes(): i32 {
    return this.deflater.outputBytes;
  }

  /** Reads on and compresses a part. If reading fails, the state is Absent, whatever came before. */
  next(): void {
    if (this.fd < 0) return;
    const deflater = this.deflater;
    // What begins the stream waits from the start.
    if (this.done > 0) deflater.clearOutput();
    this.state = BlobState.Part;
    while (this.state == BlobState.Part && deflater.room > 0) this.fill();
    if (this.state != BlobState.Absent) deflater.compress(this.state == BlobState.Last);
    if (this.state != BlobState.Part) this.close();
  }

  close(): void {
    if (this.fd >= 0) close(this.fd);
    this.fd = -1;
  }

  private fill(): void {
    const most = <i32>min<i64>(this.deflater.room, this.left);
    const got = most > 0 ? read(this.fd, this.deflater.roomAt, most) : 0;
    if (got == -Errno.EINTR) return;
    if (got < 0 || got > MAX_BLOB_BYTES - this.done) {
      this.errno = got < 0 ? got : -Errno.EFBIG;
      this.state = BlobState.Absent;
      return;
    }
    if (got == 0) this.state = BlobState.Last;
    this.deflater.take(got);
    this.done += got;
    this.left -= got;
  }
}
