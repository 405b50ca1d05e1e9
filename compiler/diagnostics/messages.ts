// The texts of the parse errors: one row for each code. `{0}` stands for the argument. Semantic errors bring their own
// text (`Reporter.error`) and have the code `Code.Semantic`.

/** Which message it is; stable names for tests and tools. The members follow the rows of `MESSAGES`. */
export enum Code {
  Semantic,
  Warning,
  /** "expected {0}". */
  Expected,
  ExpectedDeclaration,
  ExpectedStatement,
  ExpectedExpression,
  UnexpectedEnd,
  // The lexer's.
  UnterminatedString,
  UnterminatedComment,
  UnterminatedEmbedded,
  BadNumber,
  BadCharacter,
  ArgumentRange,
  ArgumentNesting,
  ArgumentSize,
  SourceSize,
  TokenCount,
  WordSize,
  // The preprocessor's.
  StrayMarker,
  UnfinishedConditional,
  MissingThen,
  BadCondition,
  ConditionOperator,
  ConditionNumber,
  ConditionGuru,
  ConfigNumber,
  ConditionString,
  UnknownKernel,
  MacroName,
  MacroBody,
  MacroUnfinished,
  MacroDefine,
  MacroAgain,
  MacroFirst,
  MacroInside,
  MacroCall,
  MacroTooFew,
  MacroTooMany,
  MacroUnclosed,
  MacroRecursion,
  MacroGrowth,
  MacroFile,
  // The parser's.
  UnknownAtWord,
  LaterMacro,
  Nesting,
  ReturnOutside,
  DuplicateParameter,
  DuplicateGlobal,
  GlobalPrivacy,
  NothingDeclared,
  ArraySize,
  KeyList,
  Histogram,
  SortTwice,
  StatisticParameters,
  PrettyEnd,
  NeedsGuru,
  EmbeddedNeedsGuru,
  AliasFlag,
  AliasBodies,
  PointFlagPlace,
  PointFlagAgain,
  TooManyPoints,
  TooManyParts,
  TooManyArguments,
  Size,
}

class Message {
  constructor(
    public code: Code,
    public text: string,
  ) {}
}

