// The kinds of output: one row each. Everything else asks this table. What writes a kind is loaded when it is wanted.

import type { Writer } from "./writer.ts";

/** What a kind is made of; a script that has none of it is refused. */
export type Need = "nothing" | "times" | "stacks" | "stacks or spans";

/** One kind of output. */
export interface Kind {
  name: string;
  /** Endings of names of files, which say the kind. */
  endings: string[];
  needs: Need;
  /** What opens it. */
  tool: string;
  /** Bytes that no terminal should get. */
  isBinary?: boolean;
  isPacked?: boolean;
  /** Unread arrays with stacks as keys are printed in the folded form, with the names of functions. */
  isFolded?: boolean;
  /** Absent: run.ts writes it itself. `page` gives the built page. */
  writer?: (page: () => string) => Promise<() => Writer>;
}

export const KINDS: Kind[] = [
  { name: "text", endings: [".txt"], needs: "nothing", tool: "any pager" },
  { name: "json", endings: [".json", ".jsonl"], needs: "nothing", tool: "jq, DuckDB" },
  {
    name: "csv",
    endings: [".csv"],
    needs: "nothing",
    tool: "spreadsheets, DuckDB, pandas",
    writer: async () => (await import("./csv.ts")).csvWriter,
  },
  {
    name: "folded",
    endings: [".folded"],
    needs: "stacks",
    tool: "flamegraph.pl, inferno, speedscope",
    writer: async () => (await import("./folded.ts")).foldedWriter,
    isFolded: true,
  },
  {
    name: "speedscope",
    endings: [".speedscope.json"],
    needs: "stacks or spans",
    tool: "speedscope",
    writer: async () => (await import("./speedscope.ts")).speedscopeWriter,
    isFolded: true,
  },
  {
    name: "pprof",
    endings: [".pb.gz", ".pprof"],
    needs: "stacks",
    tool: "go tool pprof, Pyroscope, Parca",
    isBinary: true,
    isPacked: true,
    writer: async () => (await import("./pprof.ts")).pprofWriter,
    isFolded: true,
  },
  {
    name: "perfetto",
    endings: [".pftrace", ".perfetto-trace"],
    needs: "times",
    tool: "ui.perfetto.dev, trace_processor",
    isBinary: true,
    writer: async () => (await import("./perfetto.ts")).perfettoWriter,
  },
  {
    name: "html",
    endings: [".html", ".htm"],
    needs: "nothing",
    tool: "any browser",
    isFolded: true,
    writer: async (page) => {
      const { htmlWriter } = await import("./html.ts");
      return () => htmlWriter(page());
    },
  },
];

/** The kind that a file's name says; the longest ending counts. */
export function kindOfFile(file: string): Kind | undefined {
  const lower = file.toLowerCase();
  const endings = KINDS.flatMap((kind) => kind.endings.map((ending) => ({ kind, ending })));
  const fitting = endings.filter(({ ending }) => lower.endsWith(ending));
  return fitting.sort((a, b) => b.ending.length - a.ending.length)[0]?.kind;
}

/** The row of a name that is in the table. */
export function kindNamed(name: string): Kind {
  return KINDS.find((kind) => kind.name === name) as Kind;
}
