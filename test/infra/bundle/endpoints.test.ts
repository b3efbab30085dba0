import { pathToFileURL } from 'node:url';
import { describe, expect, test } from 'vitest';
import { endpointPrefixes, resolverOf } from '#infra/bundle/endpoints.ts';

const regions = [
  'eu-central-1',
  'us-east-1',
  'ap-southeast-7',
  'il-central-1',
  'us-gov-west-1',
  'cn-north-1',
  'eusc-de-east-1',
];

interface Resolver {
  defaultEndpointResolver(parameters: object): { url: URL };
}

const ours = (prefix: string): Promise<Resolver> =>
  import(`data:text/javascript,${encodeURIComponent(resolverOf(prefix))}`);
const theirs = (client: string): Promise<Resolver> =>
  import(pathToFileURL(`node_modules/@aws-sdk/${client}/dist-es/endpoint/endpointResolver.js`).href);

describe.each(Object.entries(endpointPrefixes))('%s', (client, prefix) => {
  test.each(regions)('reaches in %s what the SDK would', async (Region) => {
    const parameters = { Region, UseFIPS: false, UseDualStack: false };

    const [here, there] = await Promise.all([ours(prefix), theirs(client)]);

    expect(here.defaultEndpointResolver(parameters).url.href).toBe(there.defaultEndpointResolver(parameters).url.href);
  });

  test('goes where it is sent', async () => {
    const { defaultEndpointResolver } = await ours(prefix);

    expect(defaultEndpointResolver({ Region: 'local', Endpoint: 'http://127.0.0.1:8000' }).url.origin).toBe(
      'http://127.0.0.1:8000',
    );
  });

  test('says that it has no FIPS endpoints, instead of using others', async () => {
    const { defaultEndpointResolver } = await ours(prefix);

    expect(() => defaultEndpointResolver({ Region: 'us-east-1', UseFIPS: true })).toThrow('FIPS');
  });
});
