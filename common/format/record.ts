// Shared by compiler, agent and host; must remain portable (constants and pure integer functions only).
//
// What a handler puts into a ring buffer. One record is one *unit*: all that one handler invocation printed. It is a
// sequence of items, each 8-byte aligned:
//
//      0       2       3       4               8
//      +-------+-------+-------+---------------+---------------------------+
//      | site  | flags | zero  | unit          | arguments of that site ...|  next item ...
//      +-------+-------+-------+---------------+---------------------------+
//
// `site` indexes the manifest's Site table, whose Argument rows give the arguments' layout; nothing here is
// self-describing. `flags` and `unit` have a meaning in the first item of a record only, and are zero in the others.
// A unit that fits one record has flags 0 and unit 0 (so a printf's header is one store of a constant).
// A longer one is cut into records between items: all carry unit = index of the frame that the handler owns (which no
// other handler can own until it is done) plus one, More on all but the last. If a piece is lost, the last one carries
// Torn and the reader drops the whole unit, which LostOutput has counted once.
//
// Control records (the control ring) have the same form; their sites have kinds other than Print.

/** Byte offsets in an item's header. */
export const enum RecordItem {
  /** u16 */
  Site = 0,
  /** u8, RecordFlags; of the record's first item only */
  Flags = 2,
  /** u32; of the record's first item only */
  Unit = 4,
  Size = 8,
}

export const enum RecordFlags {
  None = 0,
  /** More records of this unit follow. */
  More = 1,
  /** A piece of this unit was lost: drop it all. */
  Torn = 2,
  /**
   * The first record of a unit that is cut. Records of the same unit number that the reader still keeps have no end.
   */
  First = 4,
}

/** How an argument lies in an item (manifest Argument.Type). */
export const enum ArgumentType {
  /** i64, 8 bytes. */
  Long = 0,
  /** NUL-terminated bytes in a field of Argument.Size bytes, a multiple of 8; bytes after the NUL are undefined. */
  FixedString = 1,
  /** u32 length, then that many bytes, then padding to 8. Argument.Size is the greatest length. */
  String = 2,
  /** `HistogramArgument`; Argument.Size is all its bytes. */
  Histogram = 3,
}

/** Byte offsets in a histogram. The number of its buckets follows from its size. */
export const enum HistogramArgument {
  /** i64: where the range of @hist_linear begins. */
  Low = 0,
  /** i64: how much each of its buckets spans; 0: it is of @hist_log, with the bucket of zeros at half its size. */
  Width = 8,
  /**
   * u64 x buckets: how often each was met; of @hist_linear the first and last are what lies below and above its range.
   */
  Buckets = 16,
}

/** What an item means (manifest Site.Kind). */
export const enum SiteKind {
  /** Text for standard output: format with arguments. */
  Print = 0,
  /** exit(): the session ends. No arguments. */
  Exit = 1,
  /** A handler ended by an error; the format makes the message. */
  Error = 2,
  /** warn() */
  Warning = 3,
  /** log() */
  Log = 4,
  /** system(): one String, which the agent gives to a shell; it does not hand the record on. */
  System = 5,
}

/** Longest record, bytes; a unit larger than that is cut. */
export const MAX_RECORD_BYTES: i32 = 8192;
/** Most sites in an object: the field has 16 bits. */
export const MAX_SITES: i32 = 65535;
