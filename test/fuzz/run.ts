/**
 * The long fuzz of answers:  npm run test:fuzz -- [--runs 20000] [--seed N] [--only RUN]
 * Ctrl+C ends it early. Prints its seed and a table; exits with 1 when anything false was believed.
 */
import { parseArgs } from 'node:util';
import { fuzzAnswers } from './answers.ts';

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      runs: { type: 'string', default: '20000' },
      seed: { type: 'string', default: String(Date.now() % 1_000_000) },
      only: { type: 'string' },
    },
  });
  const started = performance.now();
  const stop = new AbortController();
  process.once('SIGINT', () => {
    stop.abort();
  });
  const result = await fuzzAnswers(Number(values.runs), Number(values.seed), {
    only: values.only === undefined ? undefined : Number(values.only),
    signal: stop.signal,
    onRun: (runs) => process.stderr.write(`\r${runs} runs `),
  });
  process.stderr.write('\n');
  const row = (...cells: (string | number)[]): void => {
    const [name = '', ...counts] = cells.map(String);
    console.log(name.padEnd(36) + counts.map((count) => count.padStart(11)).join(''));
  };
  row('uploads answered falsely', 'runs', 'completed', 'waiting', 'discarded');
  for (const [name, { runs, completed, waiting, discarded }] of result.uploads) {
    row(name, runs, completed, waiting, discarded);
  }
  row('questions answered falsely', 'runs', 'answered', 'refused');
  for (const [name, { runs, answered, refused }] of result.questions) {
    row(name, runs, answered, refused);
  }
  const counts = {
    seed: result.seed,
    runs: result.runs,
    'false completions': result.falseCompletions,
    'uploads of others touched': result.foreignUploadsTouched,
    'parts left unsaid': result.partsLeftUnsaid,
    'false answers believed': result.falseAnswers,
    throws: result.throws,
    'over the bound': result.overBound,
    seconds: ((performance.now() - started) / 1000).toFixed(1),
  };
  for (const [name, count] of Object.entries(counts)) row(name, count);
  for (const finding of result.findings.slice(0, 20)) console.log(`\n${finding}`);
  process.exitCode = result.findings.length === 0 ? 0 : 1;
}

// Node 20 may turn for ever at its own end, when thousands of servers and connections have been closed.
void main()
  .catch((error: unknown) => {
    console.error(error);
    process.exitCode = 1;
  })
  .finally(() => process.exit());
