// Checks the sizes that AGENTS.md promises: lines of a file, columns of a line, lines and parameters of a function.
// Exceptions are listed here with their reasons. The check also fails when an exception is no longer needed.

import { lineAt, type Node, SyntaxKind, type Tree, walk } from "./trees.ts";

const MOST_LINES = 800;
const MOST_COLUMNS = 120;
const MOST_FUNCTION_LINES = 50;
const MOST_PARAMETERS = 4;
/** A constructor that only fills fields makes a row of data: it has one parameter for each field. */
const MOST_COLUMNS_OF_A_ROW = 8;

/** What may be larger, and why: `file` for its lines, `file name` for a function's lines or parameters. */
const ALLOWED: Record<string, string> = {
  "agent/remote/errors.ts errnoText": "one case for each errno",
  "agent/remote/syscall.ts call3": "a system call takes its number and three arguments, and the reader sees its name",
  "agent/remote/syscall.ts call4": "a system call takes its number and four arguments, and the reader sees its name",
  "agent/remote/syscall.ts epoll_ctl": "the kernel's parameters, in the kernel's order",
  "agent/remote/syscall.ts perf_event_open": "the kernel's parameters, in the kernel's order",
  "agent/remote/syscall.ts prctl": "the kernel's parameters, in the kernel's order",
  "common/as/bpf-machine/alu.ts isTaken":
    "an operation and its operands, signed and unsigned; it is inlined in hot loops",
  "common/as/bpf-machine/machine.ts calculate": "the fields of a BPF instruction",
  "common/as/bpf-machine/machine.ts jump": "the fields of a BPF instruction",
  "common/as/bpf-machine/machine.ts storeTo": "the fields of a BPF instruction",
  "common/as/bpf-machine/machine.test.ts insn": "the fields of a BPF instruction",
  "common/as/bpf-machine/machine.test.ts alu": "the fields of a BPF instruction",
  "common/as/testing/elf-builder.ts symbol": "the fields of an ELF symbol",
  "common/as/testing/elf-builder.ts place": "the fields of an ELF section",
  "common/as/testing/elf-builder.ts placeAt": "the fields of an ELF section",
  "common/format/attach.ts AttachRow": "the columns of the table of attachment",
  "compiler/bpf/emit.ts raw": "the fields of a BPF instruction",
  "compiler/bpf/emit.ts jumpTo": "the fields of a BPF jump, with a block for its offset",
  "compiler/bpf/isel.ts add": "the fields of a BPF instruction",
  "compiler/bpf/machine-function.ts insn": "the fields of a BPF instruction",
  "compiler/bpf/print.ts alu": "the fields of a BPF instruction",
  "compiler/bpf/print.ts jump": "the fields of a BPF instruction",
  "compiler/bpf/spill.ts keep": "the fields of a BPF store, with a class for its slot",
  "compiler/bpf/testing/execute.ts alu": "the fields of a BPF instruction",
  "compiler/bpf/testing/execute.ts atomic": "the fields of a BPF instruction",
  "compiler/bpf/testing/execute.ts jump": "the fields of a BPF instruction",
  "compiler/ir/build.ts branchIf": "what a branch compares, and its two sides",
  "compiler/ir/cut.ts append": "the fields of an instruction of the IR, and its position",
  "compiler/opt/number.ts put": "the fields of an instruction of the IR, and its value",
  "compiler/object/elf.ts symbol": "the fields of an ELF symbol",
  "compiler/builtins/family.ts row": "the columns of the table of builtins",
  "compiler/builtins/family.ts textRow": "the columns of the table of builtins",
  "compiler/semantic/clone.ts copyExpression": "one case for each kind of node",
  "compiler/semantic/clone.ts copyAtExpression": "one case for each kind of node",
  "cli/options.ts toSettings": "one line for each option",
  "compiler/syntax/lexer.ts findOperator": "one case for each first character of an operator",
  "compiler/semantic/rewrite.ts children": "one case for each kind of node",
  "compiler/semantic/rewrite.ts atChildren": "one case for each kind of node",
  "compiler/syntax/random.ts value": "one case for each kind of expression",
  "tests/differential/generate.ts statement": "one case for each kind of statement",
  "tests/differential/generate.ts longExpression": "one case for each kind of expression",
  "tests/strings/cases.ts longCases": "a list of cases",
};

