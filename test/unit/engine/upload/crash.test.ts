import { strict as assert } from 'node:assert';
import { runCampaign } from '../../../crash/campaign.ts';

const KILLS = 20;

describe('an engine that is killed', () => {
  it(`and loses, mixes and resends nothing (${KILLS} kills of the campaign)`, async function () {
    this.timeout(180_000);
    const seed = Number(process.env['TEST_SEED'] ?? Date.now() % 1_000_000);
    console.log(`      TEST_SEED=${seed}`);
    const result = await runCampaign(KILLS, seed);
    const { wrongObjects, orphanedUploads, leftFiles, failedRuns } = result;
    assert.deepEqual(
      { wrongObjects, orphanedUploads, leftFiles, failedRuns },
      { wrongObjects: 0, orphanedUploads: 0, leftFiles: 0, failedRuns: 0 },
    );
    assert.ok(result.killCount >= KILLS);
    assert.ok(
      result.resentBytes <= result.resentLimitBytes,
      `${result.resentBytes} bytes sent again`,
    );
  });
});
