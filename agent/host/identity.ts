// Decides how to authenticate to an SSH server: with which keys, with the ssh-agent, and, if a user is there to ask,
// with passphrases and passwords. The steps are one list, in the order in which they are tried:
//
//   keys of --identity · ssh-agent · keys of the configuration · no proof at all · keyboard-interactive · password
//
// A step is prepared only when its turn comes, so the user types no passphrase for a key that is not needed. A secret
// is kept only as long as its step runs.

import { readFile } from "node:fs/promises";
import type { AuthenticationType, ParsedKey } from "ssh2";
import type { HostConfig } from "./ssh-config.ts";
import { type AskPassword, TransportError } from "./transport.ts";

type Ssh2 = typeof import("ssh2");

/** What ssh2's authHandler takes as the next thing to try. */
export type AuthMethod = { type: string; username: string } & Record<string, unknown>;

type Prompt = { prompt: string; echo?: boolean };
type Prepare = () => Promise<AuthMethod | null>;

interface Step {
  type: AuthenticationType;
  /** As the failure message names it. */
  name: string;
  prepare: Prepare;
}

/** Wrong passwords and passphrases are asked for again this often, as by ssh. */
const MAX_TRIES = 3;

/** The ways to authenticate to one host, handed out one after the other. */
export class Credentials {
  /** What was really offered to the server, for messages. */
  readonly tried: string[] = [];
  /** What the server said it would take. */
  accepted: string[] = [];
  private readonly steps: Step[];
  private position = 0;

  constructor(steps: Step[]) {
    this.steps = steps;
  }

  /** The next method that the server would take; null when all were tried. */
  async next(left: string[] | null): Promise<AuthMethod | null> {
    if (left) this.accepted = left;
    while (this.position < this.steps.length) {
      const step = this.steps[this.position++]!;
      const wire = step.type === "agent" ? "publickey" : step.type;
      if (left && step.type !== "none" && !left.includes(wire)) continue;
      const method = await step.prepare();
      if (!method) continue;
      if (step.type !== "none" && !this.tried.includes(step.name)) this.tried.push(step.name);
      return method;
    }
    return null;
  }
}

/** Lists the ways to log in; fails at once where a key that the user named cannot be read. */
export async function prepareCredentials(
  ssh2: Ssh2,
  config: HostConfig,
  options: { identity: string[]; ask: AskPassword },
): Promise<Credentials> {
  const user = config.user;
  const named = await Promise.all(options.identity.map((file) => readKeyFile(ssh2, file)));
  const implied = (await Promise.all(config.identities.map((file) => tryKeyFile(ssh2, file)))).filter(
    (key) => key !== null,
  );
  const keyStep = (key: KeyFile, must: boolean): Step => ({
    type: "publickey",
    name: `key ${key.file}`,
    prepare: () => prepareKey(ssh2, key, { user, must, ask: options.ask }),
  });
  const plain = (key: KeyFile) => key.parsed?.isPrivateKey() ?? false;
  const steps: Step[] = named.filter(plain).map((key) => keyStep(key, true));
  if (config.agent) steps.push(agentStep(ssh2, config, [...named, ...implied]));
  steps.push(...named.filter((key) => key.encrypted).map((key) => keyStep(key, true)));
  steps.push(...implied.filter(plain).map((key) => keyStep(key, false)));
  steps.push(...implied.filter((key) => key.encrypted).map((key) => keyStep(key, false)));
  steps.push({ type: "none", name: "no proof", prepare: async () => ({ type: "none", username: user }) });
  steps.push(...askingSteps(config, options.ask));
  return new Credentials(steps);
}

interface KeyFile {
  file: string;
  text: Buffer;
  /** Null while encrypted. */
  parsed: ParsedKey | null;
  encrypted: boolean;
}

async function readKeyFile(ssh2: Ssh2, file: string): Promise<KeyFile> {
  const text = await readFile(file).catch((error: NodeJS.ErrnoException) => {
    const why =
      error.code === "ENOENT" ? "there is no such file" : error.code === "EACCES" ? "permission denied" : error.message;
    throw new TransportError("identity", `cannot read the key ${file}: ${why}`, "check the file given to --identity");
  });
  const parsed = ssh2.utils.parseKey(text);
  if (!(parsed instanceof Error)) return { file, text, parsed: first(parsed), encrypted: false };
  if (/encrypted/i.test(parsed.message)) return { file, text, parsed: null, encrypted: true };
  throw new TransportError("identity", `${file} is not a private key that can be used: ${parsed.message}`, KEY_HINT);
}

const KEY_HINT = "name a private key in OpenSSH's or PEM format, or try --ssh openssh";

