// One line of a verifier log: what kind it is, without what other tools put before it.
//
//   12: (79) r1 = *(u64 *)(r2 +8)          an instruction; from 6.0 on "; R1=…" follows with what it changed
//   12: R1=ctx() R10=fp0                   registers (before 5.18 with a blank before them, and "inv" for "scalar")
//   from 3 to 7: R0=0 R10=fp0              another side of a branch is walked: restored registers
//   12: safe                               the rest of the path was checked before (pruned)
//   ; n += 1 @ x.stp:3                     the source line (file and number from 6.8 on)
//   processed 3 insns (limit 1000000) …    the statistics at the end
//   Verification failed: Memory Safety: …  the report announced for 7.3 (read, not tried)
//
// What is none of these is a message, or what another tool says around the log.

export type Line =
  | { kind: "insn"; insn: number; code: number; text: string; state: string }
  | { kind: "state"; insn: number; text: string }
  | { kind: "from"; from: number; to: number; safe: boolean; text: string }
  | { kind: "safe"; insn: number }
  | { kind: "source"; text: string; file: string; line: number; column: number }
  | { kind: "frame"; what: "caller" | "callee" | "return" | "caller-at"; insn: number }
  | { kind: "function"; name: string; index: number; insn: number; state: "at" | "validating" | "valid" }
  | { kind: "stats"; name: "processed" | "time" | "stack"; text: string }
  | { kind: "report"; category: string; problem: string }
  | { kind: "begin"; program: string }
  | { kind: "end" }
  /** Our agent leaves the middle of a long log out. */
  | { kind: "gap" }
  | { kind: "noise" }
  | { kind: "blank" }
  | { kind: "message"; text: string };

