import assert from 'node:assert/strict';
import type { AccessKey, CredentialsSource } from '../../../../src/account';
import { CachedKey, ProfileKey, renewTimeMs } from '../../../../src/oss/credentials/renewableKey';
import { rejection } from '../ossFixture';

const MINUTE_MS = 60_000;

const key = (name: string): AccessKey => ({
  accessKeyId: `LTAI5t${name}`,
  accessKeySecret: `secret-${name}`,
});

describe('a key that is renewed', () => {
  describe('CachedKey', () => {
    it('renews some minutes before the end, and a short one not at once', () => {
      assert.equal(renewTimeMs(60 * MINUTE_MS, 0), 55 * MINUTE_MS);
      assert.equal(renewTimeMs(4 * MINUTE_MS, 0), 2 * MINUTE_MS);
      assert.equal(renewTimeMs(undefined, 0), 5 * MINUTE_MS);
    });

    it('reads once for callers at the same time, and again when it is time', async () => {
      let nowMs = 0;
      let reads = 0;
      const cached = new CachedKey(
        () => {
          reads += 1;
          return Promise.resolve({ key: key(`${reads}`), expiresMs: nowMs + 60 * MINUTE_MS });
        },
        () => nowMs,
      );
      const keys = await Promise.all([cached.get(), cached.get(), cached.get()]);
      assert.deepEqual(keys, [key('1'), key('1'), key('1')]);
      nowMs = 54 * MINUTE_MS;
      assert.deepEqual(await cached.get(), key('1'));
      nowMs = 55 * MINUTE_MS;
      assert.deepEqual(await cached.get(), key('2'));
    });

    it('goes on with a valid key when it cannot be renewed, and not with another', async () => {
      let nowMs = 0;
      let works = true;
      const cached = new CachedKey(
        () =>
          works
            ? Promise.resolve({ key: key('1'), expiresMs: 60 * MINUTE_MS })
            : Promise.reject(new Error('down')),
        () => nowMs,
      );
      await cached.get();
      works = false;
      nowMs = 59 * MINUTE_MS;
      assert.deepEqual(await cached.get(), key('1'));
      nowMs = 60 * MINUTE_MS;
      await assert.rejects(cached.get(), /down/);
    });
  });

  describe('ProfileKey', () => {
    const renewing = () => {
      let issuedCount = 0;
      let nowMs = 0;
      const source: CredentialsSource = { kind: 'ecsRamRole', role: 'r' };
      const now = () => nowMs;
      const profile = new ProfileKey(
        () => Promise.resolve(source),
        () =>
          new CachedKey(() => {
            issuedCount += 1;
            return Promise.resolve({
              key: key(`${issuedCount}`),
              expiresMs: nowMs + 60 * MINUTE_MS,
            });
          }, now),
        now,
      );
      return {
        profile,
        count: () => issuedCount,
        wait: (ms: number) => {
          nowMs += ms;
        },
      };
    };

    it('renews once for all requests that were refused together', async () => {
      const { profile, count, wait } = renewing();
      assert.deepEqual(await profile.get(), key('1'));
      assert.deepEqual(await Promise.all([profile.refresh(), profile.refresh()]), [true, true]);
      wait(1000);
      assert.equal(await profile.refresh(), true, 'a straggler signed with the old key');
      assert.equal(count(), 2);
      wait(MINUTE_MS);
      assert.equal(await profile.refresh(), true);
      assert.equal(count(), 3);
      assert.deepEqual(await profile.get(), key('3'));
    });

    it('has no hope when the same key comes again or none', async () => {
      let source: CredentialsSource | undefined = { kind: 'accessKey', key: key('1') };
      const profile = new ProfileKey(
        () => Promise.resolve(source),
        () => new CachedKey(() => Promise.resolve({ key: key('1') })),
      );
      await profile.get();
      assert.equal(await profile.refresh(), false);
      source = undefined;
      assert.equal(await profile.refresh(), false);
      assert.equal((await rejection(profile.get())).kind, 'noCredentials');
    });
  });
});
