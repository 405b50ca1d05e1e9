// Decides whether to accept a host key, from the verdict of known-hosts.ts. If the key is refused, the error says what
// key the host sent, which line contradicts it, and what to do. A key is accepted only if it is recorded, or if it is
// new and either the configuration takes new keys or the user says yes.

import { offered } from "./algorithms.ts";
import {
  fingerprint,
  judgeKey,
  type KnownHost,
  keyType,
  knownHostName,
  knownTypes,
  recordedAs,
  recordKey,
  type Verdict,
} from "./known-hosts.ts";
import { printable } from "./printable.ts";
import type { HostConfig } from "./ssh-settings.ts";
import { type AskPassword, TransportError } from "./transport.ts";

/** What is needed to judge the key of one host. */
export interface HostKeyRules {
  config: HostConfig;
  known: KnownHost[];
  ask: AskPassword;
  notify: (line: string) => void;
}

/** The type of the key that an algorithm signs with. */
function typeOf(algorithm: string): string {
  return algorithm.startsWith("rsa-sha2-") ? "ssh-rsa" : algorithm;
}

/** Host key algorithms in the order to ask for: those of the recorded keys first, unless the user set an order. */
export function hostKeyAlgorithms({ config, known }: Pick<HostKeyRules, "config" | "known">): string[] {
  const { list, chosen } = offered("serverHostKey", config);
  if (chosen) return list;
  const types = knownTypes(known, ...recordedAs(config));
  const recorded = list.filter((name) => types.includes(typeOf(name)));
  return [...recorded, ...list.filter((name) => !types.includes(typeOf(name)))];
}

/** Bits of an RSA key's modulus; null for other keys. */
export function rsaBits(key: Buffer): number | null {
  if (keyType(key) !== "ssh-rsa") return null;
  // A key that is cut short has no bits.
  if (key.length < 4 + 7 + 4 || key.length < 4 + 7 + 8 + key.readUInt32BE(4 + 7)) return 0;
  const exponent = 4 + "ssh-rsa".length;
  const modulus = exponent + 4 + key.readUInt32BE(exponent);
  const bytes = key.subarray(modulus + 4, modulus + 4 + key.readUInt32BE(modulus));
  const first = bytes.findIndex((byte) => byte !== 0);
  return first < 0 ? 0 : (bytes.length - first - 1) * 8 + (32 - Math.clz32(bytes[first]!));
}

/** Accepts a host's key by returning, after recording it if it is new and that is allowed; throws otherwise. */
export async function checkHostKey(rules: HostKeyRules, key: Buffer): Promise<void> {
  const { config, known } = rules;
  const [host, port] = recordedAs(config);
  const name = knownHostName(host, port);
  const bits = rsaBits(key);
  if (bits !== null && bits < config.requiredRsaBits) {
    const least = `RequiredRSASize asks for ${config.requiredRsaBits}`;
    throw new TransportError("host-key-weak", `the host key of ${name} is RSA of ${bits} bits, and ${least}`);
  }
  const verdict = judgeKey(known, host, port, key);
  if (verdict.kind === "known") return;
  const files = [...config.userKnownHosts, ...config.globalKnownHosts];
  if (verdict.kind !== "unknown") throw refusal(verdict, { name, key, files });
  // As by ssh: without a file of the user's own, nothing new is taken.
  const [file] = config.userKnownHosts;
  if (file === undefined) {
    const message = `the host key of ${name} is not known, and UserKnownHostsFile names no file to record it in`;
    throw new TransportError("host-key-unknown", message, "name a file, or /dev/null");
  }
  if (!(await takesNew(rules, name, key))) throw refusal(verdict, { name, key, files });
  await record(rules, { file, name, key });
}

/** Whether the configuration or the user takes a key that is not known. */
async function takesNew({ config, ask }: HostKeyRules, name: string, key: Buffer): Promise<boolean> {
  if (config.hostKeyPolicy === "accept-new" || config.hostKeyPolicy === "no") return true;
  if (config.hostKeyPolicy === "yes" || config.login.batch) return false;
  const print = fingerprint(key);
  const question = "Are you sure you want to continue connecting (yes/no/[fingerprint])? ";
  const facts = `The host ${name} is not known. The fingerprint of its ${printable(keyType(key))} key is ${print}.\n`;
  for (let prompt = facts + question; ; prompt = "Please type 'yes', 'no' or the fingerprint: ") {
    const answer = (await ask(prompt, true))?.trim();
    if (answer === undefined || answer.toLowerCase() === "no") return false;
    if (answer.toLowerCase() === "yes" || answer === print) return true;
  }
}

async function record(
  { config, notify }: HostKeyRules,
  { file, name, key }: { file: string; name: string; key: Buffer },
): Promise<void> {
  const shown = `the key of ${name}: ${printable(keyType(key))} ${fingerprint(key)}`;
  if (file === "/dev/null") return notify(`accepted ${shown}; no file records it`);
  await recordKey(file, name, key, { hashed: config.hashKnownHosts }).catch((error: Error) => {
    throw new TransportError("host-key-unknown", `cannot record the host key of ${name} in ${file}: ${error.message}`);
  });
  notify(`recorded ${shown} in ${file}`);
}

const COMPARE =
  "compare the fingerprint with the host's own, then run again with --accept-new to record it, or log in once with ssh";
const INTERCEPT = "somebody may be intercepting the connection; if the host was set up anew, remove its old key:";

function refusal(
  verdict: Exclude<Verdict, { kind: "known" }>,
  { name, key, files }: { name: string; key: Buffer; files: string[] },
): TransportError {
  const shown = `${printable(keyType(key))} ${fingerprint(key)}`;
  const remove = (file: string) => `ssh-keygen -f '${file}' -R '${name}'`;
  switch (verdict.kind) {
    case "unknown":
      return new TransportError(
        "host-key-unknown",
        `the host key of ${name} is not known: ${shown} is not in ${files.join(", ") || "any known_hosts file"}`,
        COMPARE,
      );
    case "authority":
      return new TransportError(
        "host-key-unknown",
        `${verdict.file}:${verdict.line} knows ${name} only by a certificate authority; host certificates need OpenSSH`,
        "run again with --ssh openssh",
      );
    case "revoked":
      return new TransportError(
        "host-key-revoked",
        `the host key of ${name} (${shown}) is revoked by ${verdict.file}:${verdict.line}`,
        "do not connect; ask the host's administrator for its new key",
      );
    case "changed":
      return new TransportError(
        "host-key-changed",
        `the host key of ${name} has changed: it is now ${shown}, but ${verdict.file}:${verdict.line} records another`,
        `${INTERCEPT} ${remove(verdict.file)}`,
      );
    case "other-type":
      return new TransportError(
        "host-key-changed",
        `${name} sent ${shown}, but ${verdict.file}:${verdict.line} records only its ${verdict.types.join(", ")} key`,
        `${INTERCEPT} ${remove(verdict.file)}`,
      );
  }
}
