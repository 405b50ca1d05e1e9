// The patterns of ssh_config and known_hosts: * and ? only, and lists with "!" before what is excluded.

/** Glob with * and ? only, as OpenSSH's match_pattern: brackets mean themselves. Linear but for one backtrack point. */
export function matchesPattern(pattern: string, text: string): boolean {
  let p = 0;
  let t = 0;
  let star = -1;
  let resume = 0;
  while (t < text.length) {
    if (pattern[p] === "*") {
      star = p++;
      resume = t;
    } else if (p < pattern.length && (pattern[p] === "?" || pattern[p] === text[t])) {
      p++;
      t++;
    } else if (star >= 0) {
      p = star + 1;
      t = ++resume;
    } else {
      return false;
    }
  }
  while (pattern[p] === "*") p++;
  return p === pattern.length;
}

/** Whether a list of patterns has a match and no match that excludes. */
export function matchesList(patterns: string[], text: string): boolean {
  if (patterns.some((pattern) => pattern.startsWith("!") && matchesPattern(pattern.slice(1), text))) return false;
  return patterns.some((pattern) => !pattern.startsWith("!") && matchesPattern(pattern, text));
}
