import assert from 'node:assert/strict';
import {
  answererOf,
  errorOfAnswer,
  errorOfConnection,
  isErrorBody,
} from '../../../src/oss/ossErrors';
import { regionOfEndpoint } from '../../../src/engine/contract/ossHosts';
import { regionId, resolveEndpoint } from '../../../src/oss/endpoints';
import { parseXml, xmlName } from '../../../src/oss/xml';

const LONGEST_MS = 50;
/** Of twice the text; over two doublings, because what else runs here is seen in one. */
const MOST_GROWTH = 2.5;

/** Text that is made to be slow: what almost matches, again and again. */
const HOSTILE: Readonly<Record<string, (length: number) => string>> = {
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
};

const quiet = (work: () => unknown) => {
  try {
    work();
  } catch {
    // That it refuses the text is as good as that it reads it.
  }
};

const answer = (text: string) => ({ status: 403, headers: {}, body: Buffer.from(text) });

/** All that meets what a server, a proxy or a resolver says. */
const READERS: Readonly<Record<string, (text: string) => unknown>> = {
  parseXml,
  xmlName: (text) => xmlName({ EncodingType: 'url' }, { Key: text }, 'Key'),
  answererOf: (text) => answererOf(answer(text)),
  isErrorBody: (text) => isErrorBody(Buffer.from(text)),
  'errorOfAnswer, a body': (text) => errorOfAnswer(answer(text)),
  'errorOfAnswer, an id': (text) =>
    errorOfAnswer({ ...answer(text), headers: { 'x-oss-request-id': 'R', 'x-oss-ec': text } }),
  errorOfConnection: (text) => errorOfConnection(new Error(text)),
  regionId,
  regionOfEndpoint,
  'resolveEndpoint, a region': (text) => resolveEndpoint('public', text, 'bucket'),
};

/** The best of some runs, in time of the processor: what else the computer does counts for nothing. */
function bestMs(work: () => unknown, runs = 5): number {
  let best = Number.POSITIVE_INFINITY;
  for (let run = 0; run < runs; run += 1) {
    const before = process.cpuUsage();
    quiet(work);
    best = Math.min(best, process.cpuUsage(before).user / 1000);
  }
  return best;
}

describe('text of strangers', () => {
  for (const [name, read] of Object.entries(READERS)) {
    it(`is read by ${name} in time that grows as the text does`, function () {
      this.timeout(60_000);
      for (const [kind, make] of Object.entries(HOSTILE)) {
        const whole = make(1_000_000);
        const quarter = make(250_000);
        const wholeMs = bestMs(() => read(whole));
        assert.ok(wholeMs <= LONGEST_MS, `${kind}: ${wholeMs.toFixed(1)} ms`);
        // Of a few milliseconds the clock says nothing about growth.
        const quarterMs = Math.max(
          3,
          bestMs(() => read(quarter)),
        );
        const growth = Math.sqrt(wholeMs / quarterMs);
        assert.ok(growth <= MOST_GROWTH, `${kind}: ${growth.toFixed(1)} times as long`);
      }
    });
  }
});