const INSN = /^(\d{1,9}): \(([0-9a-f]{2})\) ([^;]*)(?:;\s*(.*))?$/;
const STATE = /^(?:(\d{1,9}): )?((?:frame\d+: ?)?(?:R\d+(?:_[A-Za-z]+)?|fp-\d+(?:_[A-Za-z]+)?)=.*)$/;
/** A program that begins, or a path that goes on, with no register to tell of. */
const EMPTY_STATE = /^(\d{1,9}):(?: frame\d+:)?$/;
const FROM = /^from (\d{1,9}) to (\d{1,9})(?: \(speculative execution\))?:\s*(.*)$/;
const SAFE = /^(\d{1,9}): safe$/;
const SOURCE = /^; (.*?)(?: @ ([^\s@]+?):(\d{1,9})(?::(\d{1,9}))?)?$/;
const FRAME = /^(caller|callee|returning from callee|to caller at (\d{1,9})):(.*)$/;
const FUNCTION_AT = /^[Ff]unc#(\d{1,6}) @(\d{1,9})/;
const VALIDATING = /^Validating (\S+?)\(\) func#(\d{1,6})\.\.\.$/;
const VALID = /^Func#(\d{1,6}) (?:\('([^']*)'\) )?is (?:global and (?:assumed )?valid|safe for any args)/;
const STATS: [("processed" | "time" | "stack") & string, RegExp][] = [
  ["processed", /^processed \d+ insns \(limit/],
  ["processed", /^processed \d+ insns/],
  ["time", /^verification time \d+ usec/],
  ["stack", /^stack depth [\d+]+/],
];
const REPORT = /^Verification failed: ([^:]+?)(?:: (.*))?$/;
const BEGIN = /^(?:libbpf: )?(?:prog '([^']*)': )?-- BEGIN (?:PROG|BPF) LOAD LOG --$/;
const END = /-- END (?:PROG|BPF) LOAD LOG --$/;
const GAP = /^\.\.\. \d+ bytes left out \.\.\.$/;
const BEGIN_OTHERS = [
  /^(?:ERROR: )?Error loading (?:BPF )?program (?:for )?(\S+?)[.:]?(?: Kernel error log:)?$/i,
  /^Kernel error log:$/,
  /^(?:.*?)Verifier output:\s*$/,
];
/** Lines of the kernel that say nothing about the cause: notes of precision tracking, liveness, layout. */
const NOISE = [
  /^(mark_precise|parent |last_idx|first_idx|regs=|propagating |falling back to forcing|parent states|stack=)/,
  /^(cur state:|old state:|Live regs|Liveness|Using insn|Func#?\d+ |subprog#|max_states_per_insn|peak_states|time: )/,
  /^\d{1,9}: [.0-9]{10,11} \([0-9a-f]{2}\)/,
  /^(arg#\d+: |callback |frame \d+: |stack: |-+$|loop |scc )/,
  /^\(\d+ (?:frames|frame)\)$/,
  /^insns? (?:processed|visits)/,
  /^(BPF program|prog) section /,
];

/** Sorts one line into its kind. `text` has no line end and nothing that another tool put before it. */
export function classify(text: string): Line {
  const line = text.trim();
  if (line === "") return { kind: "blank" };
  const first = line.charCodeAt(0);
  if (first >= 0x30 && first <= 0x39) return startsWithNumber(line);
  if (first === 0x3b) return sourceLine(line);
  if (first === 0x52 || first === 0x66) {
    const known = registersOrPath(line);
    if (known) return known;
  }
  return otherLine(line);
}

function startsWithNumber(line: string): Line {
  const insn = INSN.exec(line);
  if (insn) {
    const [, number, code, body, state = ""] = insn as unknown as [string, string, string, string, string?];
    return { kind: "insn", insn: Number(number), code: Number.parseInt(code, 16), text: body.trimEnd(), state };
  }
  const safe = SAFE.exec(line);
  if (safe) return { kind: "safe", insn: Number(safe[1]) };
  const state = STATE.exec(line);
  if (state) return { kind: "state", insn: Number(state[1]), text: state[2]! };
  const empty = EMPTY_STATE.exec(line);
  if (empty) return { kind: "state", insn: Number(empty[1]), text: "" };
  return otherLine(line);
}

function sourceLine(line: string): Line {
  const source = SOURCE.exec(line);
  if (!source) return { kind: "noise" };
  const [, text = "", file = "", number = "0", column = "0"] = source;
  return { kind: "source", text, file, line: Number(number), column: Number(column) };
}

function registersOrPath(line: string): Line | null {
  const state = STATE.exec(line);
  if (state) return { kind: "state", insn: -1, text: state[2]! };
  const from = FROM.exec(line);
  if (!from) return null;
  const rest = from[3]!;
  return {
    kind: "from",
    from: Number(from[1]),
    to: Number(from[2]),
    safe: rest === "safe",
    text: rest === "safe" ? "" : rest,
  };
}

function otherLine(line: string): Line {
  const frame = FRAME.exec(line);
  if (frame) {
    const word = frame[1]!;
    const what = word.startsWith("to ") ? "caller-at" : word.startsWith("returning") ? "return" : word;
    return { kind: "frame", what: what as "caller", insn: frame[2] ? Number(frame[2]) : -1 };
  }
  return functionLine(line) ?? statsLine(line) ?? toolLine(line) ?? { kind: "message", text: line };
}

function functionLine(line: string): Line | null {
  const at = FUNCTION_AT.exec(line);
  if (at) return { kind: "function", name: "", index: Number(at[1]), insn: Number(at[2]), state: "at" };
  const validating = VALIDATING.exec(line);
  if (validating) {
    return { kind: "function", name: validating[1]!, index: Number(validating[2]), insn: -1, state: "validating" };
  }
  const valid = VALID.exec(line);
  return valid ? { kind: "function", name: valid[2] ?? "", index: Number(valid[1]), insn: -1, state: "valid" } : null;
}

function statsLine(line: string): Line | null {
  const stats = STATS.find(([, pattern]) => pattern.test(line));
  if (stats) return { kind: "stats", name: stats[0], text: line };
  const report = REPORT.exec(line);
  if (report) return { kind: "report", category: report[1]!, problem: report[2] ?? "" };
  return null;
}

function toolLine(line: string): Line | null {
  const begin = BEGIN.exec(line);
  if (begin) return { kind: "begin", program: begin[1] ?? "" };
  if (END.test(line)) return { kind: "end" };
  if (GAP.test(line)) return { kind: "gap" };
  for (const pattern of BEGIN_OTHERS) {
    const found = pattern.exec(line);
    if (found) return { kind: "begin", program: found[1] ?? "" };
  }
  return NOISE.some((pattern) => pattern.test(line)) ? { kind: "noise" } : null;
}

/** Terminal colours, and the carriage returns of logs that went through a terminal. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is taken away
const CONTROLS = /\x1b\[[0-9;?]*[A-Za-z]|[\x00-\x08\x0b-\x1f\x7f]/g;
/** What tools and people put before each line. */
const KNOWN_PREFIX = /^(?:(?:libbpf|bpftool): ?|(?:ERROR|Error|error|DEBUG|debug): ?(?=[-\d;Rf])|(?:> ?)+|\| )/;
const INSIDE = /^(.{1,120}?)(?:(?:\d{1,9}: \([0-9a-f]{2}\) )|(?:; .* @ \S+:\d+$))/;

/** Takes away what stands before the lines of the kernel; learns a prefix that it does not know (a journal's). */
export class PrefixStripper {
  private learnt: RegExp | null = null;

  strip(raw: string): string {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: see CONTROLS
    let line = /[\x00-\x08\x0b-\x1f\x7f]/.test(raw) ? raw.replace(CONTROLS, "") : raw;
    const first = line.charCodeAt(0);
    const isPlain = (first >= 0x30 && first <= 0x39 && /^\d{1,9}: /.test(line)) || first === 0x3b;
    if (isPlain) return line;
    line = line.replace(KNOWN_PREFIX, "");
    if (this.learnt) {
      const without = line.replace(this.learnt, "");
      if (without !== line) return without;
    }
    if (/^\s*[\d;]/.test(line) && INSN.test(line.trim())) return line;
    return this.learn(line);
  }

  /** A line with an instruction in its middle shows the prefix of all lines. */
  private learn(line: string): string {
    const found = INSIDE.exec(line);
    if (!found || /^\s*$/.test(found[1]!) || !/(?:[:|>\]"]\s*|\s)$/.test(found[1]!)) return line;
    if (/^(?:from|; |R\d|frame|mark_precise|regs=|stack=|parent|last_idx)/.test(line.trim())) return line;
    const shape = found[1]!.split(/(\d+)/).map((part) => (/^\d+$/.test(part) ? "\\d+" : escape(part)));
    this.learnt = new RegExp(`^${shape.join("").replace(/(?:\s|\\t)+$/, "\\s?")}`);
    return line.slice(found[1]!.length);
  }
}

function escape(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\/]/g, "\\$&");
}
