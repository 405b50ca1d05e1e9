// Bounds on the work that one script may cause. With them, later passes need no counters: a tree has at most
// `MAX_NESTING` levels, so a recursive walk over it fits the smallest stack of the engines that run the module.

/** Levels of a tree: parentheses, blocks, operands of a chain like `a + a + …`, `else if`s. */
export const MAX_NESTING: i32 = 500;

/** Bytes of one script. */
export const MAX_SOURCE_BYTES: i32 = 4 << 20;

/** Tokens of one script, with those of inserted arguments. */
export const MAX_TOKENS: i32 = 768 << 10;

/** Bytes of one name or number. */
export const MAX_WORD_BYTES: i32 = 1024;

/** Arguments of a call, parameters of a function, keys of an array. */
export const MAX_ARGUMENTS: i32 = 1024;

/** Bytes of script arguments that one script may insert by `$1` and the like. */
export const MAX_INSERTED_BYTES: i32 = 16 << 20;

/** Tokens that the macro calls of one file may expand to. */
export const MAX_EXPANDED_TOKENS: i32 = 1 << 18;

/** Macro calls, or script arguments, inside one another. */
export const MAX_EXPANSION_DEPTH: i32 = 64;

/** Probe points that the braces of one probe may expand to. */
export const MAX_PROBE_POINTS: i32 = 4096;

/** Parts of one probe point. */
export const MAX_PROBE_PARTS: i32 = 64;
