import * as z from 'zod';

// https://docs.aws.amazon.com/systems-manager/latest/userguide/documents-schemas-features.html

const Step = z.strictObject({
  action: z.literal('aws:runShellScript'),
  name: z.string().regex(/^[a-zA-Z0-9_]{1,64}$/),
  precondition: z.strictObject({ StringEquals: z.tuple([z.literal('platformType'), z.string()]) }).optional(),
  inputs: z.strictObject({
    runCommand: z.array(z.string()).min(1),
    timeoutSeconds: z.coerce.number().int().min(1).default(3600),
    workingDirectory: z.string().optional(),
  }),
});
export type Step = z.output<typeof Step>;

/** A command document without parameters. What goes beyond that is refused at the start, not ignored at the run. */
const Document = z.strictObject({
  schemaVersion: z.literal('2.2'),
  description: z.string().optional(),
  parameters: z.record(z.string(), z.never()).optional(),
  mainSteps: z.array(Step).min(1),
});
export type Document = z.output<typeof Document>;

/** Reads a document's content: JSON, or the same as data. */
export function parseDocument(name: string, content: unknown): Document {
  const parsed = Document.safeParse(typeof content === 'string' ? JSON.parse(content) : content);
  if (parsed.success) return parsed.data;
  const where = parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; ');
  throw new Error(`Local SSM can't run the document ${name}: ${where}`);
}

/** The longest that a run may take: what a command waits for at most, once it has been delivered. */
export function executionSeconds({ mainSteps }: Document): number {
  return mainSteps.reduce((sum, { inputs }) => sum + inputs.timeoutSeconds, 0);
}
