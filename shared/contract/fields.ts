import * as z from 'zod';

/** A time: RFC 3339 in UTC. */
export const Timestamp = z.iso.datetime().meta({ description: 'RFC 3339, UTC' });

/** An id in a reply: a UUIDv7. */
export const Uid = z.string().max(64).meta({ description: 'UUIDv7: lists in order of creation come free' });

/** An id in a path: what is unknown is 404, whatever its form. */
export const PathId = z.string().min(1).max(64);

/** No query parameters. */
export const NoQuery = z.strictObject({});

/** No path parameters. */
export const NoParams = z.strictObject({});

/** A path inside an organization. */
export const OrgParams = z.strictObject({ org_id: PathId });

/** A whole number in a query string. */
export const queryInteger = (min: number, max: number) =>
  z
    .string()
    .max(10)
    .regex(/^\d+$/, 'must be a whole number')
    .transform(Number)
    .pipe(z.int().min(min, `must be at least ${min}`).max(max, `must be at most ${max}`));

/** A yes or no in a query string. */
export const QueryFlag = z.enum(['true', 'false'], 'must be true or false').transform((flag) => flag === 'true');

/** What every list takes: at most `limit` items (without it 1,000), from `cursor` on. */
export const pageQuery = {
  limit: queryInteger(1, 1000).optional(),
  cursor: z.string().min(1).max(512).optional(),
};

/** Something that somebody should see to; nothing was refused because of it. */
export const Warning = z.object({ code: z.string(), detail: z.string() });

/** The answer to a deletion. */
export const Deleted = z.object({ message: z.string() });
