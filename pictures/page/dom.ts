// Makes elements. Text of the run becomes text nodes only, never HTML.

type Child = Node | string | undefined;

/** An element with attributes and children; attributes that are undefined are left out. */
export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Record<string, string | undefined> = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) if (value !== undefined) element.setAttribute(name, value);
  for (const child of children) if (child !== undefined) element.append(child);
  return element;
}

/** The value of one of the page's colours. */
export function colour(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}

/** A part of the page with a heading. */
export function section(id: string, title: string, ...children: Child[]): HTMLElement {
  return h("section", { id, "aria-labelledby": `${id}-title` }, h("h2", { id: `${id}-title` }, title), ...children);
}

/** Where something wide scrolls by itself, with the keyboard as well. */
export function scroller(label: string, ...children: Child[]): HTMLElement {
  return h("div", { class: "scroll", tabindex: "0", role: "group", "aria-label": `${label}, table` }, ...children);
}

/** Time of day, with milliseconds. */
export function clock(seconds: number): string {
  return seconds === 0 ? "" : new Date(seconds * 1000).toISOString().slice(11, 23);
}
