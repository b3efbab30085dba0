import type * as z from 'zod';
import { awsFault } from './fault.ts';
import type { Policy } from './policy.ts';

/** Who has signed a request. */
export interface Caller {
  readonly arn: string;
  readonly userId: string;
  /** Present if the credentials are temporary: what they may do at most. */
  readonly session?: { readonly policy: Policy | undefined };
}

/** An operation of a service, once it knows its input. */
export interface Call {
  /** The ARN that IAM decides about. */
  readonly resource: string;
  run(caller: Caller): object | Promise<object>;
}

/** Checks the input of an operation. `code` is what this service calls input that doesn't fit. */
export type Operation = (input: unknown, code: string) => Call;

/**
 * Describes an operation. Members that the schema doesn't know are refused rather than ignored: what is not reproduced
 * must not look as if it were.
 */
export function operation<S extends z.ZodObject>(
  input: S,
  resource: (input: z.output<S>) => string,
  run: (input: z.output<S>, caller: Caller) => object | Promise<object>,
): Operation {
  const strict = input.strict();
  return (raw, code) => {
    const parsed = strict.safeParse(raw);
    if (!parsed.success) throw awsFault(code, describe(parsed.error.issues, raw));
    const value = parsed.data as z.output<S>;
    return { resource: resource(value), run: (caller) => run(value, caller) };
  };
}

/** https://docs.aws.amazon.com/kms/latest/APIReference/CommonErrors.html words it like this, and so do the services. */
function describe(issues: readonly z.core.$ZodIssue[], raw: unknown): string {
  const all = issues.map((issue) => {
    if (issue.code === 'unrecognized_keys') return `${issue.keys.join(', ')}: not reproduced by the local cloud`;
    const name = issue.path.map((part) => (typeof part === 'number' ? `${part + 1}.member` : String(part))).join('.');
    const value = issue.path.reduce<unknown>((inner, part) => Object(inner)[part], raw);
    const shown = value === undefined || value === null ? 'null' : `'${shorten(value)}'`;
    return `Value ${shown} at '${name}' failed to satisfy constraint: ${constraint(issue, value)}`;
  });
  return `${all.length} validation error${all.length === 1 ? '' : 's'} detected: ${all.join('; ')}`;
}

function constraint(issue: z.core.$ZodIssue, value: unknown): string {
  if (value === undefined || value === null) return 'Member must not be null';
  switch (issue.code) {
    case 'too_small':
    case 'too_big': {
      const bound = issue.code === 'too_small' ? issue.minimum : issue.maximum;
      const way = issue.code === 'too_small' ? 'greater' : 'less';
      const what = issue.origin === 'string' || issue.origin === 'array' ? 'length' : 'value';
      return `Member must have ${what} ${way} than or equal to ${bound}`;
    }
    case 'invalid_value':
      return `Member must satisfy enum value set: [${issue.values.join(', ')}]`;
    case 'invalid_format':
      return issue.format === 'regex' && issue.pattern
        ? `Member must satisfy regular expression pattern: ${issue.pattern.replace(/^\/\^?|\$?\/[a-z]*$/g, '')}`
        : issue.message;
    default:
      return issue.message;
  }
}

function shorten(value: unknown): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return text.length > 256 ? `${text.slice(0, 256)}…` : text;
}
