// A page that holds a run: the built page, with the run's lines in a script element that is no script.

import { TextPart, type Writer } from "./writer.ts";

const PLACE = "@LINES@";

/** The page up to where lines stand, and what follows them. */
export function splitPage(page: string): [string, string] {
  const at = page.indexOf(PLACE);
  return at < 0 ? [page, ""] : [page.slice(0, at), page.slice(at + PLACE.length)];
}

/** A line as it may stand in HTML: in JSON, `<` is in strings only. */
export function quoteLine(line: string): string {
  return line.replaceAll("<", "\\u003c");
}

/** Writes the page, with the lines as they come. */
export function htmlWriter(page: string): Writer {
  const [before, after] = splitPage(page);
  const text = new TextPart();
  text.add(`${before}\n`);
  return {
    add: ({ type }, line) => {
      if (type === "command") return false;
      text.add(`${quoteLine(line)}\n`);
      return true;
    },
    take: () => text.take(),
    end: () => {
      text.add(after);
      return text.take();
    },
  };
}
