// Register states as the verifier prints them, of all dialects:
//
//   R1_w=inv(id=0,umax_value=255,var_off=(0x0; 0xff))     up to 5.17
//   R1_w=scalar(umax=255,var_off=(0x0; 0xff))             from 5.18
//   R2_w=inv5, R2_w=invP5, R2_w=5, R2_w=P5                known numbers (P: it must be exact)
//   R0=map_value_or_null(id=1,map=counts,ks=4,vs=8)       pointers
//   fp-8=mmmm????, fp-16_w=ctx                            stack slots: m written, 0 zero, ? not written, r spilled
//   refs=2                                                references that must be released

/** One register or stack slot. */
export interface Value {
  /** "scalar", "ctx", "fp", "map_value", "map_value_or_null", …; "bytes" for a stack slot of plain bytes. */
  type: string;
  /** A scalar's value, or a pointer's fixed offset, if it is known. */
  known?: bigint;
  /** Attributes as they stand: umax, off, vs, … ; with the names that 6.0 and later use. */
  attributes: Map<string, string>;
  /** As the log has it. */
  text: string;
}

/** What a line says of registers ("r1"), stack slots ("fp-8") and references. */
export interface State {
  /** The call frame, 0 for the program itself. */
  frame: number;
  values: Map<string, Value>;
  references: string[];
}

const NAME = /^(?:R(\d+)|fp(-\d+))(?:_[A-Za-z]+)?=(.*)$/s;
/** Names of attributes before 6.0. */
const RENAMED: Record<string, string> = {
  umin_value: "umin",
  umax_value: "umax",
  smin_value: "smin",
  smax_value: "smax",
  u32_min_value: "umin32",
  u32_max_value: "umax32",
  s32_min_value: "smin32",
  s32_max_value: "smax32",
};

/** Reads the registers of a line. What it does not understand it leaves out. */
export function parseState(text: string): State {
  const state: State = { frame: 0, values: new Map(), references: [] };
  for (const word of splitOutside(text, " ")) {
    const named = NAME.exec(word);
    if (named) state.values.set(named[1] !== undefined ? `r${named[1]}` : `fp${named[2]}`, parseValue(named[3]!));
    else if (/^frame\d+:$/.test(word)) state.frame = Number(word.slice(5, -1));
    else if (word.startsWith("refs=")) state.references = word.slice(5).split(",");
  }
  return state;
}

/** Splits at a separator outside parentheses. */
function splitOutside(text: string, separator: string): string[] {
  const parts: string[] = [];
  let depth = 0;
  let start = 0;
  for (let i = 0; i < text.length; i++) {
    const c = text[i];
    if (c === "(") depth++;
    else if (c === ")") depth = Math.max(0, depth - 1);
    else if (c === separator && depth === 0) {
      if (i > start) parts.push(text.slice(start, i));
      start = i + 1;
    }
  }
  if (start < text.length) parts.push(text.slice(start));
  return parts;
}

/** The value after the `=`. */
function parseValue(text: string): Value {
  const attributes = new Map<string, string>();
  const value: Value = { type: "", attributes, text };
  const open = text.indexOf("(");
  const head = open < 0 ? text : text.slice(0, open);
  if (open >= 0) readAttributes(text.slice(open + 1, text.endsWith(")") ? -1 : undefined), attributes);
  const number = /^(?:invP?|P|scalar)?(-?(?:0x[0-9a-f]+|\d+))$/.exec(head);
  const pointer = /^(fp|ctx)(-?\d+)$/.exec(head);
  if (number && open < 0) {
    value.type = "scalar";
    value.known = number[1]!.startsWith("-") ? -BigInt(number[1]!.slice(1)) : BigInt(number[1]!);
  } else if (/^(?:invP?|P?scalar|unknown(?:_value)?)$/.test(head)) {
    value.type = "scalar";
  } else if (pointer) {
    value.type = pointer[1]!;
    value.known = BigInt(pointer[2]!);
  } else if (/^[m0?rditfzI]{1,8}$/.test(head)) {
    value.type = "bytes";
  } else {
    value.type = head;
  }
  const offset = attributes.get("off");
  if (value.type !== "scalar" && value.known === undefined && offset !== undefined && /^-?\d+$/.test(offset)) {
    value.known = BigInt(offset);
  }
  return value;
}

