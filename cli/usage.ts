// The command lines that there are, as --help shows them.

const LINES = [
  "[options] SCRIPT.stp [ARGUMENT]...",
  "run OBJECT.bo [options]",
  "verify SCRIPT.stp --host BOX [options]",
  "install --host BOX --group GROUP [options]",
  "uninstall --host BOX [options]",
  "clean --host BOX",
  "doctor --host BOX",
  "attach|stop NAME --host BOX",
  "list --host BOX",
  "object show OBJECT.bo [--json]",
  "image [OBJECT.bo] [-o FILE.tar]",
  "view FILE [-o FILE.html]",
  "manifest SCRIPT.stp|OBJECT.bo [--kind job|daemonset] [--image IMAGE]",
  "facts --host BOX [-o FILE.facts]",
  "facts show FILE.facts",
  "facts diff FILE.facts FILE.facts",
  "explain LOG [OBJECT.bo]       (explain --help)",
  "help NAME                     (a probe point, function or macro of the library; 'vfs.*')",
  "help verifier MESSAGE",
  "hosts [--names]",
  "completion bash|zsh|fish",
];

export const USAGE = LINES.map((line, i) => `${i === 0 ? "Usage:" : "      "} stap-remote ${line}`).join("\n");
