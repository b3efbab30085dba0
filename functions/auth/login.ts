import { contract } from '#contract/operations.ts';
import { canonicalEmail } from '#domain/email.ts';
import { problem } from '#domain/problem.ts';
import { serve } from '#lambda/serve.ts';
import { passwords } from '#runtime/services/passwords.ts';
import { signer } from '#runtime/services/signer.ts';
import { tableReader } from '#runtime/services/table-reader.ts';
import { throttles } from '#runtime/services/throttles.ts';

export const handler = serve(
  contract.auth.login,
  { tableReader, passwords, signer, throttles },
  async ({ body, network }, { tableReader, passwords, signer, throttles }) => {
    // What is no address is nobody's, and takes the same path.
    const email = canonicalEmail(body.email) ?? body.email;
    await throttles.guess(email, network);
    // Only of guesses that are let through: whoever floods from one network locks nobody out who is elsewhere.
    const [login] = await Promise.all([tableReader.users.findLogin(email), throttles.require('login_person', email)]);
    const fits = await passwords.check(body.password, login?.password_hash);
    if (!fits || !login) throw problem('login.refused', 'E-mail or password is wrong.');
    const [{ token, ttlSeconds }] = await Promise.all([
      signer.sign({ user: login.uid, tokenVersion: login.token_version }),
      throttles.forgive(email, network),
    ]);
    return { access_token: token, token_type: 'Bearer' as const, expires_in: ttlSeconds };
  },
);
