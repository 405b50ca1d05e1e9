// The conversions of strftime(3) in the C locale, for the names of output files.

const DAYS = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
const MONTHS = [
  "January",
  "February",
  "March",
  "April",
  "May",
  "June",
  "July",
  "August",
  "September",
  "October",
  "November",
  "December",
];
const DAY_MS = 86_400_000;

const two = (value: number, fill = "0") => String(value).padStart(2, fill);
const twelve = (time: Date) => time.getHours() % 12 || 12;

/** Days since January 1st. */
function dayOfYear(time: Date): number {
  const date = Date.UTC(time.getFullYear(), time.getMonth(), time.getDate());
  return (date - Date.UTC(time.getFullYear(), 0, 1)) / DAY_MS;
}

/** Weeks of the year that begin on a day of the week, the first of them being 1. */
function weekFrom(time: Date, firstDay: number): number {
  return Math.floor((dayOfYear(time) + 7 - ((time.getDay() + 7 - firstDay) % 7)) / 7);
}

/** The year and the week of ISO 8601: a week belongs to the year that its Thursday is in. */
function isoWeek(time: Date): { year: number; week: number } {
  const thursday = new Date(time.getFullYear(), time.getMonth(), time.getDate() + 3 - ((time.getDay() + 6) % 7));
  return { year: thursday.getFullYear(), week: Math.floor(dayOfYear(thursday) / 7) + 1 };
}

/** +0200 */
function offset(time: Date): string {
  const minutes = -time.getTimezoneOffset();
  const distance = Math.abs(minutes);
  return `${minutes < 0 ? "-" : "+"}${two(Math.floor(distance / 60))}${two(distance % 60)}`;
}

/** The name of the time zone, as far as it is known by a name. */
function zone(time: Date): string {
  const part = new Intl.DateTimeFormat("en-US", { timeZoneName: "short" }).formatToParts(time);
  return part.find(({ type }) => type === "timeZoneName")?.value ?? "";
}

/** By letter. Those that stand for several others are spelt with them. */
const CONVERSIONS: Record<string, string | ((time: Date) => string)> = {
  a: (time) => DAYS[time.getDay()]!.slice(0, 3),
  A: (time) => DAYS[time.getDay()]!,
  b: (time) => MONTHS[time.getMonth()]!.slice(0, 3),
  B: (time) => MONTHS[time.getMonth()]!,
  c: "%a %b %e %H:%M:%S %Y",
  C: (time) => two(Math.floor(time.getFullYear() / 100)),
  d: (time) => two(time.getDate()),
  D: "%m/%d/%y",
  e: (time) => two(time.getDate(), " "),
  F: "%Y-%m-%d",
  g: (time) => two(isoWeek(time).year % 100),
  G: (time) => String(isoWeek(time).year),
  h: "%b",
  H: (time) => two(time.getHours()),
  I: (time) => two(twelve(time)),
  j: (time) => String(dayOfYear(time) + 1).padStart(3, "0"),
  k: (time) => two(time.getHours(), " "),
  l: (time) => two(twelve(time), " "),
  m: (time) => two(time.getMonth() + 1),
  M: (time) => two(time.getMinutes()),
  n: () => "\n",
  p: (time) => (time.getHours() < 12 ? "AM" : "PM"),
  P: (time) => (time.getHours() < 12 ? "am" : "pm"),
  r: "%I:%M:%S %p",
  R: "%H:%M",
  s: (time) => String(Math.floor(time.getTime() / 1000)),
  S: (time) => two(time.getSeconds()),
  t: () => "\t",
  T: "%H:%M:%S",
  u: (time) => String(time.getDay() || 7),
  U: (time) => two(weekFrom(time, 0)),
  V: (time) => two(isoWeek(time).week),
  w: (time) => String(time.getDay()),
  W: (time) => two(weekFrom(time, 1)),
  x: "%m/%d/%y",
  X: "%H:%M:%S",
  y: (time) => two(time.getFullYear() % 100),
  Y: (time) => String(time.getFullYear()),
  z: offset,
  Z: zone,
  "%": () => "%",
};

/** A text with the time put in; what strftime(3) does not know stays. */
export function strftime(text: string, time: Date): string {
  // %E and %O ask for another locale's numbers, which the C locale has not.
  return text.replace(/%[EO]?([A-Za-z%])/g, (written, letter: string) => {
    const conversion = CONVERSIONS[letter];
    if (conversion === undefined) return written;
    return typeof conversion === "string" ? strftime(conversion, time) : conversion(time);
  });
}