const MESSAGES: StaticArray<Message> = [
  new Message(Code.Semantic, "{0}"),
  new Message(Code.Warning, "{0}"),
  new Message(Code.Expected, "expected {0}"),
  new Message(Code.ExpectedDeclaration, "expected 'probe', 'global', 'private', 'function', or '%{'"),
  new Message(Code.ExpectedStatement, "expected statement"),
  new Message(Code.ExpectedExpression, "expected expression"),
  new Message(Code.UnexpectedEnd, "unexpected end of file"),
  new Message(Code.UnterminatedString, "string literal without closing quote"),
  new Message(Code.UnterminatedComment, "comment without closing '*/'"),
  new Message(Code.UnterminatedEmbedded, "embedded code without closing '%}'"),
  new Message(Code.BadNumber, "number invalid or out of range"),
  new Message(Code.BadCharacter, "unexpected character"),
  new Message(Code.ArgumentRange, "script argument out of range: {0}"),
  new Message(Code.ArgumentNesting, "script argument refers to itself"),
  new Message(Code.ArgumentSize, "script arguments are inserted too many times"),
  new Message(Code.SourceSize, "script is larger than {0} bytes"),
  new Message(Code.TokenCount, "script has more than {0} tokens"),
  new Message(Code.WordSize, "name or number longer than {0} bytes"),
  new Message(Code.StrayMarker, "'{0}' without '%('"),
  new Message(Code.UnfinishedConditional, "conditional without closing '%)'"),
  new Message(Code.MissingThen, "expected '%?' after the condition"),
  new Message(
    Code.BadCondition,
    "expected 'kernel_v', 'kernel_vr', 'arch', 'runtime', 'systemtap_v', 'systemtap_privilege', 'guru_mode', " +
      "'CONFIG_...', or a comparison of two strings or two numbers",
  ),
  new Message(Code.ConditionOperator, "expected {0}"),
  new Message(Code.ConditionNumber, "expected number literal"),
  new Message(Code.ConditionGuru, "expected 0 or 1"),
  new Message(Code.ConfigNumber, "the value of this option, '{0}', is not a number"),
  new Message(Code.ConditionString, "expected string literal"),
  new Message(Code.UnknownKernel, "the condition on '{0}' needs the remote's kernel, which is not known"),
  new Message(Code.MacroName, "expected a macro's name"),
  new Message(Code.MacroBody, "expected '%(' or '('"),
  new Message(Code.MacroUnfinished, "definition of macro '@{0}' without closing '%)'"),
  new Message(Code.MacroDefine, "attempt to redefine '@define'"),
  new Message(Code.MacroAgain, "macro '@{0}' is defined twice in this file"),
  new Message(Code.MacroFirst, "macro '@{0}' first defined here"),
  new Message(Code.MacroInside, "'@define' inside a macro's body"),
  new Message(Code.MacroCall, "expected '(' after macro '@{0}'"),
  new Message(Code.MacroTooFew, "too few arguments for macro '@{0}'"),
  new Message(Code.MacroTooMany, "too many arguments for macro '@{0}'"),
  new Message(Code.MacroUnclosed, "arguments of macro '@{0}' without closing ')'"),
  new Message(Code.MacroRecursion, "macro '@{0}' expands to itself"),
  new Message(Code.MacroGrowth, "macro '@{0}' expands to too many tokens"),
  new Message(Code.MacroFile, "expected '@define' in a macro file"),
  new Message(Code.UnknownAtWord, "unknown operator {0}"),
  new Message(Code.LaterMacro, "not supported yet: macro {0} of SystemTap's tapset"),
  new Message(Code.Nesting, "nested too deeply (the limit is {0})"),
  new Message(Code.ReturnOutside, "found 'return' outside of a function"),
  new Message(Code.DuplicateParameter, "duplicate parameter '{0}'"),
  new Message(Code.DuplicateGlobal, "duplicate global variable '{0}'"),
  new Message(Code.GlobalPrivacy, "variable '{0}' is declared as global and as private"),
  new Message(Code.NothingDeclared, "input file '{0}' is empty"),
  new Message(Code.ArraySize, "array size out of range"),
  new Message(Code.KeyList, "a list of keys is only meaningful before 'in'"),
  new Message(Code.Histogram, "a histogram is not a value: print it, index it, or iterate over it"),
  new Message(Code.SortTwice, "more than one sort direction"),
  new Message(Code.StatisticParameters, "too many parameters for '{0}'"),
  new Message(Code.PrettyEnd, "'->' and '[' may not follow a pretty-printing '$'"),
  new Message(Code.NeedsGuru, "'{0}' needs guru mode; use -g"),
  new Message(Code.EmbeddedNeedsGuru, "embedded code needs guru mode; use -g"),
  new Message(Code.AliasFlag, "the name of an alias cannot be optional, sufficient or conditional"),
  new Message(Code.AliasBodies, "an alias with two bodies must be defined with '='"),
  new Message(Code.PointFlagPlace, "'?', '!' and conditions go at the end of a probe point"),
  new Message(Code.PointFlagAgain, "'?', '!' or a condition is already given inside the braces"),
  new Message(Code.TooManyPoints, "a probe has more than {0} probe points"),
  new Message(Code.TooManyParts, "a probe point has more than {0} parts"),
  new Message(Code.TooManyArguments, "more than {0} arguments, parameters or keys"),
];

/** The message of a code with its argument put in. */
export function formatMessage(code: Code, argument: string): string {
  const text = MESSAGES[code].text;
  const hole = text.indexOf("{0}");
  return hole < 0 ? text : text.substring(0, hole) + argument + text.substring(hole + 3);
}

/** The name of a code, for JSON and tests. */
export function codeName(code: Code): string {
  return Code[code];
}

/** Asserts that the table agrees with the enum. */
export function selfCheckMessages(): void {
  assert(MESSAGES.length == <i32>Code.Size, "one row for each code");
  for (let i = 0; i < MESSAGES.length; ++i) assert(<i32>MESSAGES[i].code == i, "row and member agree");
}
