// The words of the printf family: the grammar demands something of their first argument.

/** What must stand first between the parentheses. */
export const enum PrintWord {
  /** Not of the family: anything, or nothing. */
  None,
  /** `print`, `sprint`: a value, or a whole histogram. */
  Value,
  /** `println`, `sprintln`: the same, or nothing. */
  Line,
  /** `printf`, `sprintf`: a string literal. */
  Format,
  /** `printd`, `printdln` and so on: a string literal, and at least one value after it. */
  Delimiter,
}

/** What a name is. */
export function printWord(name: string): PrintWord {
  const isPrint = name.startsWith("print") || name.startsWith("sprint");
  if (!isPrint) return PrintWord.None;
  const rest = name.charCodeAt(0) == 0x73 ? name.substring(6) : name.substring(5);
  if (rest == "") return PrintWord.Value;
  if (rest == "ln") return PrintWord.Line;
  if (rest == "f") return PrintWord.Format;
  return rest == "d" || rest == "dln" ? PrintWord.Delimiter : PrintWord.None;
}
