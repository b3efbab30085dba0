/** The one index: what must be looked at again, oldest first. Sparse, keys only, and only a hint. */
export const dueIndex = 'due';

/** The attribute that says when a row may go (epoch seconds); whoever reads checks it too, for DynamoDB takes its time. */
export const ttlAttribute = 'expires_at';

/** The table without its name, as `CreateTable` takes it: the source of the stack's table and of the local one. */
export const tableDescription = {
  BillingMode: 'PAY_PER_REQUEST',
  AttributeDefinitions: [
    { AttributeName: 'pk', AttributeType: 'S' },
    { AttributeName: 'sk', AttributeType: 'S' },
    { AttributeName: 'due_index', AttributeType: 'S' },
    { AttributeName: 'due', AttributeType: 'N' },
  ],
  KeySchema: [
    { AttributeName: 'pk', KeyType: 'HASH' },
    { AttributeName: 'sk', KeyType: 'RANGE' },
  ],
  GlobalSecondaryIndexes: [
    {
      IndexName: dueIndex,
      KeySchema: [
        { AttributeName: 'due_index', KeyType: 'HASH' },
        { AttributeName: 'due', KeyType: 'RANGE' },
      ],
      Projection: { ProjectionType: 'KEYS_ONLY' },
    },
  ],
} as const;
