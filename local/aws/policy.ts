import * as z from 'zod';
import { awsFault } from './fault.ts';

// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html

/** Policy variables are not reproduced: taken literally, one in a Deny would allow too much. */
const Pattern = z.string().regex(/^(?!.*\$\{)/s, 'has a policy variable');
const OneOrMore = z.union([Pattern, z.array(Pattern).min(1)]).transform((value) => [value].flat());

const Statement = z
  .strictObject({
    Sid: z.string().optional(),
    Effect: z.enum(['Allow', 'Deny']),
    Action: OneOrMore.optional(),
    NotAction: OneOrMore.optional(),
    Resource: OneOrMore.optional(),
    NotResource: OneOrMore.optional(),
  })
  .refine((one) => (one.Action === undefined) !== (one.NotAction === undefined))
  .refine((one) => (one.Resource === undefined) !== (one.NotResource === undefined));

/** A session policy. Conditions are not reproduced, and so are refused: ignoring one would allow too much. */
const PolicyDocument = z.strictObject({
  Version: z.enum(['2012-10-17', '2008-10-17']).optional(),
  Id: z.string().optional(),
  Statement: z.union([Statement, z.array(Statement).min(1)]).transform((value) => [value].flat()),
});
export type Policy = z.output<typeof PolicyDocument>;

/** Reads a policy from its text. */
export function parsePolicy(text: string): Policy {
  const parsed = PolicyDocument.safeParse(parseJson(text));
  if (parsed.success) return parsed.data;
  const where = parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; ');
  throw awsFault('MalformedPolicyDocument', `Syntax errors in policy, or what the local cloud does not know: ${where}`);
}

/** An explicit Deny wins; without an Allow it is no. */
export function allows(policy: Policy, action: string, resource: string): boolean {
  const effects = policy.Statement.filter((one) => applies(one, action, resource)).map((one) => one.Effect);
  return effects.includes('Allow') && !effects.includes('Deny');
}

function applies(one: Policy['Statement'][number], action: string, resource: string): boolean {
  const lower = (pattern: string): string => pattern.toLowerCase();
  const named = one.Action
    ? matchesAny(one.Action.map(lower), action.toLowerCase())
    : !matchesAny((one.NotAction ?? []).map(lower), action.toLowerCase());
  const reaches = one.Resource ? matchesAny(one.Resource, resource) : !matchesAny(one.NotResource ?? [], resource);
  return named && reaches;
}

const matchesAny = (patterns: readonly string[], text: string): boolean =>
  patterns.some((pattern) => matches(pattern, text));

/** `*` is any characters and `?` is one. Linear in time but for the stars: no regular expression to be bombed. */
function matches(pattern: string, text: string): boolean {
  let [at, position, star, resumeAt] = [0, 0, -1, 0];
  while (position < text.length) {
    if (pattern[at] === '*') [star, resumeAt, at] = [at, position, at + 1];
    else if (pattern[at] === '?' || pattern[at] === text[position]) [at, position] = [at + 1, position + 1];
    else if (star >= 0) {
      resumeAt += 1;
      [at, position] = [star + 1, resumeAt];
    } else return false;
  }
  while (pattern[at] === '*') at += 1;
  return at === pattern.length;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw awsFault('MalformedPolicyDocument', 'The policy is not in the valid JSON format.');
  }
}
