// The consumer of a BPF ring buffer, in place: consumer page, producer page and data (twice in a row, so that a record
// never wraps) are mapped into linear memory by maps.ts. Draining allocates nothing and copies nothing itself.
//
//      | consumer page (rw) | producer page | data ... | the same data again ... |      all but the first read-only
//
// Positions only grow; a record is { u32 length | busy | discard, u32 page offset } and its bytes, 8-byte aligned.

import { RING_BUSY_BIT, RING_DISCARD_BIT, RING_HEADER, RING_LENGTH_MASK } from "../../common/format/bpf";
import { loadAcquire32, loadAcquire64, storeRelease64 } from "./native";

/** Takes records, from the kernel's rings and from handlers that the agent itself runs. */
export abstract class RecordSink {
  /** Takes `bytes` bytes at `address`, valid during the call only. False: no room now, offer it again later. */
  abstract record(address: usize, bytes: i32): bool;
}

/** One ring buffer. */
export class Ring {
  /** Discarded records seen so far. */
  discarded: u64 = 0;
  private producer: usize;
  private data: usize;
  private mask: u64;
  private position: u64;

  constructor(
    /** the map's descriptor: readable (epoll) when there are records */
    public fd: i32,
    /** where its pages and its data are mapped */
    private consumer: usize,
    pageBytes: usize,
    /** a power of two */
    dataBytes: u64,
  ) {
    this.producer = consumer + pageBytes;
    this.data = consumer + 2 * pageBytes;
    this.mask = dataBytes - 1;
    this.position = load<u64>(consumer);
  }

  /** Hands all committed records to `sink`, or as many as it has room for; how many it took. */
  drain(sink: RecordSink): i32 {
    let count = 0;
    let taken = this.drainOnce(sink);
    // The kernel wakes us for a record only if we had given back all records before it: look again after that.
    while (taken > 0) {
      count += taken;
      taken = this.drainOnce(sink);
    }
    return count;
  }

  private drainOnce(sink: RecordSink): i32 {
    let count = 0;
    let position = this.position;
    const end = loadAcquire64(this.producer);
    while (position < end) {
      const header = this.data + <usize>(position & this.mask);
      const word = <i32>loadAcquire32(header);
      if ((word & RING_BUSY_BIT) != 0) break;
      const bytes = word & RING_LENGTH_MASK;
      if (<u64>bytes > this.mask) break; // cannot happen: the kernel keeps lengths below the size
      if ((word & RING_DISCARD_BIT) != 0) ++this.discarded;
      else if (sink.record(header + RING_HEADER, bytes)) ++count;
      else break;
      position += <u64>((bytes + RING_HEADER + 7) & ~7);
      // Give the space back often enough that producers do not wait for the end of a long drain.
      if ((count & 63) == 0) storeRelease64(this.consumer, position);
    }
    this.position = position;
    storeRelease64(this.consumer, position);
    return count;
  }

  /** Where the next record will begin, and up to where they have been handed on. */
  get produced(): u64 {
    return loadAcquire64(this.producer);
  }

  get drained(): u64 {
    return this.position;
  }

  /** Bytes of records that wait. */
  get waiting(): u64 {
    return loadAcquire64(this.producer) - this.position;
  }
}
