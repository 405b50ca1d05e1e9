import { joinTexts, TextBuilder } from "./text-builder";

export function test_text_builder_puts_pieces_together(): void {
  const builder = new TextBuilder();
  assert(builder.toString() == "", "empty");
  builder.put("abc");
  builder.put("");
  builder.putSlice("0123456", 2, 5);
  builder.putSlice("x", 1, 1);
  builder.putUnit(0x21);
  assert(builder.toString() == "abc234!" && builder.length == 7, builder.toString());
}

export function test_text_builder_grows(): void {
  const builder = new TextBuilder();
  for (let i = 0; i < 10000; ++i) builder.put("0123456789");
  const text = builder.toString();
  assert(text.length == 100000 && text.endsWith("6789") && text.charAt(54321) == "1", "all of it");
  builder.put("x".repeat(1000000));
  assert(builder.length == 1100000, "and a large piece");
}

export function test_text_builder_takes_linear_memory(): void {
  const before = memory.size();
  const builder = new TextBuilder();
  for (let i = 0; i < 100000; ++i) builder.put("0123456789");
  assert(builder.toString().length == 1000000, "a million units");
  assert(memory.size() - before < 320, "less than 20 MB");
}

export function test_join_texts_puts_separators_between(): void {
  assert(joinTexts([]) == "" && joinTexts(["a"], ", ") == "a", "nothing to part");
  assert(joinTexts(["a", "", "b"], ", ") == "a, , b", "commas");
}
