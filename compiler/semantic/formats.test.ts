import { Conversion, Measure, parseFormat } from "./formats";

export function test_takes_directives_apart(): void {
  const format = parseFormat("a%%b%-+5d%.3s%*x%08.*llu%p");
  const parts = format.directives;
  assert(format.error == "" && parts.length == 6, "text and five directives");
  assert(parts[0].conversion == Conversion.Literal && parts[0].text == "a%b", "percent signs are text");
  assert(parts[1].flags == "-+" && parts[1].width == 5 && parts[1].letter == 0x64, "flags, width, letter");
  assert(parts[2].precision == 3 && parts[2].conversion == Conversion.String, "precision");
  assert(parts[3].widthKind == Measure.Dynamic && parts[3].conversion == Conversion.Hex, "width from an argument");
  assert(parts[4].flags == "0" && parts[4].width == 8 && parts[4].precisionKind == Measure.Dynamic, "both");
  assert(parts[5].conversion == Conversion.Hex && parts[5].letter == 0x70, "pointer");
}

export function test_spells_formats_without_length_modifiers(): void {
  assert(parseFormat("%ld %5llu %% %-*.*s %.f").error != "", "f is no conversion");
  assert(parseFormat("%ld %5llu %% %-*.*s").text == "%d %5u %% %-*.*s", "the rest stays");
  assert(parseFormat("%5.s").text == "%5.0s", "a lone dot is a precision of 0");
}

export function test_refuses_what_is_no_format(): void {
  const wrong = ["%", "%5", "%-", "%k", "%.", "%*", "%l", "%5000d", "%.99999999999s", "%3b", "ok %d then %"];
  for (let i = 0; i < wrong.length; ++i) assert(parseFormat(wrong[i]).error.length > 0, wrong[i]);
  const right = ["", "%%", "%8b", "%b", "%4095d", "% d", "%c%i%o%X%m%M%n".substring(0, 12)];
  for (let i = 0; i < right.length; ++i) assert(parseFormat(right[i]).error == "", right[i]);
}
