// Declarations of types in C, as our compiler and bpftool print them, in a form in which they can be compared: tokens
// without comments and without what only serves the layout.

/** One declaration at the top level. */
export interface Declaration {
  /** "struct x", "enum x", "typedef x"; of an enum without a name "enum". */
  name: string;
  /** Its tokens, parted by blanks. */
  text: string;
}

/** A member that a C compiler can tell the offset of. */
export interface Field {
  /** "struct x" */
  type: string;
  /** "a.b" */
  path: string;
  /** bytes */
  offset: number;
}

const TOKEN = /[A-Za-z_]\w*|-?\d+|\.\.\.|[^\s\w]/g;
/** What makes a name unique that several types have. */
const UNIQUE = /___\d+\b/g;
/** Padding: a bit-field without a name. */
const PADDING = /(?<=[{;] )(?:long|int|short|char) : \d+ ; /g;
const ATTRIBUTE = / ?__attribute__ \( \( [^)]*(?:\( [^)]* \) )?\) \)/g;

/** All declarations of a text that are more than a forward declaration, but for the C compiler's own. */
export function declarationsOf(text: string): Declaration[] {
  const plain = text
    .replace(/\/\*[\s\S]*?\*\//g, " ")
    .replace(/^#.*$/gm, " ")
    .replace(/(\d)U?LL\b/g, "$1");
  const found: Declaration[] = [];
  let tokens: string[] = [];
  let depth = 0;
  for (const token of plain.match(TOKEN) ?? []) {
    if (token === "{") depth++;
    if (token === "}") depth--;
    if (token !== ";" || depth > 0) {
      tokens.push(token);
      continue;
    }
    if (!isForward(tokens)) found.push({ name: nameOf(tokens), text: comparable(tokens.join(" ")) });
    tokens = [];
  }
  return found;
}

function isForward(tokens: string[]): boolean {
  // The C compiler has this type itself, and bpftool prints it as such.
  if (tokens[0] === "typedef" && tokens.includes("__builtin_va_list")) return true;
  return tokens.length === 2 && (tokens[0] === "struct" || tokens[0] === "union" || tokens[0] === "enum");
}

function nameOf(tokens: string[]): string {
  if (tokens[0] === "typedef") return `typedef ${tokens.at(-1)}`;
  return tokens[1] === "{" ? `${tokens[0]}` : `${tokens[0]} ${tokens[1]}`;
}

function comparable(text: string): string {
  let plain = text.replace(UNIQUE, "").replace(ATTRIBUTE, "").replaceAll("volatile const", "const volatile");
  for (let last = ""; last !== plain; ) {
    last = plain;
    plain = plain.replace(PADDING, "");
  }
  return plain;
}

/** What one list has and the other has not, a line each. */
export function differences(ours: Declaration[], theirs: Declaration[]): string[] {
  const isMarked = theirs.some(({ text }) => text.startsWith("enum") && text.includes(" = -"));
  // Old BTF does not say which enums are signed, and bpftool takes them all as unsigned.
  const key = ({ text }: Declaration) =>
    isMarked ? text : text.replace(/ = (-\d+)/g, (_, value) => ` = ${BigInt.asUintN(32, BigInt(value))}`);
  const counts = new Map<string, number>();
  for (const declaration of theirs) counts.set(key(declaration), (counts.get(key(declaration)) ?? 0) + 1);
  const lines: string[] = [];
  for (const declaration of ours) {
    const count = counts.get(key(declaration)) ?? 0;
    if (count === 0) lines.push(`only ours:   ${key(declaration).slice(0, 300)}`);
    else counts.set(key(declaration), count - 1);
  }
  for (const [text, count] of counts) if (count > 0) lines.push(`only theirs: ${text.slice(0, 300)}`);
  return lines;
}

/**
 * The members of our own print that have a name and are no bit-fields, with the offsets that stand behind them. Types
 * that share their name with another are left out: C has one name space for struct, union and enum.
 */
export function fieldsOf(text: string): Field[] {
  const defined = new Map<string, number>();
  for (const [, tag = ""] of text.matchAll(/^(?:struct|union|enum) (\w+) \{$/gm)) {
    defined.set(tag, (defined.get(tag) ?? 0) + 1);
  }
  return allFieldsOf(text).filter(({ type }) => defined.get(type.replace(/^\w+ /, "")) === 1);
}

function allFieldsOf(text: string): Field[] {
  const fields: Field[] = [];
  let type = "";
  /** For each open anonymous struct or union: the fields inside it, whose path its own name will precede. */
  const open: number[] = [];
  for (const line of text.split("\n")) {
    const start = line.match(/^((?:struct|union) \w+) \{$/);
    if (start) type = start[1] as string;
    else if (/^\S/.test(line)) type = "";
    if (type === "") continue;
    if (/^\t+.*\{$/.test(line)) open.push(fields.length);
    const member = line.match(/^\t+(.*); \/\* (\d+) -?\d+ \*\/$/);
    if (!member) {
      if (/^\t+\}.*;/.test(line)) open.pop();
      continue;
    }
    addMember(fields, type, member, open);
  }
  return fields;
}

function addMember(fields: Field[], type: string, member: RegExpMatchArray, open: number[]): void {
  const [, declaration = "", offset] = member;
  const name = declaratorName(declaration);
  if (declaration.startsWith("}")) {
    const first = open.pop() ?? fields.length;
    if (name === "") return;
    // Those that are pointed to are none of the outer type's.
    if (declaration.includes("*")) fields.length = first;
    const element = /\[\d+\]/.test(declaration)
      ? `${name}${"[0]".repeat(declaration.match(/\[/g)?.length ?? 0)}`
      : name;
    for (const field of fields.slice(first)) field.path = `${element}.${field.path}`;
  }
  if (name !== "") fields.push({ type, path: name, offset: Number(offset) });
}

/** The name in "int (*x)(void)", "char x[3]", "} x", "struct y *x"; "" in "struct y", an anonymous member, and "}". */
function declaratorName(declaration: string): string {
  const pointer = declaration.match(/\(\*+(?: ?const\b ?| ?volatile\b ?)*(\w+)/);
  if (pointer) return pointer[1] as string;
  if (declaration === "}" || /^(?:struct|union) \w+$/.test(declaration)) return "";
  return declaration.replace(/(?:\[\d+\])+$/, "").match(/(\w+)$/)?.[1] ?? "";
}
