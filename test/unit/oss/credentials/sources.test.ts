import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join, sep } from 'node:path';
import type { CredentialsProblem, CredentialsSource } from '../../../../src/account';
import { UploadError } from '../../../../src/engine/contract/errors';
import { findCredentials } from '../../../../src/oss/foundCredentials';
import type { Machine } from '../../../../src/oss/credentials/machine';
import type { OssCredential } from '../../../oss-server/authentication';
import type { OssServer } from '../../../oss-server/server';
import { CALL, OssFixture, rejection } from '../ossFixture';
import { Issuer } from './issuer';

const KEY = 'accessKeyID=LTAI5tOne\naccessKeySecret=secret-one\n';
const TEMPORARY = 'accessKeyID=STS.Two\naccessKeySecret=secret-two\nstsToken=token-two\n';
const KNOWN: readonly OssCredential[] = [
  { accessKeyId: 'LTAI5tOne', accessKeySecret: 'secret-one' },
  { accessKeyId: 'STS.Two', accessKeySecret: 'secret-two', securityToken: 'token-two' },
  { accessKeyId: 'STS.Hash', accessKeySecret: 'secret#;hash', securityToken: 'token # hash' },
  { accessKeyId: 'LTAI5tOff', accessKeySecret: 'secret-off', disabled: true },
];
const CLI_KEY = { access_key_id: 'LTAI5tOne', access_key_secret: 'secret-one' };
const ROLE = { ram_role_arn: 'acs:ram::1:role/reader', ram_session_name: 'me' };
const STS_READER = 'AssumeRole acs:ram::1:role/reader as me for 3600 by LTAI5tOne';
const FUTURE = Math.floor(Date.now() / 1000) + 3000;
const SSO = {
  mode: 'CloudSSO',
  cloud_sso_sign_in_url: '$URL/device/login',
  cloud_sso_account_id: '7',
  cloud_sso_access_config: 'ac-1',
  access_token: 'SSO-TOKEN',
  cloud_sso_access_token_expire: FUTURE,
};
const OAUTH = {
  mode: 'OAuth',
  oauth_site_type: 'CN',
  oauth_access_token: 'OAUTH-TOKEN',
  oauth_refresh_token: 'never-used',
  oauth_access_token_expire: FUTURE,
};
const ISSUED = {
  access_key_id: 'STS.Two',
  access_key_secret: 'secret-two',
  sts_token: 'token-two',
  sts_expiration: FUTURE,
};
const METADATA = [
  'PUT api/token',
  'GET meta-data/ram/security-credentials/',
  'GET meta-data/ram/security-credentials/instance',
];
const ENVIRONMENT = {
  ALIBABA_CLOUD_ACCESS_KEY_ID: 'LTAI5tOne',
  ALIBABA_CLOUD_ACCESS_KEY_SECRET: 'secret-one',
};

/** The vendor's READMEs print it so, comments and all. */
const VENDORS_SAMPLE = `
[default]                          # Default credential
type = access_key                  # Certification type: access_key
access_key_id = LTAI5tOne          # access key id
access_key_secret = secret-one     # access key secret

[project1]                         # Another credential
enable = false                     # Disable credential
type = access_key                  # Certification type: access_key
access_key_id = LTAI5tOff          # access key id
access_key_secret = secret-off     # access key secret
`;

/** A program that prints a text. */
const program = (text: string): string =>
  `"${process.execPath}" -e 'process.stdout.write(process.argv[1])' '${text}'`;
const CLI_PROGRAM = program(
  '{"mode":"StsToken","access_key_id":"STS.Two","access_key_secret":"secret-two","sts_token":"token-two"}',
);
const OSSUTIL_PROGRAM = program('{"AccessKeyId":"LTAI5tOne","AccessKeySecret":"secret-one"}');

interface Case {
  readonly name: string;
  /** Of the home folder; `$URL` is the issuer's, `$HOME` the folder. */
  readonly files?: Readonly<Record<string, string>>;
  readonly environment?: Readonly<Record<string, string>>;
  readonly source: CredentialsSource;
  /** Which key OSS saw, or why none was used. */
  readonly signedBy: string;
  /** What the issuers were asked. */
  readonly asked?: readonly string[];
}

const ossutil = (text: string, section = ''): Pick<Case, 'files' | 'source'> => ({
  files: { '.ossutilconfig': text, token: 'OIDC-TOKEN\n' },
  source: { kind: 'ossutil', section },
});
const aliyun = (profile: object, more: object[] = []): Pick<Case, 'files' | 'source'> => ({
  files: {
    '.aliyun/config.json': JSON.stringify({
      current: 'it',
      profiles: [...more, { name: 'it', ...profile }],
    }),
    token: 'OIDC-TOKEN\n',
  },
  source: { kind: 'aliyun', profile: 'it' },
});
const sdk = (text: string, section = 'default'): Pick<Case, 'files' | 'source'> => ({
  files: { '.alibabacloud/credentials': text, token: 'OIDC-TOKEN\n' },
  source: { kind: 'sdk', section },
});
const environment = (variables: Record<string, string>): Pick<Case, 'environment' | 'source'> => ({
  environment: variables,
  source: { kind: 'environment' },
});

