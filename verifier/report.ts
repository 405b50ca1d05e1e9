// The report that 7.3 is announced to append to a refused program's log. From the kernel's source, not tried:
//
//   Verification failed: Memory Safety: Access outside bounds
//   Reason:
//     The verifier cannot prove …
//   At:
//     handler @ x.stp:3:5          or "insn 12" without line information
//     Source context: …            >>> marks the line, "^-- error: …" the problem
//     Instruction context: …       >>> marks the instruction
//   Causal path: …
//   Suggestion:
//     …

export interface Report {
  category: string;
  problem: string;
  reason: string;
  suggestion: string;
  /** The instruction, or -1. */
  insn: number;
  place?: { function: string; file: string; line: number; column: number };
  /** The lines of the causal path, as they stand. */
  path: string[];
}

const SECTION = /^([A-Z][A-Za-z ]{1,30}):$/;
const MARKED_INSN = /^>>> +(\d+) \| .*$/;
const PLACE = /^(?:(\S+) @ )?(\S+?):(\d+):(\d+)$/;
const MOST_PATH_LINES = 400;

/** Collects the lines of one report. */
export class ReportReader {
  readonly report: Report;
  private section = "";
  private inInsns = false;

  constructor(category: string, problem: string) {
    this.report = { category, problem, reason: "", suggestion: "", insn: -1, path: [] };
  }

  add(raw: string): void {
    const line = raw.trim();
    const section = SECTION.exec(line);
    if (section && raw.search(/\S/) === 0) {
      this.section = section[1]!;
      return;
    }
    if (line === "") return;
    if (this.section === "Reason") this.report.reason = joined(this.report.reason, line);
    else if (this.section === "Suggestion") this.report.suggestion = joined(this.report.suggestion, line);
    else if (this.section === "At") this.addPlace(line);
    else if (this.section !== "" && this.report.path.length < MOST_PATH_LINES) this.report.path.push(raw.trimEnd());
  }

  private addPlace(line: string): void {
    const { report } = this;
    if (line.endsWith(" context:")) this.inInsns = line.startsWith("Instruction");
    const bare = /^insn (\d+)$/.exec(line) ?? (this.inInsns ? MARKED_INSN.exec(line) : null);
    if (bare) report.insn = Number(bare[1]);
    const place = PLACE.exec(line);
    if (!place || report.place) return;
    report.place = {
      function: place[1] ?? "",
      file: place[2]!,
      line: Number(place[3]),
      column: Number(place[4]),
    };
  }
}

function joined(before: string, line: string): string {
  return before === "" ? line : `${before} ${line}`;
}
