import assert from 'node:assert/strict';

const LONGEST_MS = 50;
/** Of twice the text; over two doublings, because what else runs here is seen in one. */
const MOST_GROWTH = 2.5;
const SHORTEST_MS = 6;

/** Text that is made to be slow: what almost matches, again and again. */
export const HOSTILE: Readonly<Record<string, (length: number) => string>> = {
  blanks: (length) => `<Error><Code>${' '.repeat(length)}`,
  'open tags': (length) => '<a>'.repeat(length / 3),
  'angle brackets': (length) => '<'.repeat(length),
  comments: (length) => '<!--'.repeat(length / 4),
  'attributes without an end': (length) => `<a ${'b="c" '.repeat(length / 6)}'>`,
  'blanks in a tag': (length) => `<a ${' '.repeat(length)}!>`,
  entities: (length) => `<a>${'&amp;'.repeat(length / 5)}</a>`,
  ampersands: (length) => `<a>${'&'.repeat(length)}</a>`,
  'elements of one name': (length) => `<a>${'<b>c</b>'.repeat(length / 8)}</a>`,
  'codes without an end': (length) => `<Error>${'<Code>'.repeat(length / 6)}`,
  'a long code': (length) =>
    `<Error><RequestId>R</RequestId><Code>${'C'.repeat(length)}</Code><EC>1</EC></Error>`,
  'a long message': (length) =>
    `<Error><RequestId>R</RequestId><Message>${'\u202e&#27; '.repeat(length / 7)}</Message></Error>`,
  signatures: (length) => 'signature '.repeat(length / 10),
  'equal signs': (length) => `Signature=${'='.repeat(length)}`,
  ids: (length) => 'LTAI5t'.repeat(length / 6),
  tokens: (length) => 'CAIS'.repeat(length / 4),
  'percent signs': (length) => '%'.repeat(length),
  dots: (length) => `oss-${'.'.repeat(length)}aliyuncs.com`,
  hyphens: (length) => `http://${'oss-'.repeat(length / 4)}.aliyuncs.com`,
  stars: (length) => '*a'.repeat(length / 2),
  addresses: (length) => 'http://'.repeat(length / 7),
  'addresses of users': (length) => `http://${'a:b@'.repeat(length / 4)}`,
  braces: (length) => '{a,'.repeat(length / 3),
  brackets: (length) => '['.repeat(length),
  'sets with classes': (length) => '[[:alpha:]'.repeat(length / 10),
  parentheses: (length) => '*(|'.repeat(length / 3),
  slashes: (length) => '/'.repeat(length),
  'folders of any depth': (length) => '**/a/'.repeat(length / 5),
  backslashes: (length) => '\\'.repeat(length),
  variables: (length) => '${yyyy}/'.repeat(length / 8),
  'variables without an end': (length) => '${'.repeat(length / 2),
  'names with hyphens': (length) => 'a-'.repeat(length / 2),
  pairs: (length) => 'a=b;'.repeat(length / 4),
  quotes: (length) => `'"`.repeat(length / 2),
  lines: (length) => '[a]\nb=c\n'.repeat(length / 8),
  'lines of one character': (length) => 'a\n'.repeat(length / 2),
  'marks of direction': (length) => '\u202e'.repeat(length),
  letters: (length) => 'a'.repeat(length),
};

/** Each text is made once in a process, for all readers. */
const made = new Map<string, string>();

function hostileText(kind: string, make: (length: number) => string, length: number): string {
  const name = `${kind} ${length}`;
  const text = made.get(name) ?? make(length);
  made.set(name, text);
  return text;
}

const quiet = (work: () => unknown) => {
  try {
    work();
  } catch {
    // That it refuses the text is as good as that it reads it.
  }
};

/** The best of some runs, in time of the processor: what else the computer does counts for nothing. */
function bestMs(work: () => unknown, enoughMs: number): number {
  let best = Number.POSITIVE_INFINITY;
  for (let run = 0; run < 5 && best > enoughMs; run += 1) {
    const before = process.cpuUsage();
    quiet(work);
    best = Math.min(best, process.cpuUsage(before).user / 1000);
  }
  return best;
}

/** One test for each reader: a megabyte of each text at most 50 ms, and time that grows as it does. */
export function readInLinearTime(
  readers: Readonly<Record<string, (text: string) => unknown>>,
): void {
  for (const [name, read] of Object.entries(readers)) {
    it(`is read by ${name} in time that grows as the text does`, function () {
      this.timeout(60_000);
      // What else the computer does makes some of it slow once; what grows too fast always does.
      this.retries(2);
      for (const [kind, make] of Object.entries(HOSTILE)) {
        const whole = hostileText(kind, make, 1_000_000);
        // Of a few milliseconds the clock says nothing about growth.
        const wholeMs = bestMs(() => read(whole), SHORTEST_MS * 2);
        assert.ok(wholeMs <= LONGEST_MS, `${kind}: ${wholeMs.toFixed(1)} ms`);
        if (wholeMs <= SHORTEST_MS * 2) continue;
        const quarter = hostileText(kind, make, 250_000);
        const quarterMs = Math.max(
          SHORTEST_MS,
          bestMs(() => read(quarter), 0),
        );
        const growth = Math.sqrt(wholeMs / quarterMs);
        assert.ok(growth <= MOST_GROWTH, `${kind}: ${growth.toFixed(1)} times as long`);
      }
    });
  }
}
