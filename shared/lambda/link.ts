import type { AnswerOptions } from './answer.ts';

/** `Link` to the neighbouring pages (RFC 8288): the request's own address with another cursor. */
export function linkOf(url: string, rawQuery: string, { next, previous }: AnswerOptions): string | undefined {
  const to = (cursor: string, rel: string) => {
    const query = new URLSearchParams(rawQuery);
    query.set('cursor', cursor);
    return `<${url}?${query}>; rel="${rel}"`;
  };
  const links = [previous && to(previous, 'prev'), next && to(next, 'next')].filter(Boolean);
  return links.length === 0 ? undefined : links.join(', ');
}
