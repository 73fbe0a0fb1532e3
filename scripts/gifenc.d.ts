/** The part of gifenc that is used; it brings no types. */
declare module 'gifenc' {
  type Color = readonly number[];

  /** At most so many colours that stand for these RGBA pixels. */
  export function quantize(pixels: Uint8Array, maxColors: number): Color[];

  /** The place of the nearest colour in the palette. */
  export function nearestColorIndex(palette: readonly Color[], color: Color): number;

  interface FrameOptions {
    /** Of the whole picture; with the first frame only. */
    readonly palette?: readonly Color[];
    /** Milliseconds. */
    readonly delay: number;
    readonly transparent: boolean;
    readonly transparentIndex: number;
    /** 1: the next frame is drawn over this one. */
    readonly dispose: number;
  }

  export function GIFEncoder(): {
    writeFrame(places: Uint8Array, width: number, height: number, options: FrameOptions): void;
    finish(): void;
    bytes(): Uint8Array;
  };
}
