// Asks an ssh-agent which kinds of keys it holds. ssh2 passes over certificates and FIDO keys, with which ssh would log
// in: a host whose agent holds one goes by OpenSSH.

import { connect } from "node:net";

const TIMEOUT_MS = 500;
const REQUEST_IDENTITIES = 11;
const IDENTITIES_ANSWER = 12;

/** The kind of key in an agent that only OpenSSH can use; null if there is none, or the agent does not answer. */
export async function foreignAgentKey(socket: string): Promise<string | null> {
  const types = keyTypes(await ask(socket));
  if (types.some((type) => type.includes("-cert-v01"))) return "a certificate in the ssh-agent";
  return types.some((type) => type.startsWith("sk-")) ? "a FIDO key in the ssh-agent" : null;
}

/** One message to the agent and its answer; what is no answer is as good as none. */
function ask(path: string): Promise<Buffer> {
  return new Promise((resolve) => {
    const socket = connect(path);
    let answer = Buffer.alloc(0);
    const end = () => {
      clearTimeout(timer);
      socket.destroy();
      resolve(answer);
    };
    const timer = setTimeout(end, TIMEOUT_MS);
    socket.on("error", end);
    socket.on("end", end);
    socket.on("connect", () => socket.write(Buffer.from([0, 0, 0, 1, REQUEST_IDENTITIES])));
    socket.on("data", (chunk: Buffer) => {
      answer = Buffer.concat([answer, chunk]);
      if (answer.length >= 4 && answer.length >= 4 + answer.readUInt32BE(0)) end();
    });
  });
}

/** The types of the keys in an answer: a count, then for each key its blob, which begins with the type, and a note. */
function keyTypes(answer: Buffer): string[] {
  const types: string[] = [];
  if (answer.length < 9 || answer[4] !== IDENTITIES_ANSWER) return types;
  let at = 9;
  const text = (): Buffer | null => {
    const begin = at + 4;
    if (begin > answer.length) return null;
    at = begin + answer.readUInt32BE(begin - 4);
    return at <= answer.length ? answer.subarray(begin, at) : null;
  };
  for (let left = answer.readUInt32BE(5); left > 0; left--) {
    const blob = text();
    if (blob === null || blob.length < 4 || text() === null) return types;
    types.push(blob.toString("latin1", 4, 4 + blob.readUInt32BE(0)));
  }
  return types;
}
