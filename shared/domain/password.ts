/** Words of the product: whoever guesses a password here tries them after the commonest ones. */
export const productWords = ['runner', 'pilot', 'github', 'actions'];
const leastBesides = 5;

/** Whether a password is made of words of the product, and of little else. */
export function isObvious(password: string): boolean {
  const whole = password.toLowerCase().replace(/[^\p{L}\p{N}]+/gu, '');
  const besides = productWords.reduce((rest, word) => rest.replaceAll(word, ''), whole);
  return besides.length < leastBesides && besides !== whole;
}