/** A key of the configuration: one that is missing or strange is passed over. */
async function tryKeyFile(ssh2: Ssh2, file: string): Promise<KeyFile | null> {
  return readKeyFile(ssh2, file).catch(() => null);
}

function first(parsed: ParsedKey | ParsedKey[]): ParsedKey {
  return Array.isArray(parsed) ? parsed[0]! : parsed;
}

async function prepareKey(
  ssh2: Ssh2,
  key: KeyFile,
  options: { user: string; must: boolean; ask: AskPassword },
): Promise<AuthMethod | null> {
  const method = (parsed: ParsedKey): AuthMethod => ({ type: "publickey", username: options.user, key: parsed });
  if (key.parsed) return key.parsed.isPrivateKey() ? method(key.parsed) : null;
  for (let tries = 0; tries < MAX_TRIES; tries++) {
    const passphrase = await options.ask(`Enter passphrase for key '${key.file}': `);
    if (passphrase === null) break;
    const parsed = ssh2.utils.parseKey(key.text, passphrase);
    if (!(parsed instanceof Error)) return method(first(parsed));
  }
  if (!options.must) return null;
  const hint = "add the key to ssh-agent with ssh-add, or run on a terminal to be asked for the passphrase";
  throw new TransportError("identity", `the key ${key.file} is protected by a passphrase that was not given`, hint);
}

/** The agent's keys; with IdentitiesOnly just those that the configuration or --identity names. */
function agentStep(ssh2: Ssh2, config: HostConfig, keys: KeyFile[]): Step {
  const agent = config.agent!;
  const prepare: Prepare = async () => {
    const wanted = config.identitiesOnly ? await publicKeys(ssh2, keys) : null;
    const method = { type: "agent", username: config.user };
    if (!wanted) return { ...method, agent };
    return wanted.length === 0 ? null : { ...method, agent: onlyKeys(ssh2, agent, wanted) };
  };
  return { type: "agent", name: "ssh-agent", prepare };
}

async function publicKeys(ssh2: Ssh2, keys: KeyFile[]): Promise<Buffer[]> {
  const found: Buffer[] = [];
  for (const key of keys) {
    const beside = key.parsed ? null : await tryKeyFile(ssh2, `${key.file}.pub`);
    const parsed = key.parsed ?? beside?.parsed;
    if (parsed) found.push(parsed.getPublicSSH());
  }
  return found;
}

/** An agent that shows only some of its keys. */
function onlyKeys(ssh2: Ssh2, socket: string, wanted: Buffer[]) {
  const agent = ssh2.createAgent(socket);
  const all = agent.getIdentities.bind(agent);
  agent.getIdentities = ((callback: (error?: Error | null, keys?: ParsedKey[]) => void) => {
    all((error: Error | null | undefined, keys?: unknown) => {
      const shown = (keys as (ParsedKey | Buffer)[] | undefined)?.filter((key) => {
        const parsed = Buffer.isBuffer(key) ? ssh2.utils.parseKey(key) : key;
        return !(parsed instanceof Error) && wanted.some((want) => want.equals(first(parsed).getPublicSSH()));
      });
      callback(error, shown as ParsedKey[] | undefined);
    });
  }) as typeof agent.getIdentities;
  return agent;
}

/** Passwords, asked for by the server's own prompts or by ours; an answer of null ends the asking. */
function askingSteps(config: HostConfig, ask: AskPassword): Step[] {
  const username = config.user;
  const state = { asked: false, declined: false };
  const interactive: Prepare = async () => {
    if (state.declined) return null;
    // ssh2 passes the title, the instructions, their language, the prompts, and a function that takes the answers.
    type Arguments = [name: string, text: string, lang: string, prompts: Prompt[], finish: (a: string[]) => void];
    const prompt = async (...[name, text, , prompts, finish]: Arguments) => {
      const answers: string[] = [];
      for (const one of prompts) {
        state.asked = true;
        const lead = [name, text].filter((part) => part !== "").join("\n");
        const answer = state.declined
          ? null
          : await ask(`${lead ? `${lead}\n` : ""}(${username}@${config.alias}) ${one.prompt}`);
        if (answer === null) state.declined = true;
        answers.push(answer ?? "");
      }
      finish(answers);
    };
    return { type: "keyboard-interactive", username, prompt };
  };
  const password: Prepare = async () => {
    if (state.asked || state.declined) return null;
    const answer = await ask(`${username}@${config.alias}'s password: `);
    if (answer === null) state.declined = true;
    return answer === null ? null : { type: "password", username, password: answer };
  };
  const repeat = (step: Step): Step[] => Array.from({ length: MAX_TRIES }, () => step);
  return [
    ...repeat({ type: "keyboard-interactive", name: "keyboard-interactive", prepare: interactive }),
    ...repeat({ type: "password", name: "password", prepare: password }),
  ];
}
