import { awsFault } from '../aws/fault.ts';

// https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html, for unstructured events:
// every term must occur, unless it is optional (?term: one of those must) or excluded (-term); "…" holds a phrase.

/** Reads a filter pattern into a test of messages. */
export function parsePattern(pattern: string): (message: string) => boolean {
  const text = pattern.trim();
  if (/^[{[%]/.test(text)) {
    throw awsFault(
      'InvalidParameterException',
      'JSON, delimited and regular expression patterns: not reproduced by the local cloud',
    );
  }
  const terms = text.match(/[?-]?(?:"(?:[^"\\]|\\.)*"|[^\s"]+)/g) ?? [];
  const parsed = terms.map((term) => {
    const mark = /^[?-]/.exec(term)?.[0];
    const bare = mark ? term.slice(1) : term;
    if (bare.startsWith('"')) return { mark, words: bare.slice(1, -1).replace(/\\(.)/g, '$1') };
    const odd = /[^\w?*.]/.exec(bare);
    if (!odd) return { mark, words: bare };
    throw awsFault('InvalidParameterException', `Invalid character(s) in term '${bare}'`);
  });
  const named = (mark: string | undefined) => parsed.filter((term) => term.mark === mark).map(({ words }) => words);
  const [required, optional, excluded] = [named(undefined), named('?'), named('-')];
  return (message) =>
    required.every((words) => message.includes(words)) &&
    (optional.length === 0 || required.length > 0 || optional.some((words) => message.includes(words))) &&
    !excluded.some((words) => message.includes(words));
}
