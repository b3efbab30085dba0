// Words that whoever guesses a password here tries after the commonest ones; SECURITY.md lists them.
const ofProduct = ['runner', 'pilot', 'github', 'actions'];
const shortestWord = 3;
const leastBesides = 5;

const wordsOf = (text: string): readonly string[] => text.toLowerCase().split(/[^\p{L}\p{N}]+/u);

/** Whether a password is made of words of the product, of somebody's name and e-mail, and of little else. */
export function isObvious(password: string, person: { readonly full_name: string; readonly email: string }): boolean {
  const words = [...ofProduct, ...wordsOf(person.full_name), ...wordsOf(person.email)]
    .filter((word) => word.length >= shortestWord)
    .toSorted((a, b) => b.length - a.length);
  const whole = wordsOf(password).join('');
  const besides = words.reduce((rest, word) => rest.replaceAll(word, ''), whole);
  return besides.length < leastBesides && besides !== whole;
}
