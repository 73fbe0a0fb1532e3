import assert from 'node:assert/strict';
import { compareUtf8 } from '../../../../src/engine/base/utf8Order';

describe('the order of texts by their bytes', () => {
  it('is that of the buffers, beyond the plane of two-byte units too', () => {
    const texts = ['', 'a', 'B', 'aa', 'ä', '照', '\uff5e', '😀', '😀a', '\ue000', '~', 'a/', 'a.'];
    for (const left of texts) {
      for (const right of texts) {
        const wanted = Buffer.compare(Buffer.from(left), Buffer.from(right));
        assert.equal(Math.sign(compareUtf8(left, right)), wanted, `${left} and ${right}`);
      }
    }
  });
});
