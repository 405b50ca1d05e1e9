// Random programs as trees: generate.ts makes them, render.ts writes them in the script language, and evaluate.ts runs
// them. The tests have a tree of their own, so that an error in the compiler's tree is not repeated here.

import type { Extractor, StatisticPlace, StatisticVariable } from "./statistics.ts";

export type Type = "long" | "string";

/** A global or local scalar. */
export interface Variable {
  name: string;
  type: Type;
  global: boolean;
}

/** A global array. */
export interface ArrayVariable {
  name: string;
  keys: Type[];
  value: Type;
  size: number;
  /** Declared with `%`: the oldest element makes room. */
  wraps: boolean;
}

export interface FunctionTree {
  name: string;
  parameters: Variable[];
  result: Type;
  locals: Variable[];
  body: Statement[];
  /** Arrays that it, or what it calls, may change. */
  writes: Set<ArrayVariable | StatisticVariable>;
}

export type Place =
  | { kind: "variable"; variable: Variable }
  | { kind: "element"; array: ArrayVariable; keys: Expression[] };

export type Expression =
  | Place
  | { kind: "number"; value: bigint }
  | { kind: "string"; value: string }
  | { kind: "binary"; op: string; left: Expression; right: Expression }
  | { kind: "unary"; op: string; operand: Expression }
  | { kind: "choice"; condition: Expression; yes: Expression; no: Expression }
  | { kind: "assign"; op: string; target: Place; value: Expression }
  | { kind: "update"; op: "++" | "--"; prefix: boolean; target: Place }
  | { kind: "in"; array: ArrayVariable; keys: Expression[] }
  | { kind: "call"; callee: FunctionTree; args: Expression[] }
  | { kind: "library"; name: LibraryName; args: Expression[] }
  | { kind: "extract"; op: Extractor; of: StatisticPlace }
  | { kind: "bucket"; of: StatisticPlace; index: Expression }
  | { kind: "sprintf"; values: { directive: string; value: Expression }[] };

/** Functions of the string library, with the types of their arguments and of their result. */
export const LIBRARY = {
  strlen: { takes: ["string"], gives: "long" },
  isinstr: { takes: ["string", "string"], gives: "long" },
  strpos: { takes: ["string", "string"], gives: "long" },
  substr: { takes: ["string", "long", "long"], gives: "string" },
  str_replace: { takes: ["string", "string", "string"], gives: "string" },
  toupper: { takes: ["string"], gives: "string" },
  tolower: { takes: ["string"], gives: "string" },
  sprint: { takes: ["long"], gives: "string" },
} as const satisfies Record<string, { takes: readonly Type[]; gives: Type }>;

export type LibraryName = keyof typeof LIBRARY;

/** How a foreach is sorted: by which key (-1: by value), and in which direction. */
export interface Order {
  by: number;
  descending: boolean;
}

export type Statement =
  | { kind: "expression"; expression: Expression }
  | { kind: "if"; condition: Expression; yes: Statement[]; no: Statement[] }
  | { kind: "while"; counter: Variable; count: number; condition: Expression; body: Statement[] }
  | { kind: "for"; counter: Variable; count: number; body: Statement[] }
  | {
      kind: "foreach";
      array: ArrayVariable;
      variables: Variable[];
      value: Variable | null;
      order: Order | null;
      limit: number;
      /** Keys that are fixed, or null for `*`; none: all elements. */
      slice: (Expression | null)[];
      body: Statement[];
    }
  | { kind: "aggregate"; of: StatisticPlace; value: Expression }
  /** foreach over the buckets of a histogram. */
  | {
      kind: "buckets";
      of: StatisticPlace;
      variable: Variable;
      value: Variable | null;
      limit: number;
      body: Statement[];
    }
  /** foreach over an array of statistics, sorted by a key or an extractor. */
  | {
      kind: "ranking";
      statistic: StatisticVariable;
      variables: Variable[];
      order: { by: number | Extractor; descending: boolean } | null;
      limit: number;
      body: Statement[];
    }
  | { kind: "break" | "continue" | "next" }
  | { kind: "return"; value: Expression }
  | { kind: "delete"; target: Place | { kind: "array"; array: ArrayVariable } }
  /** Without keys: all of it. */
  | { kind: "forget"; of: StatisticPlace }
  | { kind: "try"; body: Statement[]; message: Variable | null; handler: Statement[] }
  | { kind: "error"; message: Expression }
  | { kind: "print"; values: { directive: string; value: Expression }[] };

/** One program: a handler that runs once, and a dump of all globals at the end. */
export interface Program {
  variables: Variable[];
  arrays: ArrayVariable[];
  statistics: StatisticVariable[];
  functions: FunctionTree[];
  locals: Variable[];
  body: Statement[];
}
