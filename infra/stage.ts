import { existsSync, readFileSync } from 'node:fs';
import * as z from 'zod';
import { operations } from '#contract/operations.ts';

// Stages are data: nothing in infra asks which stage it is building.

/** What CloudWatch Logs accepts as a retention, in days (PutRetentionPolicy). */
const RetentionDays = z.literal([
  1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
]);

const OperationId = z.enum(operations.map(({ id }) => id) as [string, ...string[]]);
const Throttle = z.strictObject({
  /** Requests a second, over all callers. */
  rate: z.number().positive(),
  burst: z.int().positive(),
});
const SigningKey = z.string().regex(/^[a-z0-9][a-z0-9-]{0,30}$/, 'letters, digits and inner hyphens, at most 31');

/** One installation of the product: several may share an account. */
export const Stage = z
  .strictObject({
    /** Part of every name in the account. */
    name: z.string().regex(/^[a-z][a-z0-9]{0,15}$/, 'starts with a letter, then letters and digits, at most 16'),
    /** Where it is deployed. @default the account and region of the deployer's credentials */
    account: z
      .string()
      .regex(/^\d{12}$/)
      .optional(),
    region: z
      .string()
      .regex(/^[a-z]{2}(-[a-z]+)+-\d$/)
      .optional(),

    retentionDays: z
      .strictObject({
        nodes: RetentionDays.default(30),
        functions: RetentionDays.default(30),
        access: RetentionDays.default(30),
      })
      .prefault({}),
    /** What happens to table, keys and the nodes' logs when their stack is deleted. */
    removal: z.enum(['retain', 'destroy']).default('retain'),
    /** @default made from the state stack's id; set it after a restore into a new stack */
    deploymentId: z
      .string()
      .regex(/^[0-9a-f]{12}$/)
      .optional(),
    /** A table that was restored, instead of the stack's own, which stays as it is: docs/operations.md, restore drill. */
    restoredTable: z.string().min(3).optional(),
    /** Two keys may be valid at once; `current` signs. docs/operations.md has the sequence of a rotation. */
    signing: z
      .strictObject({ keys: z.array(SigningKey).min(1).max(2), current: SigningKey })
      .default({ keys: ['first'], current: 'first' }),

    memoryMb: z.int().min(128).max(10_240).default(512),
    /** Exceptions from `memoryMb`; a whole CPU is 1,769 MB, and argon2 wants one. */
    memoryMbOf: z.partialRecord(OperationId, z.int().min(128).max(10_240)).default({
      'auth.register': 1769,
      'auth.login': 1769,
    }),
    /** Off by default: a fresh account has 10 concurrent executions, and can give none away. */
    reservedConcurrencyOf: z.partialRecord(OperationId, z.int().min(0)).default({}),
    throttle: Throttle.default({ rate: 500, burst: 1000 }),
    throttleOf: z.partialRecord(OperationId, Throttle).default({
      'auth.register': { rate: 5, burst: 10 },
      'auth.login': { rate: 20, burst: 40 },
    }),

    /** Pages that may call the API from a browser. */
    corsOrigins: z.array(z.url({ protocol: /^https?$/ })).default([]),
    domain: z
      .strictObject({
        name: z.hostname(),
        /** An ACM certificate for it, issued, in the same region. */
        certificateArn: z.string().startsWith('arn:'),
      })
      .optional(),
    /** Gets every alarm; has to confirm the subscription. */
    alarmEmail: z.email().optional(),
    /** ARN of a managed policy that bounds every role. */
    permissionsBoundary: z.string().startsWith('arn:').optional(),
    tags: z.record(z.string(), z.string()).default({}),
    tracing: z.boolean().default(false),
    /** The dashboard: three are free in an account, each further one is $3 a month. */
    dashboard: z.boolean().default(true),
    /** Further variables for the functions that read them, such as `RUNNER_PILOT_GITHUB_API_URL`. */
    settings: z.record(z.string().regex(/^RUNNER_PILOT_[A-Z0-9_]+$/), z.string()).default({}),
  })
  .refine(({ signing }) => signing.keys.includes(signing.current), {
    path: ['signing', 'current'],
    message: 'is one of signing.keys',
  })
  .refine(({ restoredTable, removal }) => restoredTable === undefined || removal === 'retain', {
    path: ['restoredTable'],
    message:
      'takes the table before it out of the stack, which would delete it: set "removal" to "retain", deploy, then this',
  });
export type Stage = z.output<typeof Stage>;

const Stages = z
  .array(Stage)
  .min(1)
  .refine((stages) => new Set(stages.map(({ name }) => name)).size === stages.length, 'two stages have the same name');

/** The stages of a file, or one called `prod` where there is none. */
export function readStages(file: URL): readonly Stage[] {
  if (!existsSync(file)) return [Stage.parse({ name: 'prod' })];
  const parsed = Stages.safeParse(JSON.parse(readFileSync(file, 'utf8')));
  if (parsed.success) return parsed.data;
  throw new Error(`${file.pathname} does not fit:\n${z.prettifyError(parsed.error)}`);
}