function readAttributes(text: string, attributes: Map<string, string>): void {
  for (const part of splitOutside(text, ",")) {
    const pieces = part.split("=");
    const last = pieces.pop() as string;
    // "smin=umin=5": several attributes of one value.
    for (const name of pieces) attributes.set(RENAMED[name] ?? name, last);
    if (pieces.length === 0) attributes.set(last, "");
  }
}

const POINTERS: Record<string, string> = {
  ctx: "the context of the probe",
  fp: "the stack",
  map_ptr: "a map",
  map_key: "a key of a map",
  pkt: "the packet",
  pkt_meta: "the packet's metadata",
  pkt_end: "the end of the packet",
  flow_keys: "flow keys",
  sock: "a socket",
  sock_common: "a socket",
  tcp_sock: "a TCP socket",
  xdp_sock: "an XDP socket",
  buf: "a buffer",
  rdonly_buf: "a read-only buffer",
  rdwr_buf: "a buffer",
  mem: "memory",
  alloc_mem: "memory of a ring buffer's record",
  ringbuf_mem: "memory of a ring buffer's record",
  func: "a function",
  arena: "an arena",
  dynptr_ptr: "a dynptr",
  percpu_ptr_: "a kernel object of this CPU",
};

/** A value in words: "a number from 0 to 255", "a pointer to a value of map 'counts' (8 bytes), or null". */
export function describe(value: Value): string {
  if (value.type === "scalar") return describeNumber(value);
  if (value.type === "bytes") return value.text.includes("?") ? "bytes that are partly not written" : "written bytes";
  return describePointer(value);
}

function describeNumber(value: Value): string {
  if (value.known !== undefined) return `the number ${value.known}`;
  const get = (name: string) => value.attributes.get(name);
  const low = get("umin") ?? (get("smin") !== undefined && !get("smin")!.startsWith("-") ? get("smin") : undefined);
  const high = get("umax") ?? (low !== undefined ? get("smax") : undefined);
  if (high !== undefined) return `a number from ${low ?? "0"} to ${high}`;
  const signedLow = get("smin");
  const signedHigh = get("smax");
  if (signedHigh !== undefined) return `a number of at most ${signedHigh}, which may be negative`;
  if (low !== undefined) return `a number of at least ${low}, with no upper bound`;
  if (signedLow !== undefined) return `a number of at least ${signedLow}`;
  const mask = /\(0x0; (0x[0-9a-f]+)\)/.exec(get("var_off") ?? "")?.[1];
  if (mask && /^0x[137f]f*$/.test(mask)) return `a number from 0 to ${BigInt(mask)}`;
  return "a number that may be anything";
}

function describePointer(value: Value): string {
  const orNull = value.type.includes("or_null");
  const bare = value.type.replace(/_?or_null_?/, "").replace(/^(trusted|untrusted|rcu|percpu|rdonly|user)_/, "");
  const kernel = /^(?:trusted_|untrusted_|rcu_|percpu_|user_)*ptr_(?:or_null_)?(.+)$/.exec(value.type);
  const { attributes } = value;
  let text: string;
  if (bare === "map_value") {
    const name = attributes.get("map");
    const size = attributes.get("vs");
    text = `a pointer to a value of ${name ? `map '${name}'` : "a map"}${size ? ` (${size} bytes)` : ""}`;
  } else if (bare === "map_ptr") {
    text = attributes.get("map") ? `map '${attributes.get("map")}'` : "a map";
  } else if (kernel) {
    text = `a pointer to the kernel's ${kernel[1]}`;
  } else {
    text = `a pointer to ${POINTERS[bare] ?? bare}`;
  }
  if (value.type === "fp") return value.known ? `a pointer to stack slot fp${value.known}` : "the frame pointer";
  if (value.known) text += `, offset ${value.known}`;
  return orNull ? `${text}, or null` : text;
}
