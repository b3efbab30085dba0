import type * as z from 'zod';

/** Reads what a schema asks of the environment; an error names every variable that is missing or wrong, not its value. */
export function readEnvironment<S extends z.ZodObject>(
  schema: S,
  environment: Readonly<Record<string, string | undefined>>,
): z.output<S> {
  const given = Object.fromEntries(Object.keys(schema.shape).map((name) => [name, environment[name] || undefined]));
  const parsed = schema.safeParse(given);
  if (parsed.success) return parsed.data;
  const wrong = parsed.error.issues.map(({ path, message, code }) => {
    const name = String(path[0]);
    return given[name] === undefined && code === 'invalid_type' ? `${name} is not set` : `${name}: ${message}`;
  });
  throw new Error(`The environment does not fit: ${wrong.join('; ')}.`);
}