const CASES: readonly Case[] = [
  // ossutil
  {
    name: 'ossutil 1',
    ...ossutil(`[Credentials]\n${KEY}[Default]\nloglevel=info`),
    signedBy: 'LTAI5tOne',
  },
  { name: 'ossutil 2 with a token', ...ossutil(`[default]\n${TEMPORARY}`), signedBy: 'STS.Two' },
  {
    name: 'ossutil, AK: an old token is ignored',
    ...ossutil(`[default]\nmode=AK\n${KEY}stsToken=old`),
    signedBy: 'LTAI5tOne',
  },
  {
    name: 'ossutil, StsToken',
    ...ossutil(`[default]\nmode=StsToken\n${TEMPORARY}`),
    signedBy: 'STS.Two',
  },
  {
    name: 'ossutil, RamRoleArn: not with the bare key',
    ...ossutil(
      `[Credentials]\nmode=RamRoleArn\n${KEY}stsToken=old\nramRoleArn=acs:ram::1:role/reader\nroleSessionName=me\ntokenTimeout=900\nstsRegion=cn-beijing`,
    ),
    signedBy: 'STS.reader',
    asked: [
      'sts.cn-beijing.aliyuncs.com: AssumeRole acs:ram::1:role/reader as me for 900 by LTAI5tOne',
    ],
  },
  {
    name: 'ossutil, RamRoleArn with a temporary key',
    ...ossutil(`[default]\nmode=ramrolearn\n${TEMPORARY}role-arn=acs:ram::1:role/reader`),
    signedBy: 'STS.reader',
    asked: [
      'sts.aliyuncs.com: AssumeRole acs:ram::1:role/reader as oss-resumable-upload for 3600 by STS.Two SecurityToken=token-two',
    ],
  },
  {
    name: 'ossutil, EcsRamRole',
    ...ossutil('[default]\nmode=EcsRamRole\necsRoleName=instance'),
    signedBy: 'STS.instance',
    asked: METADATA.filter((line) => !line.endsWith('/')),
  },
  {
    name: 'ossutil, Ali-EcsRamRole',
    ...ossutil('[default]\nmode = Ali-EcsRamRole'),
    signedBy: 'STS.instance',
    asked: METADATA,
  },
  {
    name: 'ossutil 1, AkService',
    ...ossutil(
      '[Credentials]\nendpoint=x\n[AkService]\necsAk=http://100.100.100.200/latest/meta-data/Ram/security-credentials/instance',
    ),
    signedBy: 'STS.instance',
    asked: METADATA.filter((line) => !line.endsWith('/')),
  },
  {
    name: 'ossutil, oidcRoleArn',
    ...ossutil(
      '[default]\nmode=oidcRoleArn\nOIDCProviderArn=provider\nOIDCTokenFilePath=$HOME/token\nroleArn=acs:ram::1:role/reader\nroleSessionName=me',
    ),
    signedBy: 'STS.reader',
    asked: [
      'sts.aliyuncs.com: AssumeRoleWithOIDC acs:ram::1:role/reader as me for 3600 OIDCProviderArn=provider OIDCToken=OIDC-TOKEN',
    ],
  },
  {
    name: 'ossutil, Process, allowed',
    ...ossutil(`[default]\nmode=Process\ncredentialProcess=${OSSUTIL_PROGRAM}`),
    source: { kind: 'ossutil', section: '', program: OSSUTIL_PROGRAM },
    signedBy: 'LTAI5tOne',
  },
  {
    name: 'ossutil, Process, not allowed',
    ...ossutil(`[default]\nmode=Process\ncredentialProcess=${OSSUTIL_PROGRAM}`),
    signedBy: 'ProgramNotAllowed',
  },
  {
    name: 'ossutil, source-profile',
    ...ossutil(
      `[default]\n${KEY}[profile work]\nsource-profile=default\nmode=RamRoleArn\nroleArn=acs:ram::1:role/reader\nroleSessionName=me`,
      'work',
    ),
    signedBy: 'STS.reader',
    asked: [`sts.aliyuncs.com: ${STS_READER}`],
  },
  {
    name: 'ossutil, source-profile in a circle',
    ...ossutil('[profile a]\nsource-profile=b\n[profile b]\nsource-profile=a', 'a'),
    signedBy: 'ProfileCircle',
  },
  {
    name: 'ossutil, Anonymous',
    ...ossutil(`[default]\nmode=Anonymous\n${KEY}`),
    signedBy: 'ModeNotSupported',
  },
  {
    name: 'ossutil, StsToken without a token',
    ...ossutil(`[default]\nmode=StsToken\n${KEY}`),
    signedBy: 'EntryMissing',
  },
  {
    name: 'ossutil, RamRoleArn without a role',
    ...ossutil(`[default]\nmode=RamRoleArn\n${KEY}`),
    signedBy: 'EntryMissing',
  },
  {
    name: 'ossutil, another file and profile',
    files: { 'else/config': `[profile Work]\n${KEY}` },
    environment: { OSSUTIL_CONFIG_FILE: '~/else/config', OSSUTIL_PROFILE: 'work' },
    source: { kind: 'ossutil', section: 'work' },
    signedBy: 'LTAI5tOne',
  },
  // Alibaba Cloud CLI
  {
    name: 'CLI, AK: an old token is ignored',
    ...aliyun({ mode: 'AK', ...CLI_KEY, sts_token: 'old' }),
    signedBy: 'LTAI5tOne',
  },
  { name: 'CLI, StsToken', ...aliyun({ ...ISSUED, mode: 'StsToken' }), signedBy: 'STS.Two' },
  {
    name: 'CLI without mode, with a role',
    ...aliyun({ ...CLI_KEY, ...ROLE }),
    signedBy: 'STS.reader',
    asked: [`sts.aliyuncs.com: ${STS_READER}`],
  },
  {
    name: 'CLI, RamRoleArn with everything',
    ...aliyun({
      mode: 'RamRoleArn',
      ...CLI_KEY,
      ...ROLE,
      expired_seconds: 1800,
      external_id: 'ext',
      policy: '{}',
      sts_region: 'cn-shanghai',
      enable_vpc: true,
    }),
    signedBy: 'STS.reader',
    asked: [
      'sts-vpc.cn-shanghai.aliyuncs.com: AssumeRole acs:ram::1:role/reader as me for 1800 by LTAI5tOne ExternalId=ext Policy={}',
    ],
  },
  {
    name: 'CLI, RamRoleArn at an endpoint of STS',
    ...aliyun({
      mode: 'RamRoleArn',
      ...CLI_KEY,
      ...ROLE,
      sts_endpoint: 'https://sts.eu-central-1.aliyuncs.com/',
    }),
    signedBy: 'STS.reader',
    asked: [`sts.eu-central-1.aliyuncs.com: ${STS_READER}`],
  },
  {
    name: 'CLI, ChainableRamRoleArn over a role of the instance',
    ...aliyun({ mode: 'ChainableRamRoleArn', source_profile: 'ecs', ...ROLE }, [
      { name: 'ecs', mode: 'EcsRamRole' },
    ]),
    signedBy: 'STS.reader',
    asked: [
      ...METADATA,
      'sts.aliyuncs.com: AssumeRole acs:ram::1:role/reader as me for 3600 by STS.instance SecurityToken=token-of-instance',
    ],
  },
  {
    name: 'CLI, RamRoleArnWithRoleName',
    ...aliyun({ mode: 'RamRoleArnWithRoleName', ram_role_name: 'instance', ...ROLE }),
    signedBy: 'STS.reader',
    asked: [
      ...METADATA.filter((line) => !line.endsWith('/')),
      'sts.aliyuncs.com: AssumeRole acs:ram::1:role/reader as me for 3600 by STS.instance SecurityToken=token-of-instance',
    ],
  },
  {
    name: 'CLI, a chain in a circle',
    ...aliyun({ mode: 'ChainableRamRoleArn', source_profile: 'it', ...ROLE }),
    signedBy: 'ProfileCircle',
  },
  {
    name: 'CLI, a chain to nowhere',
    ...aliyun({ mode: 'ChainableRamRoleArn', source_profile: 'gone', ...ROLE }),
    signedBy: 'NoSuchProfile',
  },
  {
    name: 'CLI, EcsRamRole that is not there',
    ...aliyun({ mode: 'EcsRamRole', ram_role_name: 'other' }),
    signedBy: 'NoInstanceRole',
    asked: ['PUT api/token', 'GET meta-data/ram/security-credentials/other'],
  },
  {
    name: 'CLI, OIDC',
    ...aliyun({
      mode: 'OIDC',
      oidc_provider_arn: 'provider',
      oidc_token_file: '$HOME/token',
      ...ROLE,
    }),
    signedBy: 'STS.reader',
    asked: [
      'sts.aliyuncs.com: AssumeRoleWithOIDC acs:ram::1:role/reader as me for 3600 OIDCProviderArn=provider OIDCToken=OIDC-TOKEN',
    ],
  },
  {
    name: 'CLI, OIDC without its file',
    ...aliyun({ mode: 'OIDC', oidc_provider_arn: 'p', oidc_token_file: '$HOME/gone', ...ROLE }),
    signedBy: 'FileUnreadable',
  },
  {
    name: 'CLI, CredentialsURI',
    ...aliyun({ mode: 'CredentialsURI', credentials_uri: '$URL/uri' }),
    signedBy: 'STS.uri',
    asked: ['GET the URI'],
  },
  {
    name: 'CLI, CredentialsURI over http to elsewhere',
    ...aliyun({ mode: 'CredentialsURI', credentials_uri: 'http://example.com/' }),
    signedBy: 'PlainHttp',
  },
  { name: 'CLI, CloudSSO while it lasts', ...aliyun({ ...SSO, ...ISSUED }), signedBy: 'STS.Two' },
  {
    name: 'CLI, CloudSSO renewed',
    ...aliyun({ ...SSO, ...ISSUED, sts_expiration: 1000 }),
    signedBy: 'STS.sso',
    asked: ['CloudSSO {"AccountId":"7","AccessConfigurationId":"ac-1"} Bearer SSO-TOKEN'],
  },
  {
    name: 'CLI, CloudSSO that is over',
    ...aliyun({ ...SSO, cloud_sso_access_token_expire: 1000 }),
    signedBy: 'SignInOver',
  },
  {
    name: 'CLI, CloudSSO that was ended',
    ...aliyun({ ...SSO, access_token: 'ENDED' }),
    signedBy: 'SignInOver',
    asked: ['CloudSSO {"AccountId":"7","AccessConfigurationId":"ac-1"} Bearer ENDED'],
  },
  {
    name: 'CLI, CloudSSO over http to elsewhere',
    ...aliyun({ ...SSO, cloud_sso_sign_in_url: 'http://example.com/' }),
    signedBy: 'PlainHttp',
  },
  { name: 'CLI, OAuth while it lasts', ...aliyun({ ...OAUTH, ...ISSUED }), signedBy: 'STS.Two' },
  {
    name: 'CLI, OAuth renewed',
    ...aliyun(OAUTH),
    signedBy: 'STS.oauth',
    asked: ['oauth.aliyun.com/v1/exchange Bearer OAUTH-TOKEN'],
  },
  {
    name: 'CLI, OAuth of the international site',
    ...aliyun({ ...OAUTH, oauth_site_type: 'INTL' }),
    signedBy: 'STS.oauth',
    asked: ['oauth.alibabacloud.com/v1/exchange Bearer OAUTH-TOKEN'],
  },
  {
    name: 'CLI, OAuth of another site',
    ...aliyun({ ...OAUTH, oauth_site_type: 'evil.com/' }),
    signedBy: 'ValueNotUsable',
  },
  {
    name: 'CLI, OAuth that is over',
    ...aliyun({ ...OAUTH, oauth_access_token_expire: 1000 }),
    signedBy: 'SignInOver',
  },
  {
    name: 'CLI, External, allowed',
    ...aliyun({ mode: 'External', process_command: CLI_PROGRAM }),
    source: { kind: 'aliyun', profile: 'it', program: CLI_PROGRAM },
    signedBy: 'STS.Two',
  },
  {
    name: 'CLI, External, never asked',
    ...aliyun({ mode: 'External', process_command: CLI_PROGRAM }),
    signedBy: 'ProgramNotAllowed',
  },
  {
    name: 'CLI, External, another command than was allowed',
    ...aliyun({ mode: 'External', process_command: CLI_PROGRAM }),
    source: { kind: 'aliyun', profile: 'it', program: `${CLI_PROGRAM} ` },
    signedBy: 'ProgramNotAllowed',
  },
  {
    name: 'CLI, External at the start of a chain, never asked',
    ...aliyun({ mode: 'ChainableRamRoleArn', source_profile: 'p', ...ROLE }, [
      { name: 'p', mode: 'External', process_command: CLI_PROGRAM },
    ]),
    signedBy: 'ProgramNotAllowed',
  },
  {
    name: 'CLI, External that prints no key',
    ...aliyun({ mode: 'External', process_command: program('secret') }),
    source: { kind: 'aliyun', profile: 'it', program: program('secret') },
    signedBy: 'ProgramFailed',
  },
  {
    name: 'CLI, External that is not there',
    ...aliyun({ mode: 'External', process_command: '/no/such --x' }),
    source: { kind: 'aliyun', profile: 'it', program: '/no/such --x' },
    signedBy: 'ProgramFailed',
  },
  {
    name: 'CLI, External where it is forbidden',
    environment: { ALIBABA_CLOUD_DISABLE_EXTERNAL_PROCESS: 'TRUE' },
    ...aliyun({ mode: 'External', process_command: CLI_PROGRAM }),
    source: { kind: 'aliyun', profile: 'it', program: CLI_PROGRAM },
    signedBy: 'Forbidden',
  },
  ...['RsaKeyPair', 'BearerToken', 'Anonymous', 'Invented'].map((mode) => ({
    name: `CLI, ${mode}`,
    ...aliyun({ mode, ...CLI_KEY }),
    signedBy: 'ModeNotSupported',
  })),
  {
    name: 'CLI, sts_region that leads elsewhere',
    ...aliyun({ mode: 'RamRoleArn', ...CLI_KEY, ...ROLE, sts_region: 'evil.com/?' }),
    signedBy: 'ValueNotUsable',
  },
  {
    name: 'CLI, sts_endpoint that leads elsewhere',
    ...aliyun({ mode: 'RamRoleArn', ...CLI_KEY, ...ROLE, sts_endpoint: 'sts.evil.com' }),
    signedBy: 'ValueNotUsable',
  },
  {
    name: 'CLI, STS does not know the key',
    ...aliyun({ mode: 'RamRoleArn', ...ROLE, access_key_id: 'LTAI5tGone', access_key_secret: 'x' }),
    signedBy: 'InvalidAccessKeyId.NotFound',
    asked: ['sts.aliyuncs.com: AssumeRole acs:ram::1:role/reader as me for 3600 by LTAI5tGone'],
  },
  {
    name: 'CLI, the key is disabled at STS',
    ...aliyun({
      mode: 'RamRoleArn',
      ...ROLE,
      access_key_id: 'LTAI5tOff',
      access_key_secret: 'secret-off',
    }),
    signedBy: 'InvalidAccessKeyId.Inactive',
    asked: ['sts.aliyuncs.com: AssumeRole acs:ram::1:role/reader as me for 3600 by LTAI5tOff'],
  },
  {
    name: 'CLI, STS takes the token for none',
    ...aliyun({ mode: 'RamRoleArn', ...CLI_KEY, ...ROLE, sts_token: 'junk' }),
    signedBy: 'InvalidSecurityToken.Malformed',
    asked: [`sts.aliyuncs.com: ${STS_READER} SecurityToken=junk`],
  },
  // The SDKs
  {
    name: 'SDK, access_key',
    ...sdk('[default]\ntype=access_key\naccess_key_id=LTAI5tOne\naccess_key_secret=secret-one'),
    signedBy: 'LTAI5tOne',
  },
  {
    name: 'SDK, sts',
    ...sdk(
      '[default]\ntype = sts\naccess_key_id = STS.Two\naccess_key_secret = secret-two\nsecurity_token = token-two',
    ),
    signedBy: 'STS.Two',
  },
  {
    name: 'SDK, ram_role_arn',
    ...sdk(
      '[work]\ntype=ram_role_arn\naccess_key_id=LTAI5tOne\naccess_key_secret=secret-one\nrole_arn=acs:ram::1:role/reader\nrole_session_name=me',
      'work',
    ),
    signedBy: 'STS.reader',
    asked: [`sts.aliyuncs.com: ${STS_READER}`],
  },
  {
    name: 'SDK, ecs_ram_role',
    ...sdk('[default]\ntype=ecs_ram_role\nrole_name=instance'),
    signedBy: 'STS.instance',
    asked: METADATA.filter((line) => !line.endsWith('/')),
  },
  {
    name: 'SDK, oidc_role_arn',
    ...sdk(
      '[default]\ntype=oidc_role_arn\noidc_provider_arn=provider\noidc_token_file_path=$HOME/token\nrole_arn=acs:ram::1:role/reader\nrole_session_name=me',
    ),
    signedBy: 'STS.reader',
    asked: [
      'sts.aliyuncs.com: AssumeRoleWithOIDC acs:ram::1:role/reader as me for 3600 OIDCProviderArn=provider OIDCToken=OIDC-TOKEN',
    ],
  },
  {
    name: 'SDK, rsa_key_pair',
    ...sdk('[default]\ntype=rsa_key_pair\npublic_key_id=x\nprivate_key_file=y'),
    signedBy: 'ModeNotSupported',
  },
  {
    name: 'SDK without type',
    ...sdk('[default]\naccess_key_id=LTAI5tOne\naccess_key_secret=secret-one'),
    signedBy: 'EntryMissing',
  },
  {
    name: 'SDK, as the vendor prints it',
    ...sdk(VENDORS_SAMPLE),
    signedBy: 'LTAI5tOne',
  },
  {
    name: 'SDK, as the vendor prints it, switched off',
    ...sdk(VENDORS_SAMPLE, 'project1'),
    signedBy: 'NoSuchProfile',
  },
  {
    name: 'SDK, comments behind quotes, and what is none',
    ...sdk(
      `[a#b]; a title\r\ntype = "sts"\t; "quoted"\r\naccess_key_id = 'STS.Hash' # it's\r\naccess_key_secret = secret#;hash\r\nsecurity_token = "token # hash"`,
      'a#b',
    ),
    signedBy: 'STS.Hash',
  },
  {
    name: 'SDK, a title that is not closed',
    ...sdk(
      '[default]\ntype=access_key\naccess_key_id=LTAI5tOne\naccess_key_secret=secret-one\n[work\naccess_key_id=LTAI5tOther',
    ),
    signedBy: 'LTAI5tOne',
  },
  {
    name: 'SDK, another file',
    files: {
      'else.ini':
        '[default]\ntype=access_key\naccess_key_id=LTAI5tOne\naccess_key_secret=secret-one',
    },
    environment: { ALIBABA_CLOUD_CREDENTIALS_FILE: '$HOME/else.ini' },
    source: { kind: 'sdk', section: 'default' },
    signedBy: 'LTAI5tOne',
  },
  // The environment
  { name: 'environment, key', ...environment(ENVIRONMENT), signedBy: 'LTAI5tOne' },
  {
    name: 'environment, key of ossutil',
    ...environment({
      OSS_ACCESS_KEY_ID: 'STS.Two',
      OSS_ACCESS_KEY_SECRET: 'secret-two',
      OSS_SESSION_TOKEN: 'token-two',
    }),
    signedBy: 'STS.Two',
  },
  {
    name: 'environment, key and role',
    ...environment({
      ...ENVIRONMENT,
      ALIBABA_CLOUD_ROLE_ARN: 'acs:ram::1:role/reader',
      ALIBABA_CLOUD_ROLE_SESSION_NAME: 'me',
    }),
    signedBy: 'STS.reader',
    asked: [`sts.aliyuncs.com: ${STS_READER}`],
  },
  {
    name: 'environment, half of a key',
    ...environment({ ALIBABA_CLOUD_ACCESS_KEY_ID: 'LTAI5tOne' }),
    signedBy: 'EntryMissing',
  },
  {
    name: 'environment, STS that leads elsewhere',
    ...environment({
      ...ENVIRONMENT,
      ALIBABA_CLOUD_ROLE_ARN: 'a',
      ALIBABA_CLOUD_STS_REGION: 'evil.com/?',
    }),
    signedBy: 'ValueNotUsable',
  },
  {
    name: 'environment, OIDC',
    files: { token: 'OIDC-TOKEN' },
    environment: {
      ALIBABA_CLOUD_ROLE_ARN: 'acs:ram::1:role/reader',
      ALIBABA_CLOUD_OIDC_PROVIDER_ARN: 'provider',
      ALIBABA_CLOUD_OIDC_TOKEN_FILE: '$HOME/token',
      ALIBABA_CLOUD_ROLE_SESSION_NAME: 'me',
    },
    source: { kind: 'oidc' },
    signedBy: 'STS.reader',
    asked: [
      'sts.aliyuncs.com: AssumeRoleWithOIDC acs:ram::1:role/reader as me for 3600 OIDCProviderArn=provider OIDCToken=OIDC-TOKEN',
    ],
  },
  {
    name: 'environment, URI',
    source: { kind: 'uri', url: '$URL/uri' },
    signedBy: 'STS.uri',
    asked: ['GET the URI'],
  },
  {
    name: 'environment, URI that is no web address',
    source: { kind: 'uri', url: 'file:///etc/passwd' },
    signedBy: 'ValueNotUsable',
  },
  {
    name: 'role of the instance',
    source: { kind: 'ecsRamRole', role: '' },
    signedBy: 'STS.instance',
    asked: METADATA,
  },
  {
    name: 'a typed key with blanks around',
    source: {
      kind: 'accessKey',
      key: { accessKeyId: ' LTAI5tOne\n', accessKeySecret: '\tsecret-one ', securityToken: ' ' },
    },
    signedBy: 'LTAI5tOne',
  },
  { name: 'an empty environment', source: { kind: 'environment' }, signedBy: 'NoCredentials' },
  {
    name: 'a file that is gone',
    source: { kind: 'aliyun', profile: 'it' },
    signedBy: 'NoCredentials',
  },
];

