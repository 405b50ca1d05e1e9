// The flame graph of all stacks, by d3-flame-graph. Frames are reached with the Tab key and opened with Enter.

import flamegraph from "d3-flame-graph";
import { select } from "d3-selection";
import { colour, h } from "./dom.ts";
import type { Model } from "./model.ts";

interface Frame {
  name: string;
  value: number;
  children: Frame[];
}

/** The stacks as a tree. */
function treeOf(stacks: Model["stacks"]): Frame {
  const root: Frame = { name: "all", value: 0, children: [] };
  for (const { path, count } of stacks.values()) {
    root.value += count;
    let at = root;
    for (const name of path) {
      let next = at.children.find((child) => child.name === name);
      if (!next) {
        next = { name, value: 0, children: [] };
        at.children.push(next);
      }
      next.value += count;
      at = next;
    }
  }
  return root;
}

/** How many colours there are: --flame-0 and so on. */
const COLOURS = 4;

function colourOf(name: string): string {
  let sum = 0;
  for (let i = 0; i < name.length; i++) sum = (sum * 31 + name.charCodeAt(i)) >>> 0;
  return colour(`flame-${sum % COLOURS}`);
}

/** The graph, with what was hit said below it. */
export function flameGraph(model: Model, width: number): HTMLElement {
  const box = h("div", { class: "flame" });
  const said = h("p", { class: "said", role: "status" }, "Choose a function to enlarge it; Escape shows all.");
  const tree = treeOf(model.stacks);
  const describe = (name: string, value: number) =>
    `${name}: ${value} of ${tree.value} (${((value * 100) / (tree.value || 1)).toFixed(1)} %)`;
  const chart = flamegraph()
    .width(width)
    .cellHeight(20)
    .minFrameSize(2)
    .transitionDuration(0)
    .inverted(false)
    .sort(true)
    .title("")
    .setColorMapper((d) => colourOf(d.data.name))
    .setLabelHandler((d) => describe(d.data.name, d.value))
    .onHover((d) => said.replaceChildren(describe(d.data.name, d.value)))
    .onClick((d) => {
      said.replaceChildren(describe(d.data.name, d.value));
      makeReachable();
    });
  const makeReachable = () => {
    for (const group of box.querySelectorAll<SVGGElement>("g[name]")) {
      group.setAttribute("tabindex", "0");
      group.setAttribute("role", "button");
      group.setAttribute("aria-label", group.querySelector("title")?.textContent ?? "");
    }
  };
  select(box).datum(tree).call(chart);
  box.querySelector("svg")?.setAttribute("aria-label", "Flame graph");
  box.querySelector("svg")?.setAttribute("role", "group");
  makeReachable();
  box.addEventListener("keydown", (event) => {
    if (event.key === "Escape") chart.resetZoom();
    else if (event.key === "Enter" || event.key === " ") {
      event.preventDefault();
      (event.target as Element).dispatchEvent(new MouseEvent("click", { bubbles: true }));
    } else return;
    makeReachable();
  });
  return h("div", {}, h("div", { class: "scroll" }, box), said);
}
