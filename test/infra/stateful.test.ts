import { expect, test } from 'vitest';
import type { Property, Template } from './synth.ts';
import { synthesize } from './synth.ts';

// CloudFormation makes a resource anew when its logical id changes, or a property that can't be updated. For these that
// would be a new, empty table, or keys that no stored secret and no token fits. Whoever changes a line below has to
// say how what is there gets over.

const replacedBy: Readonly<Record<string, readonly string[]>> = {
  'AWS::DynamoDB::Table': ['TableName', 'KeySchema', 'LocalSecondaryIndexes'],
  'AWS::KMS::Key': ['KeySpec', 'KeyUsage', 'MultiRegion', 'Origin'],
  'AWS::Logs::LogGroup': ['LogGroupName'],
};

/** Of what keeps state: what it is called, and what it can't change without being made anew. */
const identities = ({ Resources }: Template): Record<string, Record<string, Property | undefined>> =>
  Object.fromEntries(
    Object.entries(Resources).flatMap(([id, { Type, Properties }]) => {
      const fixed = replacedBy[Type];
      return fixed ? [[`${Type} ${id}`, Object.fromEntries(fixed.map((name) => [name, Properties[name]]))]] : [];
    }),
  );

const agreed = {
  'AWS::DynamoDB::Table Table': {
    TableName: undefined,
    KeySchema: [
      { AttributeName: 'pk', KeyType: 'HASH' },
      { AttributeName: 'sk', KeyType: 'RANGE' },
    ],
    LocalSecondaryIndexes: undefined,
  },
  'AWS::KMS::Key DataKey17AFBB84': {
    KeySpec: undefined,
    KeyUsage: undefined,
    MultiRegion: undefined,
    Origin: undefined,
  },
  'AWS::KMS::Key SigningKeyfirst375D5524': {
    KeySpec: 'ECC_NIST_P256',
    KeyUsage: 'SIGN_VERIFY',
    MultiRegion: undefined,
    Origin: undefined,
  },
  'AWS::Logs::LogGroup NodesLogsD01F69D9': { LogGroupName: '/runner-pilot/prod/nodes' },
};

test('renaming or replacing what keeps state fails here before it does in an account', async () => {
  const { state } = await synthesize();

  expect(identities(state)).toEqual(agreed);
});

test('no option of a stage but its name makes it anew', async () => {
  const { state } = await synthesize({
    retentionDays: { nodes: 90 },
    tags: { team: 'ci' },
    deploymentId: 'b6c1d2e3f4a5',
    permissionsBoundary: 'arn:aws:iam::111122223333:policy/Boundary',
    alarmEmail: 'infrastructure@example.com',
    tracing: true,
  });

  expect(identities(state)).toEqual(agreed);
});

test('a second signing key is added beside the first one', async () => {
  const { state } = await synthesize({ signing: { keys: ['first', 'second'], current: 'first' } });

  expect(identities(state)).toMatchObject(agreed);
  expect(Object.keys(identities(state))).toHaveLength(Object.keys(agreed).length + 1);
});

test('a restored table takes the place of the stack’s own, which stays, and nothing else changes', async () => {
  const before = await synthesize();
  const after = await synthesize({ restoredTable: 'restored' });

  const { Table, ...others } = before.state.Resources;
  expect(Table).toMatchObject({ DeletionPolicy: 'RetainExceptOnCreate' });
  expect(Table?.Properties).toMatchObject({ DeletionProtectionEnabled: true });
  const renamed = Object.entries(others).map(([id, resource]) => {
    const { Properties } = resource;
    const isName = Properties.Name === '/runner-pilot/prod/state/table';
    return [id, isName ? { ...resource, Properties: { ...Properties, Value: 'restored' } } : resource] as const;
  });
  expect(after.state.Resources).toEqual(Object.fromEntries(renamed));
  expect(after.service).toEqual(before.service);
});

// "Each resource to import must have a DeletionPolicy attribute" (CloudFormation, resource import); by its command line
// only what is new in a template is imported, and the rest of it follows at the next deployment.
test('a restored table is imported by its name alone, with nothing beside it', async () => {
  const deployed = (await synthesize({ restoredTable: 'restored' })).state;
  const wanted = (await synthesize()).state;

  const added = Object.entries(wanted.Resources).filter(([id]) => !(id in deployed.Resources));
  expect(added).toEqual([
    ['Table', expect.objectContaining({ Type: 'AWS::DynamoDB::Table', DeletionPolicy: expect.any(String) })],
  ]);
  expect(Object.keys(deployed.Resources).filter((id) => !(id in wanted.Resources))).toEqual([]);
  expect(added[0]?.[1].Properties).not.toHaveProperty('TableName');
  expect(wanted.Outputs).toEqual(deployed.Outputs);
});

test('a table that would be deleted is not replaced by a restored one', async () => {
  await expect(synthesize({ restoredTable: 'restored', removal: 'destroy' })).rejects.toThrow(/would delete it/);
});
