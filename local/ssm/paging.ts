import * as z from 'zod';
import { awsFault } from '../aws/fault.ts';

/** The members of a list operation's input that say which page. */
export function pageInput(minimum: number, maximum: number) {
  return {
    MaxResults: z.int().min(minimum).max(maximum).default(maximum),
    NextToken: z.string().min(1).optional(),
  };
}

/** The page that begins where the token says: it is the id of the first item. */
export function paginate<T>(
  items: readonly T[],
  idOf: (item: T) => string,
  { MaxResults, NextToken }: { MaxResults: number; NextToken?: string | undefined },
): { items: T[]; next: { NextToken?: string } } {
  const start = NextToken === undefined ? 0 : items.findIndex((item) => idOf(item) === NextToken);
  if (start < 0) throw awsFault('InvalidNextToken', 'The specified token is not valid.');
  const following = items[start + MaxResults];
  return {
    items: items.slice(start, start + MaxResults),
    next: following === undefined ? {} : { NextToken: idOf(following) },
  };
}
