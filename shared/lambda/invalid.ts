import * as z from 'zod';
import type { InvalidMember } from '#domain/problem.ts';

/** Members whose value is never repeated in an answer. */
const secretMembers = new Set(['password', 'github_runner_token', 'code', 'secret', 'token']);

const nouns: Readonly<Record<string, string>> = {
  string: 'a string',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'an array',
  object: 'an object',
  record: 'an object',
  null: 'null',
};

function shown(issue: z.core.$ZodIssue): string {
  if (issue.input === undefined) return '';
  if (issue.path.some((part) => secretMembers.has(String(part)))) return '';
  const text = JSON.stringify(issue.input) ?? typeof issue.input;
  return `, not ${text.length > 80 ? `${text.slice(0, 80)}…` : text}`;
}

function wanted(issue: z.core.$ZodIssue): string {
  // What our own schemas say begins with "must"; the rest is said here, so that no table of zod's is needed.
  if (issue.message.startsWith('must ')) return issue.message;
  switch (issue.code) {
    case 'invalid_type':
      return `must be ${nouns[issue.expected] ?? issue.expected}`;
    case 'invalid_value':
      return `must be ${issue.values.map((value) => JSON.stringify(value)).join(' or ')}`;
    case 'too_big':
      return `must be at most ${issue.maximum}${issue.origin === 'string' ? ' characters' : ''}`;
    case 'too_small':
      return `must be at least ${issue.minimum}${issue.origin === 'string' ? ' characters' : ''}`;
    case 'invalid_format':
      return `must have the form of ${issue.format}`;
    default:
      return 'must have another form';
  }
}

/** The names that an object inside a schema knows. */
function namesAt(schema: z.core.$ZodType, path: readonly PropertyKey[]): readonly string[] {
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodNullable) return namesAt(schema.unwrap(), path);
  if (schema instanceof z.ZodArray) return namesAt(schema.element, path.slice(1));
  if (!(schema instanceof z.ZodObject)) return [];
  const [name, ...rest] = path;
  if (name === undefined) return Object.keys(schema.shape);
  const inner: z.core.$ZodType | undefined = schema.shape[String(name)];
  return inner ? namesAt(inner, rest) : [];
}

const pathOf = (root: string, path: readonly PropertyKey[]): string =>
  path.reduce<string>(
    (text, part) => (typeof part === 'number' ? `${text}[${part}]` : `${text}.${String(part)}`),
    root,
  );

/** What is wrong with a part of a request (`body`, `query`, `path`), one entry for each member. */
export function invalidMembers(root: string, schema: z.ZodType, error: z.ZodError): readonly InvalidMember[] {
  return error.issues.flatMap((issue): InvalidMember[] => {
    if (issue.code === 'unrecognized_keys') {
      const known = namesAt(schema, issue.path);
      const hint = known.length === 0 ? 'nothing is known here' : `known are ${known.join(', ')}`;
      return issue.keys.map((key) => ({
        path: pathOf(root, [...issue.path, key.slice(0, 64)]),
        message: `is not known: ${hint}`,
      }));
    }
    const missing = issue.input === undefined && issue.code !== 'custom';
    return [
      { path: pathOf(root, issue.path), message: `${missing ? 'is missing: ' : ''}${wanted(issue)}${shown(issue)}` },
    ];
  });
}
