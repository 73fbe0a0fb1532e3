/** Makes an animated GIF of screenshots. */
import { GIFEncoder, nearestColorIndex, quantize } from 'gifenc';
import { PNG } from 'pngjs';

/** One picture of an animation. */
export interface Frame {
  readonly png: Buffer;
  /** How long it is to be seen. */
  readonly durationMs: number;
}

/** The last place of the palette means: as in the frame before. */
const UNCHANGED = 255;
/** Backgrounds and texts keep their exact colours, icons and the edges of letters share the rest. */
const EXACT_COLORS = 160;

/** Frames of one size, as a GIF that is played again and again. Each frame stores what is new in it. */
export function encodeGif(frames: readonly Frame[]): Uint8Array {
  const pictures = withoutRepetitions(frames);
  const palette = paletteOf(pictures.map(({ pixels }) => pixels));
  const placeOf = nearestPlace(palette);
  const gif = GIFEncoder();
  let before: Uint32Array | undefined;
  for (const { pixels, width, height, durationMs } of pictures) {
    const places = new Uint8Array(pixels.length);
    pixels.forEach((color, n) => {
      places[n] = color === before?.[n] ? UNCHANGED : placeOf(color);
    });
    gif.writeFrame(places, width, height, {
      ...(before ? {} : { palette }),
      delay: durationMs,
      transparent: true,
      transparentIndex: UNCHANGED,
      dispose: 1,
    });
    before = pixels;
  }
  gif.finish();
  return gif.bytes();
}

interface Picture {
  /** Red in the lowest byte. */
  readonly pixels: Uint32Array;
  readonly width: number;
  readonly height: number;
  durationMs: number;
}

function withoutRepetitions(frames: readonly Frame[]): Picture[] {
  const pictures: Picture[] = [];
  for (const { png, durationMs } of frames) {
    const { data, width, height } = PNG.sync.read(png);
    const pixels = new Uint32Array(data.buffer, data.byteOffset, width * height);
    const last = pictures.at(-1);
    if (last?.pixels.every((color, n) => color === pixels[n])) last.durationMs += durationMs;
    else pictures.push({ pixels, width, height, durationMs });
  }
  return pictures;
}

function paletteOf(pictures: readonly Uint32Array[]): (readonly number[])[] {
  const counts = new Map<number, number>();
  let before: Uint32Array | undefined;
  for (const pixels of pictures) {
    pixels.forEach((color, n) => {
      if (color !== before?.[n]) counts.set(color, (counts.get(color) ?? 0) + 1);
    });
    before = pixels;
  }
  const colors = [...counts].sort(([, a], [, b]) => b - a).map(([color]) => color);
  const exact = colors.slice(0, EXACT_COLORS).map(bytesOf);
  const rare = Uint32Array.from(colors.slice(EXACT_COLORS));
  if (rare.length === 0) return exact;
  return [...exact, ...quantize(new Uint8Array(rare.buffer), UNCHANGED - exact.length)];
}

function nearestPlace(palette: readonly (readonly number[])[]): (color: number) => number {
  const known = new Map<number, number>();
  return (color) => {
    const place = known.get(color) ?? nearestColorIndex(palette, bytesOf(color));
    known.set(color, place);
    return place;
  };
}

function bytesOf(color: number): number[] {
  return [color & 0xff, (color >> 8) & 0xff, (color >> 16) & 0xff];
}
