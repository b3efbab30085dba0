// Stands in for a JSON that knows big integers: no number of GitHub's that is read here comes near 2^53.

/** As JavaScript reads it. */
export const JSONParse = JSON.parse;
/** As JavaScript writes it. */
export const JSONStringify = JSON.stringify;
