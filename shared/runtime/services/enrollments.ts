import { createHash } from 'node:crypto';
import * as z from 'zod';
import type { Node } from '#domain/node.ts';
import { problem } from '#domain/problem.ts';
import { service } from '../service.ts';

const goodForMs = 3_600_000;
const secretBytes = 32;

/** An enrollment code, the hash under which it is kept, and until when it is good (epoch milliseconds). */
export interface EnrollmentCode {
  readonly code: string;
  readonly code_hash: string;
  readonly expires_at: number;
}

/** A node's token, `<node uid>.<secret>`, and the hash under which its secret is kept. */
export interface NodeToken {
  readonly secret: string;
  readonly token_hash: string;
}

const hashOf = (secret: string): string => createHash('sha256').update(secret).digest('hex');

/** What attaches machines: codes that are good once, and the tokens that they turn into. */
export const enrollments = service({
  id: 'enrollments',
  config: z.object({
    RUNNER_PILOT_SOCKET_NODES: z.enum(['0', '1']).default('0'),
    RUNNER_PILOT_DEPLOYMENT: z.string().min(1),
    /** 1: nodes elsewhere may call us by plain http, which whoever listens in between can read and change. */
    RUNNER_PILOT_ALLOW_HTTP: z.enum(['0', '1']).default('0'),
    RUNNER_PILOT_POLL_SECONDS: z.coerce.number().int().min(1).default(15),
  }),
  open: (config, { ids, clock }) => ({
    deployment: config.RUNNER_PILOT_DEPLOYMENT,
    goodForMs,
    /** Whether the printed line lets a machine elsewhere come by plain http. */
    allowHttp: config.RUNNER_PILOT_ALLOW_HTTP === '1',
    /** What its first sync, which comes at once, is judged by. */
    firstPollSeconds: config.RUNNER_PILOT_POLL_SECONDS,
    /** Refuses nodes of a type that this installation has none of. */
    assertAvailable(type: Node['type']): void {
      if (type === 'Remote' || config.RUNNER_PILOT_SOCKET_NODES === '1') return;
      const detail =
        'A "Socket" node is the machine that the control plane itself runs on, and here there is none. Use "Remote".';
      throw problem('node.type-unavailable', detail);
    },
    begin(): EnrollmentCode {
      const code = `rpe_${ids.token(secretBytes)}`;
      return { code, code_hash: hashOf(code), expires_at: clock.now() + goodForMs };
    },
    /** The hash under which a code is kept. */
    hashOf,
    token(): NodeToken {
      const secret = ids.token(secretBytes);
      return { secret, token_hash: hashOf(secret) };
    },
  }),
});
