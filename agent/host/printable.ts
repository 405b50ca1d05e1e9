// Text of the remote for a terminal. Whatever came from there (messages, names, prompts, banners, logs) goes through
// `printable` before it becomes part of a message of ours, so that it can neither move the cursor, nor change the
// terminal's state, nor look like a line of ours.
//
// The output of scripts has rules of its own: common/as/print/controls.ts.

/** Longest piece of the remote's text in a message, characters. */
const MOST_CHARACTERS = 1000;

/**
 * Shows control characters as \x1b, \n and so on, and cuts the text at `max` characters. Controls are C0, DEL, C1, and
 * the characters that change the direction of text (Unicode's Bidi_Control), which make text look like another.
 */
export function printable(text: string, max: number = MOST_CHARACTERS): string {
  const cut = text.length > max ? `${text.slice(0, max)}…` : text;
  return cut.replace(/[\p{Cc}\p{Bidi_Control}\u2028\u2029]/gu, escapeOf);
}

/** The same for text of several lines, which stay lines; tabs stay as well. `max` counts for all of it. */
export function printableLines(text: string, max: number = MOST_CHARACTERS): string {
  const cut = text.length > max ? `${text.slice(0, max)}…` : text;
  return cut.split("\n").map(printableLine).join("\n");
}

function printableLine(line: string): string {
  const text = line.endsWith("\r") ? line.slice(0, -1) : line;
  return text
    .split("\t")
    .map((part) => printable(part, part.length))
    .join("\t");
}

const NAMED: Record<string, string> = { "\n": "\\n", "\r": "\\r", "\t": "\\t" };

function escapeOf(character: string): string {
  const code = character.charCodeAt(0);
  const named = NAMED[character];
  if (named !== undefined) return named;
  return code < 256 ? `\\x${code.toString(16).padStart(2, "0")}` : `\\u${code.toString(16).padStart(4, "0")}`;
}
