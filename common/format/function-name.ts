// Shared by compiler, agent and host; must remain portable (pure functions only).
//
// The C compiler gives copies of a function names of their own:
//
//   finish_task_switch.isra.0   with other parameters          kfree_link.llvm.123   static, made unique
//   memcmp.constprop.0          for constant arguments         x.lto_priv.0
//
// Such a copy is the function, as people name it. A `.part` is only some of it, a `.cold` is never entered from
// outside: these are found by their whole names only.

const COPIES: string = " isra constprop llvm lto_priv ";

/** The name of the function that a symbol is, or is a copy of; another symbol's is the symbol itself. */
export function plainName(symbol: string): string {
  const dot = symbol.indexOf(".");
  if (dot <= 0) return symbol;
  const parts = symbol.substring(dot + 1).split(".");
  for (let i = 0; i < parts.length; ++i) {
    const isKind = COPIES.indexOf(` ${parts[i]} `) >= 0;
    if (!isKind && (i == 0 || !isNumber(parts[i]))) return symbol;
  }
  return symbol.substring(0, dot);
}

function isNumber(text: string): boolean {
  for (let i = 0, n = text.length; i < n; ++i) {
    const c = text.charCodeAt(i);
    if (c < 0x30 || c > 0x39) return false;
  }
  return text.length > 0;
}

/** What the kernel's symbol table has before the name of a function that modules may use: a symbol of its own. */
export const EXPORT_PREFIX: string = "__ksymtab_";
