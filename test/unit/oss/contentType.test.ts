import assert from 'node:assert/strict';
import { contentTypeOf } from '../../../src/oss/contentType';

describe('contentTypeOf', () => {
  for (const [key, type] of [
    ['a.txt', 'text/plain; charset=utf-8'],
    ['a/B.HTML', 'text/html; charset=utf-8'],
    ['a.json', 'application/json; charset=utf-8'],
    ['a.svg', 'image/svg+xml; charset=utf-8'],
    ['a.js', 'text/javascript; charset=utf-8'],
    ['a.css', 'text/css; charset=utf-8'],
    ['a.md', 'text/markdown; charset=utf-8'],
    ['main.ts', 'text/plain; charset=utf-8'],
    ['App.vue', 'text/plain; charset=utf-8'],
    ['video.mp4', 'video/mp4'],
    ['photo.JPG', 'image/jpeg'],
    ['a.tar.gz', 'application/gzip'],
    ['a.apk', 'application/vnd.android.package-archive'],
    ['a.docx', 'application/vnd.openxmlformats-officedocument.wordprocessingml.document'],
    ['live.m3u8', 'application/vnd.apple.mpegurl'],
    ['a.odt', 'application/vnd.oasis.opendocument.text'],
    ['a.psd', 'image/vnd.adobe.photoshop'],
    ['a.rpm', 'application/x-redhat-package-manager'],
    ['a.usdz', 'model/vnd.usdz+zip'],
    ['README', 'application/octet-stream'],
    ['a.b/README', 'application/octet-stream'],
    ['dir/.gitignore', 'application/octet-stream'],
    ['a.unknown-thing', 'application/octet-stream'],
    ['a.', 'application/octet-stream'],
  ] as const) {
    it(`says ${type} of ${key}`, () => {
      assert.equal(contentTypeOf(key), type);
    });
  }
});
