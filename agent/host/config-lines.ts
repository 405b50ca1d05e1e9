// Splits the lines of ssh_config files into a keyword and its words, as OpenSSH does. npm's ssh-config is not used: it
// joins a keyword that has no value with the next line, takes "#" in commands for a comment, and reads the criteria of
// Match as a map, so that a setting which bears on security could fall away.

import { TransportError } from "./transport.ts";

/** One line that says something. */
export interface ConfigLine {
  /** In lower case. */
  keyword: string;
  words: string[];
  /** What stands after the keyword, as commands are given. */
  rest: string;
  /** For messages: "file line 3". */
  at: string;
}

/** The lines of a file that are not empty and no comments. */
export function readLines(text: string, file: string): ConfigLine[] {
  const lines: ConfigLine[] = [];
  text.split("\n").forEach((raw, index) => {
    const line = readLine(raw, `${file} line ${index + 1}`);
    if (line) lines.push(line);
  });
  return lines;
}

/** One line: keyword, blanks or one "=", words. */
export function readLine(raw: string, at: string): ConfigLine | null {
  const text = raw.replace(/[ \t\r\f]+$/, "").replace(/^[ \t\r]+/, "");
  if (text === "" || text.startsWith("#")) return null;
  const parts = /^(?:"([^"]*)"|([^\s="]+))[ \t]*=?[ \t]*(.*)$/s.exec(text);
  if (!parts) throw bad(at, "no keyword");
  const rest = parts[3]!;
  if (rest === "") throw bad(at, "no argument after keyword");
  return { keyword: (parts[1] ?? parts[2]!).toLowerCase(), words: splitArguments(rest, at), rest, at };
}

/** Words as in a shell: quotes of both kinds, backslashes before quotes, backslashes and blanks, "#" before a word. */
function splitArguments(text: string, at: string): string[] {
  const words: string[] = [];
  let i = 0;
  for (;;) {
    while (text[i] === " " || text[i] === "\t") i++;
    if (i >= text.length || text[i] === "#") return words;
    const { word, end } = readWord(text, i, at);
    words.push(word);
    i = end;
  }
}

function readWord(text: string, start: number, at: string): { word: string; end: number } {
  let word = "";
  let quote = "";
  let i = start;
  for (; i < text.length; i++) {
    const letter = text[i]!;
    const next = text[i + 1] ?? "";
    if (letter === "\\" && (/["'\\]/.test(next) || (quote === "" && next === " "))) word += text[++i];
    else if (quote === "" && (letter === " " || letter === "\t")) break;
    else if (quote === "" && (letter === '"' || letter === "'")) quote = letter;
    else if (quote !== "" && letter === quote) quote = "";
    else word += letter;
  }
  if (quote !== "") throw bad(at, "quotes that do not end");
  return { word, end: i };
}

/** A line that ssh would not take either. */
export function bad(at: string, what: string): TransportError {
  return new TransportError("usage", `${at}: ${what}`, "see ssh_config(5)");
}
