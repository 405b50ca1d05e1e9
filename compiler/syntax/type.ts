// The leaf types that the tree carries for later passes: what a value is, and what a name stands for.
// The parser leaves both unset; `semantic` fills them. Nothing here imports anything, so that every folder may.

/** The type of an expression, a variable, a parameter or a function's result. */
export enum Type {
  /** Not inferred yet. */
  Unknown,
  Long,
  String,
  Stats,
  /** A function that never returns a value. */
  Void,
  /** An error was reported here already: whoever meets it stays silent. */
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
