/**
 * The long crash campaign:  npm run test:crash -- [--kills 1000] [--seed N]
 * Ctrl+C ends it early. Prints its seed and a table; exits with 1 when anything was wrong or lost.
 */
import { parseArgs } from 'node:util';
import { runCampaign } from './campaign.ts';

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      kills: { type: 'string', default: '1000' },
      seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    },
  });
  const started = performance.now();
  const stop = new AbortController();
  process.once('SIGINT', () => {
    stop.abort();
  });
  const result = await runCampaign(
    Number(values.kills),
    Number(values.seed),
    (sofar) => {
      process.stderr.write(`\r${sofar.killCount} kills, ${sofar.uploads} uploads `);
    },
    stop.signal,
  );
  const rows: [string, string | number][] = [
    ['seed', result.seed],
    ['uploads', result.uploads],
    ['kills', result.killCount],
    ...[...result.kills].sort().map(([name, count]): [string, number] => [`  at ${name}`, count]),
    ['requests that met a fault', result.faults],
    ['kills of the server', [...result.serverKills.values()].reduce((a, b) => a + b, 0)],
    ...[...result.serverKills]
      .sort()
      .map(([name, count]): [string, number] => [`  at ${name} `, count]),
    ['wrong objects', result.wrongObjects],
    ['orphaned uploads', result.orphanedUploads],
    ['files left in the checkpoint folder', result.leftFiles],
    ['runs that failed', result.failedRuns],
    ['bytes sent again', result.resentBytes],
    ['limit (kills and faults x parallel x part size)', result.resentLimitBytes],
    ['share of the limit', (result.resentBytes / result.resentLimitBytes).toFixed(3)],
    ['seconds', ((performance.now() - started) / 1000).toFixed(1)],
  ];
  const width = Math.max(...rows.map(([name]) => name.length));
  process.stderr.write('\n');
  for (const [name, value] of rows) console.log(`${name.padEnd(width)}  ${value}`);
  const isGood =
    result.wrongObjects + result.orphanedUploads + result.leftFiles + result.failedRuns === 0 &&
    result.resentBytes <= result.resentLimitBytes / 2;
  process.exitCode = isGood ? 0 : 1;
}

void main();
