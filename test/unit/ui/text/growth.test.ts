import { UploadError } from '../../../../src/engine/index';
import { redact } from '../../../../src/engine/base/redact';
import { shownValue } from '../../../../src/engine/base/shownValue';
import { checkBucketEndpoint, checkEndpoint } from '../../../../src/engine/contract/endpoint';
import {
  checkBucketName,
  checkObjectKey,
  checkRegion,
  parsePartSize,
  validateObjectOptions,
  validateRequest,
} from '../../../../src/engine/contract/validate';
import { exclusionOf, readGlob } from '../../../../src/engine/file/globs';
import { readJournal } from '../../../../src/engine/record/journal';
import {
  callbackProblem,
  headerProblem,
  metadataProblem,
  tagsProblem,
  trafficLimitProblem,
} from '../../../../src/ui/ask/upload/objectOptionsModel';
import { parseCallOptions } from '../../../../src/ui/ask/upload/uploadApi';
import { readUploadSettings, readWindowSettings } from '../../../../src/ui/settings/settingsModel';
import { errorDetails } from '../../../../src/ui/text/errorDetails';
import {
  accessKeyIdProblem,
  expandPrefix,
  normalizePrefix,
  numberedKey,
  prefixProblem,
  profileProblem,
  secretProblem,
  tokenProblem,
  unseenProblem,
  urlBaseProblem,
} from '../../../../src/ui/text/keyNames';
import { keyName } from '../../../../src/ui/text/localPaths';
import { describeError } from '../../../../src/ui/text/messages';
import { plainText } from '../../../../src/ui/text/plainText';
import { ramPolicy } from '../../../../src/ui/text/ramPolicy';
import { routeDoubt } from '../../../../src/ui/text/routeDoubt';
import { fileName, keyFolder } from '../../../../src/ui/text/transferFacts';
import { readInLinearTime } from '../../../support/hostileText';
import { english } from '../snapshots';

const errorOf = (text: string): UploadError =>
  new UploadError('refused', text, { code: text, ec: text, key: text, sourcePath: text });

/** Globs and ignore files are cut before: what one glob may cost is tested at its greatest length. */
const GLOB = 1000;
/** No system has longer paths. */
const PATH = 32 * 1024;

/** All that meets what a repository, another extension or the user writes. */
const READERS: Readonly<Record<string, (text: string) => unknown>> = {
  redact,
  plainText,
  shownValue,
  'shownValue, a list': (text) => shownValue([text, [text], { [text]: text }]),
  errorDetails: (text) => errorDetails(errorOf(text)),
  describeError: (text) => describeError(errorOf(text), {}, english),
  'the settings of uploads': (text) => readUploadSettings(() => text),
  'the settings of uploads, in lists': (text) => readUploadSettings(() => [text]),
  'the settings of the window': (text) => readWindowSettings(() => text),
  parseCallOptions: (text) => parseCallOptions({ bucket: text }),
  'parseCallOptions, a prefix': (text) => parseCallOptions({ prefix: text }),
  prefixProblem,
  checkEndpoint,
  checkBucketEndpoint,
  urlBaseProblem,
  unseenProblem,
  profileProblem,
  accessKeyIdProblem,
  secretProblem,
  tokenProblem: (text) => tokenProblem(text, text),
  routeDoubt: (text) => routeDoubt(text, text),
  'routeDoubt, a host': (text) => routeDoubt(`http://${text}`, undefined),
  normalizePrefix,
  expandPrefix: (text) =>
    expandPrefix(text, { filePath: '/a/b', workspaceFolderPath: '/a', now: new Date(0) }),
  numberedKey: (text) => numberedKey(text, 1),
  keyName: (text) => keyName(`/a/${text}`, text),
  fileName,
  keyFolder,
  ramPolicy: (text) => ramPolicy([{ target: { bucket: text, key: text } }]),
  checkBucketName,
  checkRegion,
  checkObjectKey,
  parsePartSize,
  validateRequest: (text) => {
    validateRequest({
      filePath: text,
      target: { bucket: text, key: text, region: text, profile: text },
      options: { partSizeBytes: 1, parallel: 1, forbidOverwrite: true, object: {} },
    });
  },
  'validateObjectOptions, tags': (text) => {
    validateObjectOptions({ tags: { [text]: text } });
  },
  'validateObjectOptions, a header': (text) => {
    validateObjectOptions({ contentType: text, metadata: { a: text } });
  },
  tagsProblem,
  metadataProblem,
  headerProblem,
  callbackProblem,
  trafficLimitProblem,
  'exclusionOf, a glob': (text) => exclusionOf([text], 'linux'),
  'exclusionOf, many globs': (text) => exclusionOf(text.match(/[^]{1,100}/g) ?? [], 'linux'),
  'exclusionOf, a path': (text) =>
    exclusionOf(['*a*a*a*a*b', '**/*a*/**/*b', '**/[!b]*?c'], 'linux')(
      text.slice(0, PATH).split('/'),
      false,
    ),
  'a glob and a path': (text) => {
    const glob = text.slice(0, GLOB);
    return exclusionOf([`${glob}*b`], 'linux')(['a'.repeat(255), text.slice(0, PATH)], false);
  },
  'a line of an ignore file': (text) =>
    readGlob(text.slice(0, 64 * 1024), { platform: 'win32', isGit: true }),
  readJournal: (text) => readJournal('checkpoint', Buffer.from(text)),
};

describe('text of a repository, of another extension or of the user', () => {
  readInLinearTime(READERS);
});
