import assert from 'node:assert/strict';
import { actionLabel, withDomains } from '../../../../src/ui/text/buttons';
import { chinese, english } from '../snapshots';

const asked = [{ kind: 'chooseDomain' }, { kind: 'openHelp' }] as const;

function labels(addresses: readonly string[] | undefined, { l10n } = english): string[] {
  return withDomains(asked, addresses).map((action) => actionLabel(action, l10n));
}

describe('buttons of a message that asks for a domain', () => {
  const one = 'https://img.example.com';

  it('take the only one there is by a click, and others by a list', () => {
    assert.deepEqual(labels([one]), [`Use ${one}`, 'Choose Another...', 'Open Help']);
    assert.deepEqual(labels([one, 'http://b.example.com']), ['Choose Domain...', 'Open Help']);
    assert.deepEqual(labels([]), ['Choose Domain...', 'Open Help']);
    assert.equal(labels([one], chinese)[0], `使用 ${one}`);
  });

  it('leave out the domain that does not work any more', () => {
    const actions = withDomains(asked, ['https://dead.example.com', one], 'dead.example.com');
    assert.deepEqual(actions[0], { kind: 'useDomain', address: one });
    assert.deepEqual(withDomains(asked, [one], 'img.example.com')[0], { kind: 'chooseDomain' });
  });

  it('open the setting where that says the address already', () => {
    const actions = withDomains(asked, undefined);
    assert.deepEqual(actions[0], { kind: 'openSettings', query: 'ossUpload.bucketEndpoints' });
  });

  it('are left as they are in other messages', () => {
    assert.deepEqual(withDomains([{ kind: 'retry' }], [one]), [{ kind: 'retry' }]);
  });
});