const fixture = new OssFixture();

/** A home folder with these files. */
async function machineWith(
  files: Readonly<Record<string, string>> = {},
  variables: Readonly<Record<string, string>> = {},
  url = '',
): Promise<Machine> {
  const homeFolder = await fixture.folder();
  const filled = (text: string): string =>
    text.replaceAll('$URL', url).replaceAll('$HOME', homeFolder.replaceAll('\\', '\\\\'));
  for (const [name, text] of Object.entries(files)) {
    await mkdir(join(homeFolder, name, '..'), { recursive: true });
    await writeFile(join(homeFolder, name), filled(text));
  }
  const environment = Object.fromEntries(
    Object.entries(variables).map(([name, text]) => [name, text.replaceAll('$HOME', homeFolder)]),
  );
  return { environment, homeFolder };
}

describe('sources of credentials', () => {
  let server: OssServer;
  let issuer: Issuer;

  beforeEach(async () => {
    server = await fixture.server({ credentials: KNOWN.map((each) => ({ ...each })) });
    issuer = await Issuer.start(server.credentials);
  });
  afterEach(async () => {
    issuer.close();
    await fixture.close();
  });

  /** The key of the last request that OSS accepted, or the code of the failure. */
  async function signer(source: CredentialsSource, machine: Machine): Promise<string> {
    return (await failure(source, machine))?.code ?? server.operations.at(-1)?.accessKeyId ?? '';
  }

  async function failure(
    source: CredentialsSource,
    machine: Machine,
  ): Promise<UploadError | undefined> {
    const filled =
      source.kind === 'uri' ? { ...source, url: source.url.replace('$URL', issuer.url) } : source;
    const oss = fixture.oss(server.endpoint, { machine, issuers: issuer.issuers });
    try {
      await oss.account.checkCredentials({ source: filled }, CALL);
    } catch (error) {
      assert.ok(UploadError.is(error));
      assert.doesNotMatch(error.message, /secret|LTAI5t|TOKEN/, 'nothing of a key is told');
      assert.deepEqual(server.operations, [], 'nothing was sent to OSS');
      return error;
    }
    return undefined;
  }

  for (const { name, files, environment: variables, source, signedBy, asked = [] } of CASES) {
    it(`${name}: ${signedBy}`, async () => {
      const machine = await machineWith(files, variables, issuer.url);
      const before = await contents(machine.homeFolder);
      assert.equal(await signer(source, machine), signedBy);
      assert.deepEqual(issuer.asked, asked);
      assert.deepEqual(
        await contents(machine.homeFolder),
        before,
        "the vendor's files are as before",
      );
    });
  }

  it('signs no link that lives longer than its key', async () => {
    const key = {
      AccessKeyId: 'STS.Two',
      AccessKeySecret: 'secret-two',
      SecurityToken: 'token-two',
    };
    const Expiration = new Date(Date.now() + 630_000).toISOString();
    issuer.instead = () => ({ body: JSON.stringify({ ...key, Expiration }) });
    const source = { kind: 'uri', url: `${issuer.url}/uri` } as const;
    const credentials = () => Promise.resolve(source);
    const { account } = fixture.oss(server.endpoint, { credentials });
    assert.equal(await account.longestLinkSeconds(''), 600);
    const target = { bucket: 'photos', key: 'a', region: 'cn-hangzhou', profile: '' };
    for (const seconds of [60, 600, 43_200]) {
      const url = new URL(await account.signedUrl(target, seconds));
      const signed = Number(url.searchParams.get('x-oss-expires'));
      assert.ok(signed <= Math.min(seconds, 630) && signed >= Math.min(seconds, 600), `${signed}`);
    }
  });

  for (const offsetMs of [7_200_000, -7_200_000]) {
    it(`assumes a role, and keeps its key, with a clock ${offsetMs} ms off`, async () => {
      issuer.clockOffsetMs = server.clockOffsetMs = offsetMs;
      const profile = { name: 'it', ...CLI_KEY, ...ROLE, mode: 'RamRoleArn' };
      const config = JSON.stringify({ profiles: [profile] });
      const machine = await machineWith({ '.aliyun/config.json': config });
      const { openStore, account } = fixture.oss(server.endpoint, {
        machine,
        issuers: issuer.issuers,
        credentials: () => Promise.resolve({ kind: 'aliyun', profile: 'it' }),
      });
      await openStore({ bucket: 'photos', key: 'k', region: 'cn-hangzhou', profile: '' });
      assert.equal(issuer.asked.length, 2);
      await account.listBuckets({ profile: '' }, CALL);
      issuer.asked.length = 0;
      for (let count = 0; count < 3; count += 1) await account.listBuckets({ profile: '' }, CALL);
      assert.deepEqual(issuer.asked, []);
    });
  }

  it('looks for another key of a profile when one is refused', async () => {
    const config = (token: string): string =>
      JSON.stringify({ profiles: [{ name: 'it', ...ISSUED, mode: 'StsToken', sts_token: token }] });
    const machine = await machineWith({ '.aliyun/config.json': config('over') });
    const source = { kind: 'aliyun', profile: 'it' } as const;
    const { account } = fixture.oss(server.endpoint, {
      machine,
      credentials: () => Promise.resolve(source),
    });
    const profile = { profile: '' };
    assert.equal((await rejection(account.listBuckets(profile, CALL))).kind, 'credentials');
    await writeFile(join(machine.homeFolder, '.aliyun/config.json'), config('token-two'));
    // The clock as well: a key that is refused does not hide behind it.
    server.clockOffsetMs = 7_200_000;
    assert.equal((await account.listBuckets(profile, CALL)).length, 1);
    server.clockOffsetMs = 0;
  });

  it('asks an old instance without a session, unless that is forbidden', async () => {
    issuer.insistsOnSession = false;
    const source = { kind: 'ecsRamRole', role: '' } as const;
    assert.equal(await signer(source, await machineWith()), 'STS.instance');
  });

  it('does not ask without a session where the environment forbids it', async () => {
    issuer.insistsOnSession = false;
    const machine = await machineWith({}, { ALIBABA_CLOUD_IMDSV1_DISABLED: 'true' });
    assert.equal(await signer({ kind: 'ecsRamRole', role: '' }, machine), 'Forbidden');
    assert.deepEqual(issuer.asked, ['PUT api/token']);
  });

  it('says that an instance has no role', async () => {
    issuer.instanceRole = '';
    assert.equal(
      await signer({ kind: 'ecsRamRole', role: '' }, await machineWith()),
      'NoInstanceRole',
    );
  });

  for (const [what, answer, code] of [
    [
      'leads elsewhere',
      { status: 302, headers: { location: 'http://127.0.0.1:1/' }, body: '' },
      'Http302',
    ],
    [
      'is endless',
      { body: `{"AccessKeyId":"${'x'.repeat(70_000)}","AccessKeySecret":"y"}` },
      'AnswerTooLong',
    ],
    ['is no JSON', { body: 'LTAI5tOne' }, 'Http200'],
    ['says nothing', { status: 500, body: '' }, 'Http500'],
    [
      'names its refusal in a strange way',
      { status: 400, body: '{"Code":"LTAI5tOne secret"}' },
      'Http400',
    ],
  ] as const) {
    it(`takes no key from an answer that ${what}`, async () => {
      issuer.instead = () => answer;
      assert.equal(await signer({ kind: 'uri', url: '$URL/uri' }, await machineWith()), code);
      assert.deepEqual(issuer.asked, ['GET /uri'], 'asked once, and nobody else');
    });
  }

  for (const [asked, { files = {}, source }] of [
    ['STS', aliyun({ mode: 'RamRoleArn', ...CLI_KEY, ...ROLE })],
    ['the metadata service', { source: { kind: 'ecsRamRole', role: '' } }],
    ['the metadata service, for a role', { source: { kind: 'ecsRamRole', role: 'instance' } }],
    ['a credentials URI', { source: { kind: 'uri', url: '$URL/uri' } }],
    ['a sign-in', aliyun(OAUTH)],
  ] as const) {
    it(`takes what a proxy says for no word of ${asked}`, async () => {
      const machine = await machineWith(files);
      for (const [status, kind] of [
        [200, 'badResponse'],
        [403, 'refused'],
        [407, 'refused'],
        [502, 'server'],
        [511, 'badResponse'],
      ] as const) {
        issuer.instead = () => ({ status, body: '<html>Please log in, LTAI5tOne</html>' });
        const error = await failure(source, machine);
        const { code, isForeign } = error ?? {};
        assert.deepEqual([error?.kind, code, isForeign], [kind, `Http${status}`, true]);
      }
      issuer.instead = () => ({ status: 403, body: '{"Code":"NoPermission","RequestId":"r"}' });
      assert.equal((await failure(source, machine))?.kind, 'credentials');
    });
  }

  it('waits for a metadata service that answers drop by drop no longer than 3 s', async () => {
    issuer.instead = () => ({ drips: true, body: '' });
    const source = { kind: 'ecsRamRole', role: '' } as const;
    assert.equal(await signer(source, await machineWith()), 'AnswerTimeout');
  }).timeout(10_000);

  it('goes on with what was issued while the sign-in cannot be renewed', async () => {
    const soon = Math.floor(Date.now() / 1000) + 60;
    const { files, source } = aliyun({ ...OAUTH, ...ISSUED, sts_expiration: soon });
    issuer.instead = () => ({ status: 500, body: '' });
    assert.equal(await signer(source, await machineWith(files)), 'STS.Two');
    assert.deepEqual(issuer.asked, ['POST /oauth.aliyun.com/v1/exchange']);
  });

  describe('the list', () => {
    const list = async (machine: Machine) => {
      const found = await findCredentials(machine);
      assert.doesNotMatch(JSON.stringify(found), /secret-|"token|TOKEN/);
      return found.map(({ source, problem, program: command, maskedId, region, bucket }) => [
        source,
        ...(problem === undefined ? [] : [problem]),
        ...[command, maskedId, region, bucket].filter((text) => text !== ''),
      ]);
    };
    const problem = (code: string, subject: string): CredentialsProblem =>
      ({ code, subject }) as CredentialsProblem;

    it('has what lies ready, with the hints beside it, and the chosen profile first', async () => {
      const machine = await machineWith(
        {
          '.ossutilconfig': `[default]\n${KEY}endpoint=oss-cn-beijing.aliyuncs.com\n[profile Work]\naccessKeyId=LTAI5tWorkWorkWork\naccessKeySecret=x\nregion=cn-shanghai\nbucket=photos`,
          '.aliyun/config.json': JSON.stringify({
            current: 'a',
            profiles: [
              { name: 'a', mode: 'AK', ...CLI_KEY },
              { name: 'b', mode: 'EcsRamRole', region_id: 'cn-beijing' },
              { name: 'c', mode: 'External', process_command: 'get-key --user me' },
            ],
          }),
          '.alibabacloud/credentials': '[default]\ntype=ecs_ram_role\n[b]\ntype=ecs_ram_role',
        },
        {
          OSS_ACCESS_KEY_ID: 'LTAI5tEnvironment1234',
          OSS_ACCESS_KEY_SECRET: 'secret-environment',
          OSS_REGION: 'oss-cn-shanghai',
          ALIBABA_CLOUD_CREDENTIALS_URI: 'http://127.0.0.1:1/',
          ALIBABA_CLOUD_ECS_METADATA: 'my-role',
          OSSUTIL_PROFILE: 'WORK',
          ALIBABA_CLOUD_PROFILE: 'b',
        },
      );
      assert.deepEqual(await list(machine), [
        [{ kind: 'environment' }, 'LTAI****1234', 'cn-shanghai'],
        [{ kind: 'uri', url: 'http://127.0.0.1:1/' }, 'cn-shanghai'],
        [{ kind: 'ecsRamRole', role: 'my-role' }, 'cn-shanghai'],
        [{ kind: 'ossutil', section: 'work' }, 'LTAI****Work', 'cn-shanghai', 'photos'],
        [{ kind: 'ossutil', section: '' }, '****', 'cn-beijing'],
        [{ kind: 'aliyun', profile: 'b' }, 'cn-beijing'],
        [{ kind: 'aliyun', profile: 'a' }, '****'],
        [{ kind: 'aliyun', profile: 'c' }, 'get-key --user me'],
        [{ kind: 'sdk', section: 'b' }],
        [{ kind: 'sdk', section: 'default' }],
      ]);
    });

    it('has what is switched on in the sample that the vendor prints', async () => {
      const machine = await machineWith({ '.alibabacloud/credentials': VENDORS_SAMPLE });
      assert.deepEqual(await list(machine), [[{ kind: 'sdk', section: 'default' }, '****']]);
    });

    it('has what cannot be used, with the reason', async () => {
      const machine = await machineWith(
        {
          '.ossutilconfig': `[default]\nmode=Anonymous\n[profile half]\naccessKeyId=LTAI5tHalfHalfHalf\n[profile timeouts]\nregion=x`,
          '.aliyun/config.json': JSON.stringify({
            profiles: [
              { name: 'rsa', mode: 'RsaKeyPair' },
              { name: 'over', ...OAUTH, oauth_access_token_expire: 5 },
              {
                name: 'two words',
                ...SSO,
                cloud_sso_sign_in_url: 'https://x',
                cloud_sso_access_token_expire: 5,
              },
              { name: 'evil', mode: 'RamRoleArn', ...CLI_KEY, ...ROLE, sts_region: 'evil.com/?' },
            ],
          }),
          '.alibabacloud/credentials': '[default]\nbearer=x',
        },
        {
          ALIBABA_CLOUD_ACCESS_KEY_SECRET: 'secret-environment',
          ALIBABA_CLOUD_OIDC_TOKEN_FILE: '/x',
          ALIBABA_CLOUD_CREDENTIALS_URI: 'http://example.com/',
          ALIBABA_CLOUD_ECS_METADATA: 'my-role',
          ALIBABA_CLOUD_ECS_METADATA_DISABLED: 'true',
        },
      );
      assert.deepEqual(await list(machine), [
        [{ kind: 'environment' }, problem('EntryMissing', 'ALIBABA_CLOUD_ACCESS_KEY_ID')],
        [{ kind: 'oidc' }, problem('EntryMissing', 'ALIBABA_CLOUD_OIDC_PROVIDER_ARN')],
        [
          { kind: 'uri', url: 'http://example.com/' },
          problem('PlainHttp', 'ALIBABA_CLOUD_CREDENTIALS_URI'),
        ],
        [
          { kind: 'ecsRamRole', role: 'my-role' },
          problem('Forbidden', 'ALIBABA_CLOUD_ECS_METADATA_DISABLED'),
        ],
        [{ kind: 'ossutil', section: '' }, problem('ModeNotSupported', 'Anonymous')],
        [
          { kind: 'ossutil', section: 'half' },
          problem('EntryMissing', 'accessKeySecret'),
          'LTAI****Half',
        ],
        [{ kind: 'aliyun', profile: 'rsa' }, problem('ModeNotSupported', 'RsaKeyPair')],
        [
          { kind: 'aliyun', profile: 'over' },
          problem('SignInOver', 'aliyun configure --profile over'),
        ],
        [
          { kind: 'aliyun', profile: 'two words' },
          problem('SignInOver', 'aliyun configure --profile "two words"'),
        ],
        [{ kind: 'aliyun', profile: 'evil' }, problem('ValueNotUsable', 'sts_region'), '****'],
        [{ kind: 'sdk', section: 'default' }, problem('EntryMissing', 'type')],
      ]);
    });

    it('names files that are broken, too large or no files, and waits for no pipe', async function () {
      const machine = await machineWith({
        '.aliyun/config.json': '{"access_key_secret": "secret-broken"',
        '.alibabacloud/credentials': '#'.repeat((1 << 20) + 1),
      });
      const pipe = join(machine.homeFolder, '.ossutilconfig');
      if (process.platform === 'win32') await mkdir(pipe);
      else execFileSync('mkfifo', [pipe]);
      assert.deepEqual(await list(machine), [
        [{ kind: 'ossutil', section: '' }, problem('FileNotUsable', '~/.ossutilconfig')],
        [{ kind: 'aliyun', profile: '' }, problem('FileNotJson', '~/.aliyun/config.json')],
        [{ kind: 'sdk', section: '' }, problem('FileNotUsable', '~/.alibabacloud/credentials')],
      ]);
    });

    it('is empty where there is nothing or nonsense', async () => {
      assert.deepEqual(await list(await machineWith()), []);
      for (const text of ['', '=', '[', '[]\n=x', '{"json":1}', '\0\0', '[default]']) {
        assert.deepEqual(await list(await machineWith({ '.ossutilconfig': text })), [], text);
      }
      for (const text of ['', '[1]', '7', '{"profiles":{}}', '{"profiles":[1,null,{}]}']) {
        assert.deepEqual(await list(await machineWith({ '.aliyun/config.json': text })), [], text);
      }
    });

    it('has the settings of the CLI also where it keeps them on Windows', async () => {
      const config = JSON.stringify({ profiles: [{ name: 'a', mode: 'EcsRamRole' }] });
      const { homeFolder } = await machineWith({ 'me/.aliyun/config.json': config });
      const variables = { HOMEDRIVE: homeFolder, HOMEPATH: `${sep}me` };
      assert.equal((await list(await machineWith({}, variables))).length, 1);
      const here = await machineWith(
        { '.aliyun/config.json': config },
        { HOMEDRIVE: 'H:', HOMEPATH: '\\' },
      );
      assert.equal((await list(here)).length, 1);
    });

    it('grows with the number of profiles, not with its square', async function () {
      this.timeout(20_000);
      const timeMs = async (count: number): Promise<number> => {
        const names = Array.from({ length: count }, (_, index) => `profile-${index}`);
        const machine = await machineWith({
          '.ossutilconfig': names.map((name) => `[profile ${name}]\n${KEY}`).join(''),
          '.aliyun/config.json': JSON.stringify({
            profiles: names.map((name, index) => ({
              name,
              mode: 'ChainableRamRoleArn',
              source_profile: `profile-${index + 1}`,
              ...ROLE,
            })),
          }),
          '.alibabacloud/credentials': names
            .map((name) => `[${name}]\ntype=ecs_ram_role\n`)
            .join(''),
        });
        let bestMs = Number.POSITIVE_INFINITY;
        for (let round = 0; round < 5; round += 1) {
          const before = process.cpuUsage();
          assert.equal((await findCredentials(machine)).length, 3 * count);
          const { user, system } = process.cpuUsage(before);
          bestMs = Math.min(bestMs, (user + system) / 1000);
        }
        return bestMs;
      };
      const [small, large] = [await timeMs(1000), await timeMs(4000)];
      assert.ok(large < 8 * small + 20, `${small} ms became ${large} ms`);
    });
  });
});

/** Every file under a folder, with its text. */
async function contents(folder: string): Promise<Record<string, string>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
  return Object.fromEntries(
    await Promise.all(
      files.sort().map(async (file) => [file, await readFile(file, 'utf8')] as const),
    ),
  );
}
