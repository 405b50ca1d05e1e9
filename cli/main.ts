#!/usr/bin/env node
// The program stap-remote: calls the command (command.ts) with this process's arguments, streams and signals.

import { main } from "./command.ts";
import { Interrupts } from "./interrupts.ts";
import { Output } from "./output.ts";
import { openRemote } from "./remote.ts";

const interrupts = new Interrupts();
interrupts.install();
process.stderr.on("error", () => {}); // its reader may have gone, too
process.exitCode = await main(process.argv.slice(2), {
  openRemote,
  interrupts,
  message: (text) => {
    if (text !== "") process.stderr.write(text);
  },
  openOutput: (file, rotate) => Output.open(file, rotate),
});
process.exit();
