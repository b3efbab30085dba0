import * as z from 'zod';

const longest = 254; // RFC 5321, 4.5.3.1.3, without the angle brackets.
// RFC 5322, 3.2.3: a dot-atom; quoted local parts are not taken. Internationalized ones (RFC 6531) neither: two that
// look alike would be two people.
const localPart = /^[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*$/;
// What URL would take for something else than a host name never reaches it.
const domainForm = /^[A-Za-z0-9.\u0080-\u{10ffff}-]+$/u;
const asciiDomain = /^(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+(?!\d+$)[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;

/** A domain in ASCII and lower case (IDNA by UTS 46, as URL does it), if it is one. */
function asciiOf(domain: string): string | undefined {
  if (!domainForm.test(domain) || !URL.canParse(`https://${domain}`)) return undefined;
  const ascii = new URL(`https://${domain}`).hostname;
  return ascii.length <= 253 && asciiDomain.test(ascii) ? ascii : undefined;
}

/** The form of an e-mail address in which it is unique; undefined if it is not an address. */
export function canonicalEmail(email: string): string | undefined {
  const at = email.lastIndexOf('@');
  if (email.length > longest || at < 1) return undefined;
  const local = email.slice(0, at);
  const domain = asciiOf(email.slice(at + 1));
  if (local.length > 64 || !localPart.test(local) || domain === undefined) return undefined;
  const canonical = `${local.toLowerCase()}@${domain}`;
  return canonical.length <= longest ? canonical : undefined;
}

/** An e-mail address as it was given, with the form in which it is unique. */
export const EmailAddress = z
  .string()
  .max(longest, { error: `must have at most ${longest} characters`, abort: true })
  .transform((address, context) => {
    const canonical = canonicalEmail(address);
    if (canonical !== undefined) return { address, canonical };
    context.addIssue({
      code: 'custom',
      message: 'must be an e-mail address, such as "john@example.com"',
      input: address,
    });
    return z.NEVER;
  });
