// Answers Fetch: a large input of the compiler, compressed, in parts. Names of blobs are words of the host, so they
// choose from the files here and never name one: what is no name of a module names nothing.

import { AgentFrame, BlobState, MAX_BLOB_BYTES } from "../../common/format/frame";
import { KERNEL_BTF, MODULE_BTF } from "../../common/format/request";
import { Contact, goneFailure } from "./contact";
import { Deflater } from "./deflate";
import { Errno, errnoText, Failure } from "./errors";
import { FrameWriter } from "./frames";
import { isModuleName } from "./modules";
import { sayWarning } from "./say";
import { close, EPOLLOUT, fileSize, O_CLOEXEC, O_RDONLY, open, poll, read } from "./syscall";

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
  if (name == KERNEL_BTF) return "/sys/kernel/btf/vmlinux";
  if (!name.startsWith(MODULE_BTF)) return "";
  const module = name.substring(MODULE_BTF.length);
  // The kernel's own types lie beside those of modules.
  return isModuleName(module) && module != "vmlinux" ? `/sys/kernel/btf/${module}` : "";
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

/** A blob that is read part by part: `next`, then `state`, `done`, `at` and `bytes` are of that part. */
class BlobReading {
  state: BlobState = BlobState.Absent;
  /** Bytes that were read so far, of `size`; 0: unknown. */
  done: i32 = 0;
  size: i32 = 0;
  /** Why it cannot be read, -errno; 0 if all is well or there is none. */
  errno: i32 = 0;
  private fd: i32;
  private deflater: Deflater = theDeflater();

  constructor(name: string) {
    const path = pathOf(name);
    this.fd = path.length == 0 ? -Errno.ENOENT : open(path, O_RDONLY | O_CLOEXEC);
    if (this.fd < 0) {
      this.errno = this.fd == -Errno.ENOENT ? 0 : this.fd;
    } else {
      this.size = <i32>min(max(fileSize(this.fd), 0), MAX_BLOB_BYTES);
      this.deflater.begin();
    }
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
    const got = read(this.fd, this.deflater.roomAt, this.deflater.room);
    if (got == -Errno.EINTR) return;
    if (got < 0 || got > MAX_BLOB_BYTES - this.done) {
      this.errno = got < 0 ? got : -Errno.EFBIG;
      this.state = BlobState.Absent;
      return;
    }
    if (got == 0) this.state = BlobState.Last;
    this.deflater.take(got);
    this.done += got;
  }
}
