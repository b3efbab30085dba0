import type { Plugin } from 'esbuild';

/** The first label of each service's host name, by the SDK's client. */
export const endpointPrefixes: Readonly<Record<string, string>> = {
  'client-cloudwatch-logs': 'logs',
  'client-dynamodb': 'dynamodb',
  'client-kms': 'kms',
  'client-ssm': 'ssm',
  'client-sts': 'sts',
};

/** What resolves a client's endpoint inside the bundle, as source: a region's public endpoint, or the one that is set. */
export const resolverOf = (prefix: string): string => `
const suffixOf = (region) =>
  region.startsWith('cn-') ? 'amazonaws.com.cn' : region.startsWith('eusc-') ? 'amazonaws.eu' : 'amazonaws.com';
export const defaultEndpointResolver = ({ Endpoint, Region, UseFIPS, UseDualStack }) => {
  if (UseFIPS || UseDualStack) throw new Error('FIPS and dual-stack endpoints are not in the bundle (infra/bundle).');
  return { url: new URL(Endpoint ?? \`https://${prefix}.\${Region}.\${suffixOf(Region)}\`), headers: {}, properties: {} };
};
`;

/** Puts a line in place of the SDK's decision diagrams, which carry every partition and option of AWS along. */
export const plainEndpoints: Plugin = {
  name: 'plain-endpoints',
  setup: ({ onLoad }) => {
    onLoad({ filter: /@aws-sdk\/client-[a-z-]+\/dist-es\/endpoint\/endpointResolver\.js$/ }, ({ path }) => {
      const prefix = endpointPrefixes[/client-[a-z-]+/.exec(path)?.[0] ?? ''];
      if (!prefix) throw new Error(`infra/bundle/endpoints.ts knows no host name for ${path}.`);
      return { contents: resolverOf(prefix), loader: 'js' };
    });
    // Only the diagrams ask for these.
    onLoad({ filter: /@aws-sdk\/core\/.*\/util-endpoints\/lib\/aws\/partitions\.js$/ }, () => ({
      contents: 'export const partitionsInfo = { version: "1.1", partitions: [] };',
      loader: 'js',
    }));
  },
};
