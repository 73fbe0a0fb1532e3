import {
  answererOf,
  errorOfAnswer,
  errorOfConnection,
  isErrorBody,
} from '../../../src/oss/ossErrors';
import { regionOfEndpoint } from '../../../src/engine/contract/ossHosts';
import { regionId, resolveEndpoint } from '../../../src/oss/endpoints';
import { parseXml, xmlName } from '../../../src/oss/xml';
import { aliyunProfiles } from '../../../src/oss/credentials/aliyunFile';
import { parseIni } from '../../../src/oss/credentials/iniFile';
import { ossutilProfiles } from '../../../src/oss/credentials/ossutilFile';
import { splitCommand } from '../../../src/oss/credentials/program';
import { sdkProfiles } from '../../../src/oss/credentials/sdkFile';
import { readInLinearTime } from '../../support/hostileText';

const answer = (text: string) => ({ status: 403, headers: {}, body: Buffer.from(text) });

/** All that meets what a server, a proxy or a resolver says, or a file of credentials. */
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
  parseIni,
  ossutilProfiles: (text) => ossutilProfiles(text, 'default'),
  sdkProfiles: (text) => sdkProfiles(text, 'default'),
  aliyunProfiles: (text) => aliyunProfiles(text, { environment: {}, homeFolder: '/' }),
  'aliyunProfiles, a name': (text) =>
    aliyunProfiles(JSON.stringify({ profiles: [{ name: text }] }), {
      environment: {},
      homeFolder: '/',
    }),
  // No system runs a longer one.
  splitCommand: (text) => splitCommand(text.slice(0, 128 * 1024), false),
  'resolveEndpoint, a region': (text) => resolveEndpoint('public', text, 'bucket'),
};

describe('text of a server or a file of credentials', () => {
  readInLinearTime(READERS);
});
