// The values of ssh_config in the form in which `ssh -G` prints them: flags as yes and no, times in seconds. A value
// that ssh would not take is refused, because nobody knows what it was to mean.

import { bad, type ConfigLine } from "./config-lines.ts";

const FLAGS = new Set(
  (
    "batchmode compression hashknownhosts identitiesonly kbdinteractiveauthentication passwordauthentication " +
    "nohostauthenticationforlocalhost gssapiauthentication gssapikeyexchange hostbasedauthentication checkhostip " +
    "tcpkeepalive exitonforwardfailure visualhostkey permitlocalcommand forwardx11 forwardx11trusted"
  ).split(" "),
);

/** Options with a few words of their own beside yes and no. */
const CHOICES: Record<string, string[]> = {
  stricthostkeychecking: ["yes", "no", "ask", "off", "accept-new"],
  pubkeyauthentication: ["yes", "no", "unbound", "host-bound"],
  canonicalizehostname: ["yes", "no", "always"],
  verifyhostkeydns: ["yes", "no", "ask"],
  addressfamily: ["inet", "inet6", "any"],
  updatehostkeys: ["yes", "no", "ask"],
};

const NUMBERS = new Set(["numberofpasswordprompts", "serveralivecountmax", "connectionattempts", "requiredrsasize"]);
const TIMES = new Set(["connecttimeout", "serveraliveinterval"]);

/** Options whose value is the rest of the line. */
const COMMANDS = new Set(["proxycommand", "localcommand", "remotecommand", "knownhostscommand", "proxyjump"]);

/** Options that take several words; all others take one. */
const SEVERAL = new Set(
  (
    "userknownhostsfile globalknownhostsfile sendenv setenv ipqos canonicaldomains canonicalizepermittedcnames " +
    "localforward remoteforward dynamicforward permitremoteopen rekeylimit logverbose channeltimeout"
  ).split(" "),
);

/** The value of a line, checked. */
export function valueOf({ keyword, words, rest, at }: ConfigLine): string {
  if (COMMANDS.has(keyword)) return rest;
  const [word] = words;
  if (word === undefined) throw bad(at, `'${keyword}' has no value`);
  if (SEVERAL.has(keyword)) return words.map((each) => (/\s/.test(each) ? `"${each}"` : each)).join(" ");
  if (words.length > 1) throw bad(at, `'${keyword}' takes one value`);
  const invalid = () => bad(at, `'${keyword}' does not take '${word}'`);
  const lower = flag(word);
  if (FLAGS.has(keyword) || CHOICES[keyword]) {
    if (!(CHOICES[keyword] ?? ["yes", "no"]).includes(lower)) throw invalid();
    return lower;
  }
  if (keyword === "port" && !(/^\d+$/.test(word) && Number(word) >= 1 && Number(word) <= 65535)) throw invalid();
  if (NUMBERS.has(keyword) && !/^\d+$/.test(word)) throw invalid();
  if (TIMES.has(keyword)) {
    const seconds = lower === "none" ? -1 : readTime(lower);
    if (seconds === null) throw invalid();
    return seconds < 0 ? "none" : String(seconds);
  }
  return keyword === "hostkeyalias" ? word.toLowerCase() : word;
}

function flag(word: string): string {
  const lower = word.toLowerCase();
  return { true: "yes", false: "no" }[lower] ?? lower;
}

/** "90", "1m30s": seconds. */
function readTime(text: string): number | null {
  if (!/^(\d+[smhdw]?)+$/.test(text)) return null;
  const units: Record<string, number> = { "": 1, s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 };
  return [...text.matchAll(/(\d+)([smhdw]?)/g)].reduce((sum, [, n, unit]) => sum + Number(n) * units[unit!]!, 0);
}
