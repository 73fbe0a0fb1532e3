import assert from 'node:assert/strict';
import { ToastPace } from '../../../../src/ui/editor/toastPace';

/** What the workbench does with notifications that come at these times: shown or only counted. */
function shownByWorkbench(timesMs: readonly number[]): boolean[] {
  let since = Number.NEGATIVE_INFINITY;
  let count = 0;
  return timesMs.map((at) => {
    if (at - since > 800) {
      since = at;
      count = 0;
    }
    count++;
    return count <= 3;
  });
}

describe('pace of notifications', () => {
  it('holds up nobody as long as the workbench shows all', () => {
    const pace = new ToastPace();
    assert.deepEqual(
      [0, 10, 20, 5000, 5400, 6100].map((at) => pace.take(at)),
      [0, 0, 0, 0, 0, 0],
    );
  });

  it('lets a burst through in threes, none of which the workbench drops', () => {
    const pace = new ToastPace();
    const asked = [0, 0, 0, 5, 5, 300, 310, 900, 1500, 1500, 1500, 1501, 1502];
    const opened = asked.map((at) => at + pace.take(at));
    assert.deepEqual(opened.slice(0, 7), [0, 0, 0, 1000, 1000, 1000, 2000]);
    assert.ok(shownByWorkbench(opened).every(Boolean), String(opened));
    assert.ok(!shownByWorkbench(asked).every(Boolean));
  });

  it('resolves at once when there is room', async () => {
    const pace = new ToastPace();
    let isThere = false;
    void pace.turn().then(() => {
      isThere = true;
    });
    await Promise.resolve();
    await Promise.resolve();
    assert.ok(isThere);
  });
});