/** What is too large in one file: the key of its exception, and the complaint. */
export interface Excess {
  key: string;
  problem: string;
}

type FunctionNode = Node & { name?: { text: string }; parameters: Node[]; body?: Node & { statements?: Node[] } };

const FUNCTIONS: Set<SyntaxKind> = new Set([
  SyntaxKind.FunctionDeclaration,
  SyntaxKind.FunctionExpression,
  SyntaxKind.ArrowFunction,
  SyntaxKind.MethodDeclaration,
  SyntaxKind.GetAccessor,
  SyntaxKind.SetAccessor,
  SyntaxKind.Constructor,
]);

/** A function's own name, else the name of what it is assigned to. */
function nameOf(node: FunctionNode): string {
  const parent = node.parent as FunctionNode | undefined;
  if (node.kind === SyntaxKind.Constructor) return parent?.name?.text ?? "class";
  return node.name?.text ?? parent?.name?.text ?? "function";
}

/** A constructor whose body is empty, or only calls `super`. */
function isRow(node: FunctionNode): boolean {
  const statements = node.body?.statements ?? [];
  return node.kind === SyntaxKind.Constructor && statements.every((s) => /^super\(/.test(s.getText()));
}

function excessOfFunction(tree: Tree, node: FunctionNode): Excess[] {
  const key = `${tree.file} ${nameOf(node)}`;
  const first = lineAt(tree.text, node.getStart());
  const place = `${tree.file}:${first}: ${nameOf(node)}`;
  const found: Excess[] = [];
  const lines = lineAt(tree.text, node.end) - first + 1;
  if (node.body && lines > MOST_FUNCTION_LINES) {
    found.push({ key, problem: `${place} has ${lines} lines; ${MOST_FUNCTION_LINES} are the most` });
  }
  const most = isRow(node) ? MOST_COLUMNS_OF_A_ROW : MOST_PARAMETERS;
  if (node.body && node.parameters.length > most) {
    found.push({ key, problem: `${place} has ${node.parameters.length} parameters; ${most} are the most` });
  }
  return found;
}

/** Everything in a file that is larger than it should be. */
export function excessOf(tree: Tree): Excess[] {
  const found: Excess[] = [];
  const lines = tree.text.split("\n");
  if (lines.length - 1 > MOST_LINES) {
    found.push({ key: tree.file, problem: `${tree.file}: ${lines.length - 1} lines; ${MOST_LINES} are the most` });
  }
  lines.forEach((line, i) => {
    if (line.length <= MOST_COLUMNS || /https?:/.test(line)) return;
    const problem = `${tree.file}:${i + 1}: ${line.length} columns; ${MOST_COLUMNS} are the most`;
    found.push({ key: tree.file, problem });
  });
  walk(tree.root, (node) => {
    if (FUNCTIONS.has(node.kind)) found.push(...excessOfFunction(tree, node as FunctionNode));
  });
  return found;
}

/** Complaints about sizes, one a line. */
export function checkSizes(trees: Tree[]): string[] {
  const problems: string[] = [];
  const used = new Set<string>();
  for (const tree of trees) {
    for (const { key, problem } of excessOf(tree)) {
      used.add(key);
      if (!ALLOWED[key]) problems.push(problem);
    }
  }
  for (const key of Object.keys(ALLOWED)) {
    if (!used.has(key)) problems.push(`scripts/check/sizes.ts: the exception "${key}" is no longer needed`);
  }
  return problems;
}
