/**
 * Films windows of the editor frame by frame: a frame is shown as long as it takes to read, however
 * long it took to take. Screenshots have no pointer, so one is drawn into the page, and captions too.
 */
import type { Locator, Page } from '@playwright/test';
import type { Frame } from './animation';

const GLIDE_STEPS = 8;
const GLIDE_STEP_MS = 60;

/** Runs in the page. Text of a program, because no type of a page is known here. */
const DRAW = `({ x, y, words }) => {
  const common = 'position: fixed; z-index: 100000; pointer-events: none;';
  const drawn = (id, make, style) => {
    const old = document.getElementById(id);
    if (old) return old;
    const element = make();
    element.id = id;
    element.style.cssText = common + style;
    document.body.append(element);
    return element;
  };
  document.documentElement.style.background = '#181818';
  const svg = (name) => document.createElementNS('http://www.w3.org/2000/svg', name);
  const pointer = drawn('film-pointer', () => {
    const arrow = svg('path');
    arrow.setAttribute('d', 'M1 1v16l4-4 3 7 3-1.5-3-6.5h6z');
    arrow.setAttribute('fill', 'white');
    arrow.setAttribute('stroke', 'black');
    const picture = svg('svg');
    picture.append(arrow);
    return picture;
  }, 'left: 0; top: 0; width: 20px; height: 22px;');
  pointer.style.transform = 'translate(' + x + 'px, ' + y + 'px)';
  const caption = drawn('film-caption', () => document.createElement('div'),
    'left: 520px; right: 0; top: 45%; text-align: center; font: 600 26px sans-serif; color: white;');
  caption.textContent = words;
}`;

/** Takes the frames of one film, of one window after the other. */
export class Camera {
  readonly frames: Frame[] = [];
  private page!: Page;
  private pointer = { x: 560, y: 200 };
  private words = '';

  /** Films this window from now on. The pointer stays where it was. */
  async turnTo(page: Page): Promise<void> {
    this.page = page;
    await this.draw();
  }

  /** Says this from now on. */
  async caption(words: string): Promise<void> {
    this.words = words;
    await this.draw();
  }

  /** A frame of what is to be seen now. */
  async shoot(durationMs: number): Promise<void> {
    this.frames.push({ png: await this.page.screenshot(), durationMs });
  }

  /** Moves the pointer to a place in something, as a hand would. */
  async glideTo(target: Locator, place: { x: number; y: number }): Promise<void> {
    const box = await target.boundingBox();
    if (!box) throw new Error('What the pointer should go to is not to be seen.');
    const start = this.pointer;
    for (let step = 1; step <= GLIDE_STEPS; step++) {
      const share = (1 - Math.cos((Math.PI * step) / GLIDE_STEPS)) / 2;
      this.pointer = {
        x: start.x + (box.x + place.x - start.x) * share,
        y: start.y + (box.y + place.y - start.y) * share,
      };
      await this.page.mouse.move(this.pointer.x, this.pointer.y);
      await this.draw();
      await this.shoot(GLIDE_STEP_MS);
    }
  }

  private async draw(): Promise<void> {
    const drawing = { ...this.pointer, words: this.words };
    await this.page.evaluate(`(${DRAW})(${JSON.stringify(drawing)})`);
  }
}
