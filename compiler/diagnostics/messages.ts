// The words of the parse errors: one row for each code. `{0}` is the argument.
// Semantic errors bring their own words (`Reporter.error`), under `Code.Semantic`.

/** Which message it is; stable names for tests and tools. The members follow the rows of `MESSAGES`. */
export enum Code {
  Semantic,
  Warning,
  ExpectedDeclaration,
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
  new Message(Code.ExpectedDeclaration, "expected 'probe', 'global', 'private', 'function' or '%{'"),
];

/** The message of a code with its argument put in. */
export function formatMessage(code: Code, argument: string): string {
  return MESSAGES[code].text.replaceAll("{0}", argument);
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
