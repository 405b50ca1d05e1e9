// Decides whether to accept a host key, from the verdict of known-hosts.ts. If the key is refused, the error says what
// key the host sent, which line contradicts it, and what to do. A key is accepted only if it is recorded, or if it is
// new and new keys are permitted.

import {
  fingerprint,
  judgeKey,
  type KnownHost,
  keyType,
  knownHostName,
  knownTypes,
  recordKey,
  type Verdict,
} from "./known-hosts.ts";
import type { HostConfig } from "./ssh-config.ts";
import { TransportError } from "./transport.ts";

/** Algorithms to ask a host for, best first. RSA signatures with SHA-1 are not among them. */
const ALGORITHMS = [
  { name: "ssh-ed25519", type: "ssh-ed25519" },
  { name: "ecdsa-sha2-nistp256", type: "ecdsa-sha2-nistp256" },
  { name: "ecdsa-sha2-nistp384", type: "ecdsa-sha2-nistp384" },
  { name: "ecdsa-sha2-nistp521", type: "ecdsa-sha2-nistp521" },
  { name: "rsa-sha2-512", type: "ssh-rsa" },
  { name: "rsa-sha2-256", type: "ssh-rsa" },
] as const;

/** What is needed to judge the key of one host. */
export interface HostKeyRules {
  config: HostConfig;
  known: KnownHost[];
  acceptNew: boolean;
}

/** The host and port that known_hosts knows it by: an alias stands for itself, without a port. */
function recordedAs({ hostKeyAlias, host, port }: HostConfig): [string, number] {
  return hostKeyAlias === undefined ? [host, port] : [hostKeyAlias, 22];
}

/** Host key algorithms in the order to ask for: those of the recorded keys come first. */
export function hostKeyAlgorithms({ config, known }: HostKeyRules): string[] {
  const types = knownTypes(known, ...recordedAs(config));
  const recorded = ALGORITHMS.filter(({ type }) => types.includes(type));
  const others = ALGORITHMS.filter(({ type }) => !types.includes(type));
  return [...recorded, ...others].map(({ name }) => name);
}

/** Accepts a host's key by returning, after recording it if it is new and that is allowed; throws otherwise. */
export async function checkHostKey(rules: HostKeyRules, key: Buffer): Promise<void> {
  const { config, known, acceptNew } = rules;
  const [host, port] = recordedAs(config);
  const verdict = judgeKey(known, host, port, key);
  if (verdict.kind === "known") return;
  const name = knownHostName(host, port);
  if (verdict.kind !== "unknown" || !acceptNew) throw refusal(verdict, { name, key, files: config.knownHosts });
  const file = config.knownHosts[0];
  if (file === undefined)
    throw new TransportError("host-key-unknown", `there is no known_hosts file to record ${name} in`);
  await recordKey(file, name, key, { hashed: config.hashKnownHosts }).catch((error: Error) => {
    throw new TransportError("host-key-unknown", `cannot record the host key of ${name} in ${file}: ${error.message}`);
  });
}

const COMPARE =
  "compare the fingerprint with the host's own, then run again with --accept-new to record it, or log in once with ssh";
const INTERCEPT = "somebody may be intercepting the connection; if the host was set up anew, remove its old key:";

function refusal(
  verdict: Exclude<Verdict, { kind: "known" }>,
  { name, key, files }: { name: string; key: Buffer; files: string[] },
): TransportError {
  const shown = `${keyType(key)} ${fingerprint(key)}`;
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
