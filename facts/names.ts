// Which of the names that a kernel has a question asks for, as the agent decides it (agent/remote/kallsyms.ts).

import { EXPORT_PREFIX, plainName } from "../common/format/function-name.ts";
import { isGlob, matchGlob } from "../common/format/glob.ts";

const encoder = new TextEncoder();

/** Whether a name that the remote has is what `pattern` (a name, or with * ? [ ]) asked for. */
export function matches(pattern: string, name: string): boolean {
  if (!isGlob(pattern)) return pattern === name;
  return [name, plainName(name)].some((text) => {
    const bytes = encoder.encode(text);
    return matchGlob(encoder.encode(pattern), bytes, bytes.length);
  });
}

/** Of all functions, in their order: those of these names, the copies that the C compiler made, and what matches. */
export function functionsFor(texts: string[], all: string[]): string[] {
  const exported = texts.filter((text) => text.includes(EXPORT_PREFIX));
  const exports = exported.length > 0 ? all.filter((name) => exported.some((text) => matches(text, name))) : [];
  return [...plainFunctions(texts, all), ...exports];
}

function plainFunctions(asked: string[], everything: string[]): string[] {
  const texts = asked.filter((text) => !text.includes(EXPORT_PREFIX));
  const all = everything.filter((name) => !name.includes(EXPORT_PREFIX));
  const exact = new Set(texts.filter((text) => !isGlob(text)));
  const patterns = texts.filter(isGlob);
  return all.filter(
    (name) => exact.has(name) || exact.has(plainName(name)) || patterns.some((pattern) => matches(pattern, name)),
  );
}

/** Of all tracepoints as SYSTEM:EVENT, or without a system: a text with a colon asks for both, and so is the answer. */
export function tracepointsFor(texts: string[], all: string[]): string[] {
  const full = texts.filter((text) => text.includes(":"));
  const events = texts.filter((text) => !text.includes(":"));
  const found = new Set<string>();
  for (const name of all) {
    const event = name.slice(name.indexOf(":") + 1);
    if (events.some((text) => matches(text, event))) found.add(event);
    if (name.includes(":") && full.some((text) => matches(text, name))) found.add(name);
  }
  return [...found];
}
