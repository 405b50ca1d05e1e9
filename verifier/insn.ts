// What an instruction of a log reads and writes, from its text.

/** An instruction's effect on registers and stack slots. Names are "r1", "fp-8". */
export interface Effect {
  kind: "move" | "constant" | "compute" | "load" | "store" | "atomic" | "jump" | "call" | "exit" | "other";
  writes: string[];
  /** Where the written value comes from; the first is the main one (the pointer of `r1 += r2` is r1). */
  reads: string[];
  /** Of a jump: whether it is conditional, and its distance. */
  conditional?: boolean;
  distance?: number;
  /** Of a call: "bpf_get_prandom_u32", "pc+5", … */
  callee?: string;
  /** Of a memory access: the register that points to it. */
  base?: string;
  offset?: number;
}

const MOVE = /^([rw]\d+) = (?:\(s(?:8|16|32)\))?([rw]\d+)$/;
const SWAP = /^([rw]\d+) = (?:be|le|bswap)(?:16|32|64) ([rw]\d+)$/;
const NEGATE = /^([rw]\d+) = -([rw]\d+)$/;
const CAST = /^(r\d+) = addr_space_cast\((r\d+), .*\)$/;
const CONSTANT = /^([rw]\d+) = (-?(?:0x)?[0-9a-f]+(?: ll)?|&?\(?.*(?:\[|map|ksym|func).*)$/;
const COMPUTE = /^([rw]\d+) (?:s?[-+*/%&|^]|<<|>>|s>>|s<<)= (-?(?:0x)?[0-9a-f]+|[rw]\d+)$/;
const LOAD = /^([rw]\d+) = \*\([us](?:8|16|32|64) \*\)\(([rw]\d+) ?([-+] ?\d+)\)$/;
const STORE = /^\*\([us](?:8|16|32|64) \*\)\(([rw]\d+) ?([-+] ?\d+)\) = (.+)$/;
const ATOMIC = /^lock \*\(u(?:8|16|32|64) \*\)\(([rw]\d+) ?([-+] ?\d+)\) .?= ([rw]\d+)$/;
const FETCH = /^([rw]\d+) = (?:atomic\w*|\w*xchg\w*)\(\(u\d+ \*\)\((r\d+) ?([-+] ?\d+)\), (.*)\)$/;
const JUMP = /^(?:if ([rw]\d+) \S+ (\S+) |may_)?gotol? pc([-+]\d+)/;
const CALL = /^call (.+?)(?:#-?\d+)?$/;

const name = (register: string) => `r${register.slice(1)}`;
const isRegister = (text: string) => /^[rw]\d+$/.test(text);

/** Reads the text of an instruction. */
export function effectOf(text: string): Effect {
  return arithmetic(text) ?? memory(text) ?? control(text) ?? { kind: "other", writes: [], reads: [] };
}

function arithmetic(text: string): Effect | null {
  const move = MOVE.exec(text) ?? CAST.exec(text);
  if (move) return { kind: "move", writes: [name(move[1]!)], reads: [name(move[2]!)] };
  const unary = SWAP.exec(text) ?? NEGATE.exec(text);
  if (unary) return { kind: "compute", writes: [name(unary[1]!)], reads: [name(unary[2]!)] };
  const compute = COMPUTE.exec(text);
  if (compute) {
    const operand = isRegister(compute[2]!) ? [name(compute[2]!)] : [];
    return { kind: "compute", writes: [name(compute[1]!)], reads: [name(compute[1]!), ...operand] };
  }
  if (text.includes("*(") || text.includes("atomic") || text.includes("xchg")) return null;
  const constant = CONSTANT.exec(text);
  return constant ? { kind: "constant", writes: [name(constant[1]!)], reads: [] } : null;
}

function memory(text: string): Effect | null {
  const load = LOAD.exec(text);
  if (load) {
    const place = placeOf(load[2]!, load[3]!);
    return { kind: "load", writes: [name(load[1]!)], reads: [place.slot ?? place.base], ...place.access };
  }
  const store = STORE.exec(text);
  if (store) {
    const place = placeOf(store[1]!, store[2]!);
    const reads = isRegister(store[3]!) ? [name(store[3]!)] : [];
    return { kind: "store", writes: place.slot ? [place.slot] : [], reads, ...place.access };
  }
  const atomic = ATOMIC.exec(text);
  if (atomic) {
    const place = placeOf(atomic[1]!, atomic[2]!);
    return { kind: "atomic", writes: [], reads: [name(atomic[3]!)], ...place.access };
  }
  const fetch = FETCH.exec(text);
  if (!fetch) return null;
  return {
    kind: "atomic",
    writes: [name(fetch[1]!)],
    reads: [name(fetch[2]!)],
    ...placeOf(fetch[2]!, fetch[3]!).access,
  };
}

function placeOf(register: string, offset: string) {
  const base = name(register);
  const distance = Number(offset.replace(/\s/g, ""));
  const slot = base === "r10" ? `fp${distance}` : undefined;
  return { base, slot, access: { base, offset: distance } };
}

function control(text: string): Effect | null {
  const jump = JUMP.exec(text);
  if (jump) {
    const reads = [jump[1], jump[2]].filter((part): part is string => part !== undefined && isRegister(part)).map(name);
    const conditional = text.startsWith("if ") || text.startsWith("may_");
    return { kind: "jump", writes: [], reads, conditional, distance: Number(jump[3]) };
  }
  const call = CALL.exec(text);
  if (call) return { kind: "call", writes: ["r0", "r1", "r2", "r3", "r4", "r5"], reads: [], callee: call[1]! };
  return text === "exit" ? { kind: "exit", writes: [], reads: [] } : null;
}
