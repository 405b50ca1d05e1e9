// What jobs are given beside the settings: the way to remotes, places for output and messages, signals. Tests supply
// their own.

import type { ManifestReader } from "../agent/host/manifest.ts";
import type { Session } from "../agent/host/session.ts";
import type { CompileInput, CompileResult, Compiler } from "../compiler/host/compile.ts";
import type { Asked } from "../facts/answer.ts";
import type { Config } from "./config.ts";
import type { Interrupts } from "./interrupts.ts";
import type { Rotation } from "./option-values.ts";
import type { Settings } from "./options.ts";
import type { Sink } from "./output.ts";
import type { OpenRemote } from "./remote.ts";
import type { WriteMessage } from "./report.ts";

/** The environment of a job. */
export interface Surroundings {
  openRemote: OpenRemote;
  message: WriteMessage;
  /** Waits until all messages were taken. */
  settle: () => Promise<void>;
  /** Whether somebody looks at the messages. */
  messagesOnTerminal: boolean;
  openOutput: (file: string | undefined, rotate?: Rotation) => Sink;
  interrupts: Interrupts;
  /** Reads the user's configuration; none if absent. */
  config?: () => Config;
  /** What the host is called, if there are several. */
  hostName?: string;
  /** Gives the compiler; a new one if absent. */
  compiler?: () => Compiler;
  /** Compiles for one of several hosts; as for one if absent. */
  compile?: (compiler: Compiler, input: CompileInput, asked: Asked) => Promise<CompileResult>;
  /** Told when the object is loaded, so that the next host may begin. */
  onStarted?: () => void;
  /** Told of the object before it is loaded; refuses it by an ExitError. */
  onObject?: (manifest: ManifestReader) => void;
  /** Where facts are cached; the user's cache folder if absent. */
  factsFolder?: string;
}

/** A run under way. */
export interface Run {
  settings: Settings;
  around: Surroundings;
  session: Session;
}
