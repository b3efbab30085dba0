import * as z from 'zod';
import { service } from '../service.ts';
import { Jwks, tokenVerifier } from '../token.ts';

/** `RUNNER_PILOT_JWKS`: a JWK set; `RUNNER_PILOT_DEPLOYMENT`: the random id of this installation. */
export const tokenConfig = z.object({
  RUNNER_PILOT_JWKS: z
    .string()
    .transform((text): unknown => JSON.parse(text))
    .pipe(Jwks),
  RUNNER_PILOT_DEPLOYMENT: z.string().min(1),
});

/** Checks access tokens of users. */
export const tokens = service({
  id: 'tokens',
  config: tokenConfig,
  open: (config, { clock }) => {
    const { verify } = tokenVerifier(config.RUNNER_PILOT_JWKS, config.RUNNER_PILOT_DEPLOYMENT);
    return { verify: (token: string) => verify(token, clock.now()) };
  },
});
