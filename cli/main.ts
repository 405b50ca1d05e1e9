#!/usr/bin/env node
// The program stap-remote: calls the command (command.ts) with this process's arguments, streams and signals.

import { main } from "./command.ts";
import { readConfig } from "./config.ts";
import { Interrupts } from "./interrupts.ts";
import { Messages } from "./messages.ts";
import { Output } from "./output.ts";
import { openRemote } from "./remote.ts";

const interrupts = new Interrupts();
interrupts.install();
const messages = new Messages();
process.exitCode = await main(process.argv.slice(2), {
  openRemote,
  config: readConfig,
  interrupts,
  message: messages.say,
  settle: messages.settle,
  messagesOnTerminal: messages.isTerminal,
  openOutput: (file, rotate) => Output.open(file, rotate),
});
await messages.settle();
process.exit();
