import * as z from 'zod';
import { openSigner } from '#cloud/signer.ts';
import { service } from '../service.ts';
import { type Session, tokenTtlSeconds, unsignedToken } from '../token.ts';
import { kms } from './kms.ts';
import { tokenConfig } from './tokens.ts';

/** Makes access tokens. Only login is handed it. */
export interface Signer {
  /** A token for a session that begins now, and for how long it is good. */
  sign(session: Session): Promise<{ readonly token: string; readonly ttlSeconds: number }>;
}

/** Signs access tokens by the key in KMS whose public half is the first of `RUNNER_PILOT_JWKS`. */
export const signer = service({
  id: 'signer',
  config: tokenConfig.extend({ RUNNER_PILOT_SIGNING_KEY: z.string().min(1) }),
  uses: [kms],
  grants: [{ on: 'signing-key', actions: ['kms:Sign'] }],
  open: (config, { use, clock }): Signer => {
    const { sign } = openSigner(use(kms), config.RUNNER_PILOT_SIGNING_KEY);
    const kid = config.RUNNER_PILOT_JWKS.keys[0]?.kid ?? '';
    return {
      async sign(session) {
        const unsigned = unsignedToken(session, kid, config.RUNNER_PILOT_DEPLOYMENT, clock.now());
        const signature = await sign(unsigned);
        return { token: `${unsigned}.${signature.toString('base64url')}`, ttlSeconds: tokenTtlSeconds };
      },
    };
  },
});
