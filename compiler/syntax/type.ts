// The types that the tree refers to: the type of a value, and the base class of what a name stands for. The parser
// leaves both fields empty, and `semantic` fills them in. This file imports nothing, so every folder may import it.

/** The type of an expression, a variable, a parameter or a function's result. */
export enum Type {
  /** Not inferred yet. */
  Unknown,
  Long,
  String,
  Stats,
  /** A function that never returns a value. */
  Void,
  /** An error was already reported here: passes report nothing more about it. */
  Error,
}

/** The script's own spelling of a type, as `-p2` prints it. */
export function typeName(type: Type): string {
  switch (type) {
    case Type.Long:
      return "long";
    case Type.String:
      return "string";
    case Type.Stats:
      return "stats";
    case Type.Void:
      return "void";
    case Type.Error:
      return "error";
    default:
      return "unknown";
  }
}

/**
 * What a name stands for (a global, a local, a function, a builtin …); `semantic` extends it, the tree only points to
 * it.
 */
export abstract class Binding {}

/** The C type behind a number that is an address, for `value->member`; `semantic` extends it. */
export abstract class Pointee {}
