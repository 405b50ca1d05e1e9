// Text that a remote chose, made fit for a terminal: a control character in it could move the cursor, rename the window
// or paint over what stands there. Every text from the remote that goes into a message passes through here.

/** Control characters of ASCII and of Latin-1, and the characters that turn the direction of writing. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters to escape
const UNSAFE = /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

/** Writes control characters as \x1b (\u202e above a byte), and cuts the text at `max` characters. */
export function printable(text: string, max = 1000): string {
  const cut = text.length > max ? `${text.slice(0, max)}…` : text;
  return cut.replace(UNSAFE, (character) => {
    const code = character.charCodeAt(0).toString(16);
    return code.length > 2 ? `\\u${code.padStart(4, "0")}` : `\\x${code.padStart(2, "0")}`;
  });
}
