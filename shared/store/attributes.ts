import type { AttributeValue } from '@aws-sdk/client-dynamodb';

const plain = (value: AttributeValue): unknown => {
  if (value.N !== undefined) return Number(value.N);
  if (value.NULL) return null;
  if (value.L) return value.L.map(plain);
  if (value.M) return plainRow(value.M);
  return value.S ?? value.BOOL;
};

/** A row that came with an error: the document client translates answers, but not errors. */
export const plainRow = (row: Readonly<Record<string, AttributeValue>>): Readonly<Record<string, unknown>> =>
  Object.fromEntries(Object.entries(row).map(([name, value]) => [name, plain(value)]));
