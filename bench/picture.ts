/** Bars of one case: wall time as a multiple of the reference. */
export interface BarGroup {
  readonly title: string;
  readonly clients: readonly {
    readonly name: string;
    readonly isOurs: boolean;
    readonly ratio: number;
  }[];
}

const WIDTH = 760;
const LABEL_WIDTH = 190;
const BAR_HEIGHT = 16;
const TITLE_HEIGHT = 30;
const GAP = 12;
const HEADER_HEIGHT = 40;
/** The bar of the reference; longer ratios still have room. */
const UNIT_WIDTH = 330;
const MOST_RATIO = 1.45;

/** A picture that reads on light and on dark pages. */
export function renderPicture(groups: readonly BarGroup[]): string {
  let top = HEADER_HEIGHT;
  const parts: string[] = [];
  for (const { title, clients } of groups) {
    parts.push(text(0, top + 20, title, 'title'));
    top += TITLE_HEIGHT;
    for (const { name, isOurs, ratio } of clients) {
      const width = Math.min(ratio, MOST_RATIO) * UNIT_WIDTH;
      parts.push(
        text(LABEL_WIDTH - 8, top + 12, name, 'label'),
        `<rect class="${isOurs ? 'ours' : 'peer'}" x="${LABEL_WIDTH}" y="${top}" width="${width.toFixed(1)}" height="${BAR_HEIGHT - 3}" rx="2"/>`,
        text(LABEL_WIDTH + width + 6, top + 12, ratio.toFixed(2), 'value'),
      );
      top += BAR_HEIGHT;
    }
    top += GAP;
  }
  const heading = 'Wall time as a multiple of that of ali-oss (shorter is faster)';
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${top}" role="img" aria-label="${heading}">`,
    '<style>',
    'text { font: 12px system-ui, sans-serif; fill: #57606a }',
    '.heading { font-size: 15px; font-weight: 600 } .title { font-weight: 600 } .label { text-anchor: end }',
    '.ours { fill: #f2711c } .peer { fill: #8c959f }',
    '@media (prefers-color-scheme: dark) { text { fill: #c9d1d9 } .peer { fill: #6e7681 } }',
    '</style>',
    text(0, 20, heading, 'heading'),
    ...parts,
    '</svg>',
    '',
  ].join('\n');
}

function text(x: number, y: number, content: string, name: string): string {
  const escaped = content.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
  return `<text class="${name}" x="${x.toFixed(1)}" y="${y}">${escaped}</text>`;
}
