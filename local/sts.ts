import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto';
import { join } from 'node:path';
import * as z from 'zod';
import { loadOrCreate } from './aws/disk.ts';
import { accessDenied, awsFault } from './aws/fault.ts';
import { accessKeyId } from './aws/installation.ts';
import { operation } from './aws/operation.ts';
import { parsePolicy } from './aws/policy.ts';
import type { AwsService, Session } from './aws.ts';

/** What {@link openSts} needs. */
export interface StsOptions {
  /** The data folder: the key that seals sessions is in its `keys`. */
  readonly dataFolder: string;
  readonly accountId: string;
  readonly now?: () => number;
}

/** What a session token holds. The issuer keeps nothing: tokens stay good over a restart. */
const Sealed = z.strictObject({
  accessKeyId: z.string(),
  secretAccessKey: z.string(),
  expiresAt: z.int(),
  arn: z.string(),
  userId: z.string(),
  policy: z.string().optional(),
});
type Sealed = z.output<typeof Sealed>;

// https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
const AssumeRoleInput = z.object({
  RoleArn: z
    .string()
    .min(20)
    .max(2048)
    .regex(/^arn:aws:iam::\d{12}:role\/[\w+=,.@/-]+$/),
  RoleSessionName: z
    .string()
    .min(2)
    .max(64)
    .regex(/^[\w+=,.@-]*$/),
  Policy: z.string().min(1).max(2048).optional(),
  DurationSeconds: z.string().regex(/^\d+$/).transform(Number).pipe(z.int().min(900).max(43_200)).optional(),
});

/** A role's own maximum, unless somebody raises it. */
const maxSessionSeconds = 3600;

/** AWS STS: credentials that expire and that a policy narrows, sealed into their own session token. */
export function openSts(options: StsOptions): AwsService & { findSession(token: string): Session | undefined } {
  const { dataFolder, accountId, now = Date.now } = options;
  const { sealingKey } = loadOrCreate(
    join(dataFolder, 'keys', 'sts.json'),
    (value) => z.strictObject({ sealingKey: z.base64() }).parse(value),
    () => ({ sealingKey: randomBytes(32).toString('base64') }),
  );
  const seal = sealer(Buffer.from(sealingKey, 'base64'));

  function assumeRole(input: z.output<typeof AssumeRoleInput>, caller: { arn: string }): object {
    const { RoleArn, RoleSessionName, Policy, DurationSeconds = maxSessionSeconds } = input;
    const [, account, role = ''] = /^arn:aws:iam::(\d{12}):role\/(.*)$/.exec(RoleArn) ?? [];
    if (account !== accountId) throw accessDenied(caller.arn, 'sts:AssumeRole', RoleArn, 'identity-based policy');
    if (DurationSeconds > maxSessionSeconds) {
      const why = 'The requested DurationSeconds exceeds the MaxSessionDuration set for this role.';
      throw awsFault('ValidationError', why);
    }
    if (Policy !== undefined) parsePolicy(Policy);

    const expiresAt = Math.floor(now() / 1000 + DurationSeconds) * 1000;
    // A role's id is the same each time.
    const roleId = `AROA${createHash('sha256').update(RoleArn).digest('hex').slice(0, 17).toUpperCase()}`;
    const session: Sealed = {
      accessKeyId: accessKeyId('ASIA'),
      secretAccessKey: randomBytes(30).toString('base64'),
      expiresAt,
      arn: `arn:aws:sts::${accountId}:assumed-role/${role.split('/').at(-1)}/${RoleSessionName}`,
      userId: `${roleId}:${RoleSessionName}`,
      ...(Policy === undefined ? {} : { policy: Policy }),
    };
    return {
      Credentials: {
        AccessKeyId: session.accessKeyId,
        SecretAccessKey: session.secretAccessKey,
        SessionToken: seal.close(JSON.stringify(session)),
        Expiration: new Date(expiresAt).toISOString().replace('.000Z', 'Z'),
      },
      AssumedRoleUser: { AssumedRoleId: session.userId, Arn: session.arn },
      ...(Policy === undefined ? {} : { PackedPolicySize: Math.ceil((Policy.length / 2048) * 100) }),
    };
  }

  return {
    name: 'sts',
    api: { version: '2011-06-15', namespace: 'https://sts.amazonaws.com/doc/2011-06-15/' },
    invalidInput: 'ValidationError',
    operations: {
      AssumeRole: operation(AssumeRoleInput, (input) => input.RoleArn, assumeRole),
      GetCallerIdentity: operation(
        z.object({}),
        () => '*',
        (_, { arn, userId }) => ({ UserId: userId, Account: accountId, Arn: arn }),
      ),
    },

    findSession(token) {
      const text = seal.open(token);
      if (text === undefined) return undefined;
      const { arn, userId, policy, ...credentials } = Sealed.parse(JSON.parse(text));
      const session = { policy: policy === undefined ? undefined : parsePolicy(policy) };
      return { ...credentials, caller: { arn, userId, session } };
    },
  };
}

function sealer(key: Buffer): { close(text: string): string; open(token: string): string | undefined } {
  return {
    close(text) {
      const iv = randomBytes(12);
      const cipher = createCipheriv('aes-256-gcm', key, iv);
      const sealed = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
      return Buffer.concat([iv, sealed, cipher.getAuthTag()]).toString('base64');
    },
    open(token) {
      const bytes = Buffer.from(token, 'base64');
      if (bytes.length < 12 + 16) return undefined;
      const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, 12), { authTagLength: 16 });
      decipher.setAuthTag(bytes.subarray(-16));
      try {
        return Buffer.concat([decipher.update(bytes.subarray(12, -16)), decipher.final()]).toString('utf8');
      } catch {
        return undefined; // Not sealed with this key, or changed since.
      }
    },
  };
}
