import { contract } from '#contract/operations.ts';
import { showUser } from '#contract/view/user.ts';
import { isObvious } from '#domain/password.ts';
import { problem } from '#domain/problem.ts';
import { serve } from '#lambda/serve.ts';
import { commonPasswords } from '#runtime/services/common-passwords.ts';
import { passwords } from '#runtime/services/passwords.ts';
import { table } from '#runtime/services/table.ts';

export const handler = serve(
  contract.auth.register,
  { table, passwords, commonPasswords },
  async ({ body: { full_name, email, password } }, { table, passwords, commonPasswords }) => {
    if (commonPasswords.has(password)) {
      const errors = [{ path: 'body.password', message: 'must not be one of the commonest passwords' }];
      throw problem('request.invalid', 'Everybody tries this password first. Choose another one.', { errors });
    }
    if (isObvious(password)) {
      const errors = [{ path: 'body.password', message: 'must not be made of the names of this product' }];
      throw problem('request.invalid', 'Whoever knows this product tries this password. Choose another one.', {
        errors,
      });
    }
    // Before the e-mail is looked at, so that a taken one takes as long as a free one.
    const password_hash = await passwords.hash(password);
    return showUser(
      await table.users.register({ full_name, email: email.address, canonical: email.canonical, password_hash }),
    );
  },
);
