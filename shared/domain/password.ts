/** Words of the product: whoever guesses a password here tries them after the commonest ones. */
export const productWords = ['runner', 'pilot', 'github', 'actions'];
const shortestWord = 3;
const leastBesides = 5;

const wordsOf = (text: string): readonly string[] => text.toLowerCase().split(/[^\p{L}\p{N}]+/u);

/** Whether a password is made of words of the product, of somebody's name and e-mail, and of little else. */
export function isObvious(password: string, person: { readonly full_name: string; readonly email: string }): boolean {
  const words = [...productWords, ...wordsOf(person.full_name), ...wordsOf(person.email)]
    .filter((word) => word.length >= shortestWord)
    .toSorted((a, b) => b.length - a.length);
  const whole = wordsOf(password).join('');
  const besides = words.reduce((rest, word) => rest.replaceAll(word, ''), whole);
  return besides.length < leastBesides && besides !== whole;
}
