// The part of d3-flame-graph and d3-selection that the page uses; neither has types of its own.

declare module "d3-flame-graph" {
  interface Placed {
    value: number;
    data: { name: string };
  }
  interface Chart {
    (selection: unknown): void;
    width(pixels: number): Chart;
    cellHeight(pixels: number): Chart;
    minFrameSize(pixels: number): Chart;
    transitionDuration(milliseconds: number): Chart;
    inverted(isInverted: boolean): Chart;
    sort(isSorted: boolean): Chart;
    title(text: string): Chart;
    setColorMapper(map: (frame: Placed) => string): Chart;
    setLabelHandler(label: (frame: Placed) => string): Chart;
    onHover(told: (frame: Placed) => void): Chart;
    onClick(told: (frame: Placed) => void): Chart;
    resetZoom(): void;
  }
  export default function flamegraph(): Chart;
}

declare module "d3-selection" {
  interface Selection {
    datum(value: unknown): Selection;
    call(work: (selection: unknown) => void): Selection;
  }
  export function select(element: Element): Selection;
}
